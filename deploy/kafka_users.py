"""The users of the Kafka of this machine: one for each service, and one, the launcher's alone, that makes topics and rights."""

import hashlib
import secrets
from pathlib import Path

from deploy.secret import password, write_private
from deploy.topology import SERVICES
from shared.stream.access import MECHANISM, Access

ADMIN = "admin"
CONTROLLER = "controller"
_LOGIN = "org.apache.kafka.common.security"


def access_of(data: Path, user: str) -> Access:
    """How `user` signs in; the password is made at the first call (0600, `secrets/kafka-<user>`)."""
    return Access(user, password(data / "secrets" / f"kafka-{user}"))


def users(data: Path) -> tuple[Access, ...]:
    """All users of the broker of a data directory."""
    return tuple(access_of(data, user) for user in (ADMIN, *SERVICES))


def fingerprint(known: tuple[Access, ...]) -> str:
    """Changes when a user or a password does."""
    return hashlib.sha256(repr([(one.user, one.password) for one in known]).encode()).hexdigest()


def write_arguments(path: Path, known: tuple[Access, ...]) -> None:
    """Write the arguments of `kafka-storage format` that make the users: a command line could be read by anybody."""
    write_private(path, "".join(f"--add-scram\n{MECHANISM}=[name={one.user},password={one.password}]\n" for one in known))


def settings(admin: Access) -> dict[str, str]:
    """What the broker is told: its clients by SCRAM, its controller by PLAIN, which is all that works before there are users."""
    own = secrets.token_urlsafe(24)
    plain = f'{_LOGIN}.plain.PlainLoginModule required username="{CONTROLLER}" password="{own}" user_{CONTROLLER}="{own}";'
    return {
        "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        "listener.name.clients.sasl.enabled.mechanisms": MECHANISM,
        "sasl.mechanism.inter.broker.protocol": MECHANISM,
        "listener.name.clients.scram-sha-512.sasl.jaas.config": (
            f'{_LOGIN}.scram.ScramLoginModule required username="{admin.user}" password="{admin.password}";'
        ),
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": plain,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMIN};User:{CONTROLLER}",
    }
