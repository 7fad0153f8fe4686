"""Tokens: signed JWTs (RFC 7519, verified as RFC 8725 asks: own algorithms per issuer, own audience, key by its id)."""

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

from shared.contracts.values import ID_PATTERN
from shared.identity.keys import Keys, KeysUnavailable
from shared.identity.principal import ROLES, SERVICE, Principal, Unauthenticated, is_service

AUDIENCE = "minutebook"
LEEWAY = 30
"""Seconds by which the clocks of two machines may differ."""
LOCAL = "minutebook-local"
"""The `iss` of tokens that this instance signs itself."""
SIGN_IN = "sign in again: ./minutebook signin-link prints a link"
_CACHED = 4096
_LONGEST = 16_384


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """Who may sign tokens: the `iss`, the algorithms that it uses, its keys. Only the local issuer may speak for services."""

    iss: str
    algorithms: tuple[str, ...]
    keys: Keys


def external(iss: str, keys: Keys) -> TrustedIssuer:
    """An OpenID Connect provider. Its tokens carry `roles`: a list of texts such as chair@hub; others in the list are passed over."""
    return TrustedIssuer(iss, ("RS256", "ES256"), keys)


class Verifier:
    """Verifies tokens of the issuers it trusts; a verified token is remembered until it ends (4,096 at most).

    `ended` says whether a session of the local issuer was signed out. `met` is told the name of everyone whom another issuer vouches for.
    """

    def __init__(
        self,
        issuers: tuple[TrustedIssuer, ...],
        ended: Callable[[str], bool] = lambda session: False,
        met: Callable[[str, str], None] = lambda person, name: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._issuers = {issuer.iss: issuer for issuer in issuers}
        self._ended, self._met, self._clock = ended, met, clock
        self._verified: OrderedDict[bytes, Principal] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """The principal that `token` stands for; raises Unauthenticated."""
        digest = sha256(token.encode("utf-8", "replace")).digest()
        principal = self._verified.get(digest)
        if principal is None:
            principal = await self._verify(token)
            self._verified[digest] = principal
            if len(self._verified) > _CACHED:
                self._verified.popitem(last=False)
        elif self._clock().timestamp() >= principal.expires.timestamp() + LEEWAY:
            del self._verified[digest]
            raise _refused("expired", "the token has expired")
        if self._ended(principal.session):
            raise _refused("signed-out", "this session was signed out")
        return principal

    async def _verify(self, token: str) -> Principal:
        header, claims = _unverified(token)
        issuer = self._issuers.get(str(claims.get("iss")))
        if issuer is None:
            raise _refused("issuer", "the token is from an issuer that is not trusted here")
        if header.get("alg") not in issuer.algorithms:
            raise _refused("algorithm", f"the token is not signed with {' or '.join(issuer.algorithms)}")
        try:
            key = await issuer.keys.find(str(header.get("kid")))
        except KeysUnavailable as error:
            raise Unauthenticated("issuer-unreachable", str(error), "try again when the identity provider answers") from None
        if key is None:
            raise _refused("key", "the token names a key that its issuer does not have")
        try:
            jws.deserialize_compact(token.encode(), key, algorithms=list(issuer.algorithms))
        except (JoseError, ValueError, TypeError):
            raise _refused("signature", "the token's signature does not hold") from None
        principal = self._principal(issuer, claims)
        if issuer.iss != LOCAL and principal.name:
            self._met(principal.person, principal.name)
        return principal

    def _principal(self, issuer: TrustedIssuer, claims: Mapping[str, Any]) -> Principal:
        now = self._clock().timestamp()
        audience = claims.get("aud")
        if AUDIENCE not in (audience if isinstance(audience, list) else [audience]):
            raise _refused("audience", f"the token is not meant for {AUDIENCE}")
        if not _is_time(claims.get("exp")) or now >= claims["exp"] + LEEWAY:
            raise _refused("expired", "the token has expired, or does not say when it does")
        if "nbf" in claims and not (_is_time(claims["nbf"]) and now >= claims["nbf"] - LEEWAY):
            raise _refused("not-yet", "the token is not valid yet")
        local = issuer.iss == LOCAL
        person = _subject(issuer.iss, claims.get("sub"), local)
        roles = ((SERVICE, "*"),) if is_service(person) else tuple(sorted(set(_roles(claims.get("roles")))))
        name, session = claims.get("name"), claims.get("jti") or claims.get("sid")
        return Principal(
            person=person,
            roles=roles,
            authn=str(claims.get("authn")) if local else "oidc",
            session=session if isinstance(session, str) else "",
            expires=datetime.fromtimestamp(claims["exp"], UTC),
            name=name[:300] if isinstance(name, str) and name.strip() else None,
        )


def _unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a token claims to be; only to choose the issuer and the key that it is verified with."""
    try:
        if len(token) > _LONGEST:
            raise ValueError
        header, payload, _ = (urlsafe_b64decode(part.encode()) for part in token.split("."))
        document, claims = json.loads(header), json.loads(payload)
        if not isinstance(document, dict) or not isinstance(claims, dict):
            raise TypeError
    except (ValueError, TypeError, RecursionError):
        raise _refused("malformed", "what was sent is not a token") from None
    return document, claims


def _subject(iss: str, subject: Any, local: bool) -> str:
    if not isinstance(subject, str) or not subject or (is_service(subject) and not local):
        raise _refused("subject", "the token does not name a person")
    if re.fullmatch(ID_PATTERN, subject):
        return subject
    # Providers use characters that our ids do not have; the same subject always becomes the same id.
    return f"x-{sha256(f'{iss} {subject}'.encode()).hexdigest()[:32]}"


def _roles(claim: Any) -> list[tuple[str, str]]:
    pairs = [entry.split("@", 1) for entry in claim if isinstance(entry, str)] if isinstance(claim, list) else []
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2 and pair[0] in ROLES and re.fullmatch(ID_PATTERN, pair[1])]


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**40


def _refused(rule: str, because: str) -> Unauthenticated:
    return Unauthenticated(rule, because, SIGN_IN)
