"""The envelope: its attributes are those of the table, and nothing else gets in."""

import dataclasses
from uuid import UUID

import orjson
import pytest

from shared.contracts.envelope import NAMES, Envelope
from shared.contracts.ids import uuid7
from shared.contracts.intake.proposal import ProposalWithdrawn
from shared.contracts.personal import Personal, digest_of, opened


def envelope(**changes: object) -> Envelope:
    data, _ = ProposalWithdrawn(explanation="no longer needed").written()
    now = "2026-03-31T09:00:00.000Z"
    whole = Envelope(
        id=str(uuid7()), source="/offices/hub/intake", type="minutebook.intake.ProposalWithdrawn.v1", subject="proposal/P-1", time=now,
        recordedtime=now, streamversion="3", actor="p-1", role="proposer", office="hub", authn="token", correlationid="c", causationid="c",
        commandid="c", traceparent="00-1-2-01", classification="internal", data=data, initiative="P-1",
    )  # fmt: skip
    return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]


def test_the_attributes_are_exactly_those_of_the_table() -> None:
    table = (
        "specversion id source type subject time recordedtime streamversion initiative actor role office onbehalfof authn authority reason"
        " correlationid causationid commandid traceparent frameworkversion accesspolicy classification given data"
    )
    assert set(NAMES) == set(table.split())


def test_what_was_encoded_is_decoded() -> None:
    one = envelope(given=[{"log": "gates", "position": 7}])
    assert Envelope.decode(one.encode()) == one
    assert Envelope.trusted(one.encode()) == one


def test_absent_attributes_are_absent_from_the_bytes() -> None:
    assert {"authority", "reason", "onbehalfof", "given"}.isdisjoint(orjson.loads(envelope().encode()))


@pytest.mark.parametrize(
    ("change", "says"),
    [({"position": 3}, "unknown attribute position"), ({"actor": None}, "lacks actor"), ({"given": {}}, "given"), ({"role": 1}, "role")],
)
def test_an_envelope_that_is_not_of_the_table_is_refused(change: dict[str, object], says: str) -> None:
    document = {key: value for key, value in (orjson.loads(envelope().encode()) | change).items() if value is not None}
    with pytest.raises(ValueError, match=says):
        Envelope.decode(orjson.dumps(document, option=orjson.OPT_SORT_KEYS))


def test_ids_are_uuid_7_and_sort_by_time() -> None:
    first, later = uuid7(), UUID(int=uuid7().int + (1 << 80))
    assert first.version == 7
    assert first.variant == "specified in RFC 4122"
    assert str(first) < str(later)


class TestPersonal:
    """Free text: the record holds a digest, the words stay beside it."""

    def test_the_words_are_not_in_the_bytes(self) -> None:
        data, disclosures = ProposalWithdrawn(explanation="because of Ann").written()
        assert b"Ann" not in orjson.dumps(data)
        assert [opened(value.disclosure or "") for value in disclosures] == ["because of Ann"]
        assert digest_of(disclosures[0].disclosure or "") == data["explanation"]["_sd"]

    def test_the_same_words_never_have_the_same_digest(self) -> None:
        assert Personal.seal("yes").digest != Personal.seal("yes").digest

    def test_a_client_cannot_send_a_digest_for_words(self) -> None:
        with pytest.raises(ValueError, match="valid string"):
            ProposalWithdrawn.model_validate({"explanation": {"_sd": "x" * 43}})

    def test_the_digest_of_rfc_9901_is_reproduced(self) -> None:
        disclosure = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
        assert opened(disclosure) == "Möbius"
        assert digest_of(disclosure) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
