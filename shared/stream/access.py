"""How a client signs in at Kafka."""

from dataclasses import dataclass, field
from typing import Any

MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True)
class Access:
    """A user of a cluster, signed in by SCRAM-SHA-512 (RFC 5802): the password itself is never sent."""

    user: str
    password: str = field(repr=False)

    def options(self) -> dict[str, Any]:
        """As aiokafka and kafka-python take it."""
        return {
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": MECHANISM,
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password,
        }
