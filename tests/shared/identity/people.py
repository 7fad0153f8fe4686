"""People, keys and a rule book to test with."""

import base64
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from shared.contracts.event import Event
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given
from shared.domain.state import Command, State
from shared.identity.policy import declare
from shared.identity.principal import Principal

PROVIDER = "https://login.example.org"
NOON = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that tests set."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Provider:
    """An OpenID Connect provider's keys, and the tokens that it signs."""

    rsa: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    ec: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", auto_kid=True))

    def public(self) -> KeySet:
        return KeySet([RSAKey.import_key(self.rsa.as_dict(private=False)), ECKey.import_key(self.ec.as_dict(private=False))])

    def jwks(self) -> bytes:
        return orjson.dumps({"keys": [key.as_dict(private=False) for key in self.public().keys]})

    def token(self, algorithm: str = "RS256", header: dict[str, Any] | None = None, **claims: Any) -> str:
        key = self.rsa if algorithm.startswith("RS") else self.ec
        said = {**self.claims(), **claims}
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode({"alg": algorithm, "kid": key.kid, **(header or {})}, said, key, algorithms=[algorithm])

    def claims(self) -> dict[str, Any]:
        now = int(NOON.timestamp())
        return {
            "iss": PROVIDER,
            "aud": "minutebook",
            "sub": "ada",
            "name": "Ada L.",
            "exp": now + 600,
            "jti": "s-1",
            "roles": ["chair@edu"],
        }


def forged(header: dict[str, Any], claims: dict[str, Any], secret: bytes | None = None) -> str:
    """A token made by hand: without a signature, or with an HMAC of `secret`."""
    parts = [base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=") for part in (header, claims)]
    signature = hmac.digest(secret, b".".join(parts), sha256) if secret is not None else b""
    return b".".join((*parts, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()


def holding(*roles: str, person: str = "ada") -> Principal:
    """A principal with roles such as chair@hub."""
    pairs = tuple((role, office) for role, _, office in (held.partition("@") for held in roles))
    return Principal(person, pairs, "token", "s-1", NOON + timedelta(hours=1))


class DossierOpened(Event, service="dossiers"):
    pass


class DossierStatus(StrEnum):
    OPEN = "open"


class Dossier(State):
    status: DossierStatus | None = None


class OpenDossier(Command, role=("proposer", "portfolio-office"), starts=True):
    pass


class DecideDossier(Command, role="chair", signs="I decide this dossier"):
    pass


class PostDossier(Command, role="service"):
    pass


@decides
def open_dossier(dossier: Dossier, command: OpenDossier, given: Given) -> Events:
    yield DossierOpened()


@decides
def decide_dossier(dossier: Dossier, command: DecideDossier, given: Given) -> Events:
    yield DossierOpened()


@decides
def post_dossier(dossier: Dossier, command: PostDossier, given: Given) -> Events:
    yield DossierOpened()


@evolves
def dossier_opened(dossier: Dossier, event: DossierOpened) -> Dossier:
    return dossier.replace(status=DossierStatus.OPEN)


declare("dossiers", (Dossier,))
