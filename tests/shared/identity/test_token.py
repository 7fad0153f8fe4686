"""A token is believed only from an issuer we trust, for us, in its time, signed with a key and an algorithm of that issuer."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identity.keys import KnownKeys
from shared.identity.principal import Unauthenticated
from shared.identity.token import Verifier, external
from tests.shared.identity.people import NOON, PROVIDER, Clock, Provider, forged

THEM = Provider()


def verifier(clock: Callable[[], Any] | None = None) -> Verifier:
    return Verifier((external(PROVIDER, KnownKeys(THEM.public())),), clock=clock or Clock())


async def refusal(token: str, by: Verifier | None = None) -> str:
    with pytest.raises(Unauthenticated) as refused:
        await (by or verifier()).verify(token)
    assert refused.value.way_out
    return refused.value.rule


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_a_token_of_a_provider_names_a_person_and_the_roles_per_office(algorithm: str) -> None:
    ada = await verifier().verify(THEM.token(algorithm, roles=["chair@edu", "auditor@hub", "offline_access", "king@hub", 7]))
    assert (ada.person, ada.name, ada.authn, ada.session) == ("ada", "Ada L.", "oidc", "s-1")
    assert ada.roles == (("auditor", "hub"), ("chair", "edu"))


async def test_a_token_holds_thirty_seconds_beyond_its_end_and_no_longer() -> None:
    clock = Clock(NOON + timedelta(seconds=629))
    assert await verifier(clock).verify(THEM.token())
    clock.forward(seconds=1)
    assert await refusal(THEM.token(), verifier(clock)) == "expired"


async def test_a_remembered_token_ends_like_any_other() -> None:
    clock = Clock()
    remembering, token = verifier(clock), THEM.token()
    assert await remembering.verify(token) is await remembering.verify(token)
    clock.forward(seconds=631)
    assert await refusal(token, remembering) == "expired"


async def test_a_token_without_an_end_is_refused() -> None:
    assert await refusal(THEM.token(exp=None)) == "expired"


async def test_a_token_is_not_valid_before_its_time() -> None:
    assert await verifier().verify(THEM.token(nbf=int(NOON.timestamp()) + 30))
    assert await refusal(THEM.token(nbf=int(NOON.timestamp()) + 32)) == "not-yet"


@pytest.mark.parametrize("audience", ["another-app", ["another-app"], None, [], "minutebook2", {"minutebook": 1}])
async def test_a_token_for_somebody_else_is_refused(audience: Any) -> None:
    assert await refusal(THEM.token(aud=audience)) == "audience"


async def test_a_token_for_several_of_which_we_are_one_is_good() -> None:
    assert await verifier().verify(THEM.token(aud=["another-app", "minutebook"]))


async def test_a_token_of_an_issuer_that_we_do_not_trust_is_refused() -> None:
    assert await refusal(THEM.token(iss="https://elsewhere.example.org")) == "issuer"


@pytest.mark.parametrize("name", ["none", "None", "NONE", ""])
async def test_a_token_without_a_signature_is_refused(name: str) -> None:
    assert await refusal(forged({"alg": name, "kid": THEM.rsa.kid}, THEM.claims())) == "algorithm"


async def test_the_public_key_is_no_secret_to_sign_with() -> None:
    for secret in (THEM.rsa.as_pem(private=False), orjson.dumps(THEM.rsa.as_dict(private=False)), b""):
        assert await refusal(forged({"alg": "HS256", "kid": THEM.rsa.kid}, THEM.claims(), secret)) == "algorithm"


async def test_an_algorithm_of_another_kind_of_key_is_refused() -> None:
    assert await refusal(forged({"alg": "ES256", "kid": THEM.rsa.kid}, THEM.claims(), b"x")) == "signature"
    assert await refusal(THEM.token("RS512")) == "algorithm"


async def test_an_unknown_key_is_refused_even_if_the_token_brings_its_own() -> None:
    stranger = Provider()
    assert await refusal(stranger.token()) == "key"
    own = {"kid": stranger.rsa.kid, "jwk": stranger.rsa.as_dict(private=False)}
    assert await refusal(stranger.token(header=own)) == "key"
    assert await refusal(stranger.token(header={**own, "kid": THEM.rsa.kid})) == "signature"


async def test_a_changed_claim_breaks_the_signature() -> None:
    head, _, signature = THEM.token().split(".")
    payload = base64.urlsafe_b64encode(orjson.dumps({**THEM.claims(), "roles": ["administrator@hub"]})).rstrip(b"=").decode()
    assert await refusal(f"{head}.{payload}.{signature}") == "signature"


@pytest.mark.parametrize("subject", ["service:gates", "", None, 7])
async def test_a_provider_speaks_for_people_only(subject: Any) -> None:
    if isinstance(subject, int):
        token = forged({"alg": "RS256", "kid": THEM.rsa.kid}, {**THEM.claims(), "sub": subject})
        assert await refusal(token) == "signature"
    else:
        assert await refusal(THEM.token(sub=subject)) == "subject"


async def test_the_service_role_is_not_a_providers_to_give() -> None:
    assert (await verifier().verify(THEM.token(roles=["service@hub", "service@*"]))).roles == ()


async def test_a_subject_that_is_no_id_of_ours_always_becomes_the_same_one() -> None:
    one, same, other = [(await verifier().verify(THEM.token(sub=subject))).person for subject in ("a|1", "a|1", "a|2")]
    assert one == same != other and one.startswith("x-")


async def test_a_signed_out_session_is_refused_even_if_it_was_remembered() -> None:
    ended: set[str] = set()
    remembering = Verifier((external(PROVIDER, KnownKeys(THEM.public())),), ended=ended.__contains__, clock=Clock())
    await remembering.verify(THEM.token())
    ended.add("s-1")
    assert await refusal(THEM.token(), remembering) == "signed-out"


async def test_the_names_of_people_of_a_provider_are_kept() -> None:
    met: dict[str, str] = {}
    await Verifier((external(PROVIDER, KnownKeys(THEM.public())),), met=met.__setitem__, clock=Clock()).verify(THEM.token())
    assert met == {"ada": "Ada L."}


@pytest.mark.parametrize("junk", ["", ".", "..", "a.b.c", "é.é.é", "x" * 20_000, "e30.e30.e30.e30", "W10.W10.", "\ud800"])
async def test_what_is_no_token_is_refused(junk: str) -> None:
    assert await refusal(junk) in ("malformed", "issuer")


@given(st.text(max_size=200))
async def test_no_text_is_a_token(text: str) -> None:
    assert await refusal(text) in ("malformed", "issuer")
