"""The local issuer: who is signed in at an instance that has no identity provider. There are no passwords.

Whoever can read its files on this machine may act as anybody: that is what `authn` "local-cli" and a sign-in link rest on.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import structlog
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from shared.identity.keys import KnownKeys
from shared.identity.principal import HUB, SERVICE, Unauthenticated
from shared.identity.store import Assignment, Delegation, Link, Person, Register, Store, secret, write_secret
from shared.identity.token import AUDIENCE, LEEWAY, LOCAL, SIGN_IN, TrustedIssuer, Verifier

ALGORITHM = "Ed25519"
"""EdDSA over Curve25519, by its fully specified name (RFC 9864)."""
LINK_LIFE = timedelta(minutes=10)
SESSION_LIFE = timedelta(hours=8)
CALL_LIFE = timedelta(minutes=5)
"""How long a token of the command line or of a service holds."""

FIRST_PEOPLE = {
    "p-okafor": ("R. Okafor", ("portfolio-office", "administrator", "proposer", "feed-owner")),
    "p-lindqvist": ("A. Lindqvist", ("chair", "board-member")),
    "p-tanaka": ("M. Tanaka", ("finance", "board-member")),
    "p-nowak": ("P. Nowak", ("board-member",)),
    "p-mensah": ("J. Mensah", ("board-member",)),
    "p-osei": ("H. Osei", ("board-member",)),
    "p-roy": ("S. Roy", ("sponsor",)),
    "p-haddad": ("L. Haddad", ("proposer",)),
    "p-ferreira": ("D. Ferreira", ("auditor",)),
}
"""Who is there at the first start, all at the hub."""

_log = structlog.get_logger("identity")


class UnknownPerson(LookupError):
    """The local issuer does not know this person."""

    def __init__(self, person: str, known: tuple[str, ...]) -> None:
        super().__init__(f"nobody here has the id {person!r}; known are {', '.join(known)}")


class PersonExists(ValueError):
    """Somebody has this id already."""


class LocalIssuer:
    """Signs tokens with the key pair of this data directory; makes the key and the first people when there are none."""

    def __init__(self, data: Path | str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.store, self._clock = Store(data), clock
        file = self.store.directory / "key.json"
        with self.store.locked():
            if not file.exists():
                fresh = OKPKey.generate_key("Ed25519", auto_kid=True)
                write_secret(file, orjson.dumps(fresh.as_dict(private=True)))
            if not self.store.file.exists():
                write_secret(self.store.file, Register(people=_first_people()).model_dump_json(indent=1).encode())
        self._key = OKPKey.import_key(orjson.loads(secret(file)))

    def jwks(self) -> dict[str, Any]:
        """The public key as a JWK Set (RFC 7517)."""
        return {"keys": [{**self._key.as_dict(private=False), "use": "sig", "alg": ALGORITHM}]}

    def trusted(self) -> TrustedIssuer:
        """This issuer as a verifier trusts it."""
        public = KeySet([OKPKey.import_key(self._key.as_dict(private=False))])
        return TrustedIssuer(LOCAL, (ALGORITHM,), KnownKeys(public))

    def verifier(self, *others: TrustedIssuer) -> Verifier:
        """A verifier of the tokens of this issuer, and of `others`."""
        return Verifier((self.trusted(), *others), lambda session: session in self.store.register().ended, self.meet, self._clock)

    def mint_link(self, person: str) -> str:
        """The path of a sign-in link for `person`: it works once, within ten minutes. Raises UnknownPerson."""
        code, now = secrets.token_urlsafe(32), self._clock()

        def with_link(register: Register) -> Register:
            self._known(register, person)
            current = register.since(now)
            return current.replace(links={**current.links, _digest(code): Link(person=person, expires=now + LINK_LIFE)})

        self.store.change(with_link)
        return f"/identity/sign-in?code={code}"

    def redeem(self, code: str) -> str:
        """A session token for whoever the link was made for. Raises Unauthenticated when it was used, is too old or was never made."""
        digest, now = _digest(code), self._clock()
        found: list[Link] = []

        def without_link(register: Register) -> Register:
            if link := register.links.get(digest):
                found.append(link)
            current = register.since(now)
            return current.replace(links={other: link for other, link in current.links.items() if other != digest})

        if digest in self.store.register().links:
            self.store.change(without_link)
        if not found or found[0].expires <= now:
            raise Unauthenticated("sign-in-link", "this sign-in link was used already or is older than ten minutes", SIGN_IN)
        _log.info("signed in", person=found[0].person)
        return self._person_token(found[0].person, "sign-in-link", SESSION_LIFE)

    def end(self, session: str, expires: datetime) -> None:
        """Sign a session out, in every process. Tokens without an id, which only other issuers give, end by themselves."""
        if not session:
            return

        def without_session(register: Register) -> Register:
            current = register.since(self._clock())
            return current.replace(ended={**current.ended, session: expires + timedelta(seconds=LEEWAY)})

        self.store.change(without_session)

    def cli_token(self, person: str) -> str:
        """A token for a command at this machine; raises UnknownPerson."""
        return self._person_token(person, "local-cli", CALL_LIFE)

    def service_token(self, name: str) -> str:
        """A token for calls of the service `name` to others."""
        return self._sign(f"{SERVICE}:{name}", CALL_LIFE, authn=SERVICE)

    def add_person(self, person: str, name: str, roles: tuple[Assignment, ...]) -> None:
        """Add somebody; raises PersonExists."""

        def with_person(register: Register) -> Register:
            if person in register.people:
                raise PersonExists(f"{person} is {register.people[person].name} already; choose another id")
            return register.replace(people={**register.people, person: Person(name=name, roles=roles)})

        self.store.change(with_person)

    def delegate(self, delegation: Delegation) -> None:
        """Let somebody act for another."""
        self.store.change(lambda register: register.replace(delegations=(*register.delegations, delegation)))

    def meet(self, person: str, name: str) -> None:
        """Keep the name of somebody whom another issuer vouches for, so that screens can show it to others."""
        if self.store.register().names.get(person) != name:
            self.store.change(lambda register: register.replace(names={**register.names, person: name}))

    def _known(self, register: Register, person: str) -> Person:
        if person not in register.people:
            raise UnknownPerson(person, tuple(register.people))
        return register.people[person]

    def _person_token(self, person: str, authn: str, life: timedelta) -> str:
        known = self._known(self.store.register(), person)
        roles = [f"{held.role}@{held.office}" for held in known.roles]
        return self._sign(person, life, authn=authn, name=known.name, roles=roles)

    def _sign(self, subject: str, life: timedelta, **claims: Any) -> str:
        now = int(self._clock().timestamp())
        standard = {"iss": LOCAL, "aud": AUDIENCE, "sub": subject, "iat": now, "nbf": now, "jti": str(uuid4())}
        expires = now + int(life.total_seconds())
        return jwt.encode({"alg": ALGORITHM, "kid": self._key.kid}, {**standard, "exp": expires, **claims}, self._key, [ALGORITHM])


def mint_link(data: Path | str, person: str) -> str:
    """The path of a new sign-in link; raises UnknownPerson."""
    return LocalIssuer(data).mint_link(person)


def cli_token(data: Path | str, person: str) -> str:
    """A token for a command at this machine, authn "local-cli"; raises UnknownPerson."""
    return LocalIssuer(data).cli_token(person)


def directory(data: Path | str) -> dict[str, str]:
    """The names of all known people by their ids, those of other issuers too."""
    register = Store(data).register()
    return {**register.names, **{person: known.name for person, known in register.people.items()}}


def _first_people() -> dict[str, Person]:
    return {
        person: Person(name=name, roles=tuple(Assignment(role=role, office=HUB) for role in roles))
        for person, (name, roles) in FIRST_PEOPLE.items()
    }


def _digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()
