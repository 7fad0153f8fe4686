"""Which identity provider a process trusts beside the local issuer."""

from collections.abc import Mapping

from deploy.problems import CannotStart
from shared.identity.keys import FetchedKeys
from shared.identity.token import TrustedIssuer, external

ISSUER, JWKS = "MINUTEBOOK_OIDC_ISSUER", "MINUTEBOOK_OIDC_JWKS"


def named_issuers(environ: Mapping[str, str]) -> tuple[TrustedIssuer, ...]:
    """The provider of MINUTEBOOK_OIDC_ISSUER (the `iss` of its tokens) and MINUTEBOOK_OIDC_JWKS (the address of its keys), if set.

    Raises CannotStart.
    """
    issuer, jwks = environ.get(ISSUER), environ.get(JWKS)
    if not issuer and not jwks:
        return ()
    if not issuer or not jwks:
        raise CannotStart(f"{ISSUER} and {JWKS} go together: set both, or neither.")
    try:
        return (external(issuer, FetchedKeys(jwks)),)
    except ValueError as problem:
        raise CannotStart(f"{JWKS}: {problem}.") from problem
