"""Commands over HTTP: one answer each, and every refusal says the rule, the field and the way out."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx

from shared.web.new import minted
from tests.shared.web.site import MOVE, Council

CLAUSE = {"id": "C-1", "text": "Build it", "due": "2026-05-01"}
AMEND = {"clauses": [CLAUSE], "ground": "value"}


def is_problem(answer: httpx.Response, status: int, rule: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["rule"] == rule and problem["type"] == f"urn:minutebook:problem:{rule}" and problem["status"] == status
    assert problem["title"] and problem["detail"].endswith(".") and problem["instance"].startswith("/council")
    return problem


async def test_a_starting_command_is_created_and_says_where_it_stands(council: Council) -> None:
    identity = minted("I")
    answer = await council.post(f"{identity}/move-motion", MOVE)
    receipt = answer.json()
    assert answer.status_code == 201 and answer.headers["etag"] == '"1"'
    assert receipt["stream"] == f"motion/{identity}" and receipt["version"] == 1 and len(receipt["events"]) == 1
    assert answer.headers["minutebook-position"] == f"council:{receipt['position']}"
    assert answer.headers["location"] == f"/council/motions/{identity}"
    assert "idempotent-replayed" not in answer.headers


async def test_a_later_command_is_answered_with_200_and_the_new_version(council: Council) -> None:
    answer = await council.post(f"{await council.move()}/amend-motion", AMEND)
    assert answer.status_code == 200 and answer.headers["etag"] == '"2"' and "location" not in answer.headers


async def test_the_same_key_gets_the_first_answer_also_after_the_state_has_moved_on(council: Council) -> None:
    identity, key = await council.move(), str(uuid4())
    first = await council.post(f"{identity}/amend-motion", AMEND, idempotency_key=key)
    await council.post(f"{identity}/carry-motion", {"rationale": "Needed."}, by="p-lindqvist")
    again = await council.post(f"{identity}/amend-motion", AMEND, idempotency_key=key)
    assert again.status_code == 200 and again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_short_key_is_one_person_s_own(council: Council) -> None:
    one, other = minted("I"), minted("I")
    mine = await council.post(f"{one}/move-motion", MOVE, idempotency_key="monday-1")
    again = await council.post(f"{one}/move-motion", MOVE, idempotency_key="monday-1")
    theirs = await council.post(f"{other}/move-motion", MOVE, by="p-okafor", idempotency_key="monday-1")
    assert mine.json() == again.json() and theirs.status_code == 201


async def test_the_same_key_with_another_body_is_refused(council: Council) -> None:
    identity, key = minted("I"), str(uuid4())
    await council.post(f"{identity}/move-motion", MOVE, idempotency_key=key)
    answer = await council.post(f"{identity}/move-motion", MOVE | {"title": "A tunnel"}, idempotency_key=key)
    assert "new key" in is_problem(answer, 422, "idempotency-key")["way_out"]


async def test_a_key_that_is_too_short_is_refused(council: Council) -> None:
    is_problem(await council.post(f"{minted('I')}/move-motion", MOVE, idempotency_key="short"), 422, "idempotency-key")


async def test_a_version_that_is_no_longer_current_is_412_with_the_current_one(council: Council) -> None:
    identity = await council.move()
    await council.post(f"{identity}/amend-motion", AMEND, if_match='"1"')
    answer = await council.post(f"{identity}/amend-motion", AMEND, if_match='"1"')
    assert "version 2" in is_problem(answer, 412, "if-match")["detail"]
    assert answer.headers["etag"] == '"2"'


async def test_an_if_match_that_is_no_version_is_422(council: Council) -> None:
    is_problem(await council.post(f"{await council.move()}/amend-motion", AMEND, if_match="7"), 422, "if-match")


async def test_many_at_once_without_a_version_all_stand(council: Council) -> None:
    identity = await council.move()
    answers = await asyncio.gather(*(council.post(f"{identity}/amend-motion", AMEND) for _ in range(5)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    versions = sorted(answer.json()["version"] for answer in answers if answer.status_code == 200)
    assert versions == list(range(2, 2 + len(versions)))
    for answer in answers:
        if answer.status_code == 409:
            is_problem(answer, 409, "concurrent")


async def test_a_rule_that_says_no_names_field_and_way_out(council: Council) -> None:
    answer = await council.post(f"{minted('I')}/move-motion", MOVE | {"budget": {"amount": "2000000"}})
    problem = is_problem(answer, 409, "affordable")
    assert problem["field"] == "budget.amount" and problem["way_out"] == "ask for less"


async def test_what_does_not_validate_is_told_field_by_field(council: Council) -> None:
    wrong = {"office": "hub", "title": "", "budget": {"amount": "lots", "currency": "pounds"}, "colour": "red"}
    problem = is_problem(await council.post(f"{minted('I')}/move-motion", wrong), 422, "validation")
    told = {error["pointer"]: error["detail"] for error in problem["errors"]}
    assert told["/title"] == "is needed" and told["/need"] == "is needed" and "currency code" in told["/budget/currency"]
    assert told["/colour"].startswith("is not known") and told["/budget/amount"].startswith("is a number")


async def test_a_body_that_is_no_json_is_422_and_no_known_type_415(council: Council) -> None:
    headers = council.as_("p-haddad") | {"Content-Type": "application/json"}
    is_problem(await council.http.post("/council/motions/I-1/move-motion", content=b"{", headers=headers), 422, "validation")
    headers["Content-Type"] = "text/csv"
    is_problem(await council.http.post("/council/motions/I-1/move-motion", content=b"a,b", headers=headers), 415, "media-type")


async def test_a_body_over_the_limit_is_413(council: Council) -> None:
    is_problem(await council.post("I-1/move-motion", MOVE | {"need": "x" * 300_000}), 413, "body-limit")


async def test_a_chunked_body_over_the_limit_is_413(council: Council) -> None:
    async def chunks() -> Any:
        for _ in range(10):
            yield b"x" * 40_000

    headers = council.as_("p-haddad") | {"Content-Type": "application/json"}
    is_problem(await council.http.post("/council/motions/I-1/move-motion", content=chunks(), headers=headers), 413, "body-limit")


async def test_a_stream_that_has_not_begun_is_404_and_names_what_begins_it(council: Council) -> None:
    problem = is_problem(await council.post("I-NOWHERE/amend-motion", AMEND), 404, "exists")
    assert "move-motion" in problem["way_out"]


async def test_nobody_is_401_and_the_wrong_role_403(council: Council) -> None:
    nobody = await council.http.post("/council/motions/I-1/move-motion", json=MOVE)
    assert is_problem(nobody, 401, "sign-in")["way_out"] and nobody.headers["www-authenticate"] == "Bearer"
    problem = is_problem(await council.post(f"{await council.move()}/carry-motion", {"rationale": "Mine."}), 403, "role")
    assert "chair" in problem["detail"]


async def test_a_role_of_another_office_does_not_count(council: Council) -> None:
    answer = await council.post(f"{minted('I')}/move-motion", MOVE | {"office": "harbour"}, by="p-roy")
    is_problem(answer, 403, "role")


async def test_what_only_services_do_has_no_route(council: Council) -> None:
    is_problem(await council.post(f"{await council.move()}/lapse-motion"), 404, "exists")


async def test_a_refused_signature_is_on_record(council: Council) -> None:
    identity = await council.move()
    await council.post(f"{identity}/carry-motion", {"rationale": "Needed."}, by="p-lindqvist")
    is_problem(await council.post(f"{identity}/carry-motion", {"rationale": "Again."}, by="p-lindqvist"), 409, "status")
    records = await council.running.log.page(0)
    assert any(b"DecisionRefused" in record.bytes and identity.encode() in record.bytes for record in records)


async def test_a_fault_of_ours_is_500_and_gives_nothing_away(council: Council) -> None:
    answer = await council.post(f"{await council.move()}/break-motion", by="p-okafor")
    is_problem(answer, 500, "unexpected")
    assert "Rumpelstiltskin" not in answer.text and "Traceback" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_command_waits_for_what_it_is_said_to_follow(council: Council) -> None:
    identity = await council.move()
    receipt = (await council.post(f"{identity}/amend-motion", AMEND)).json()
    await council.hear()
    after = f"council:{receipt['position']}:{identity}"
    assert (await council.post(f"{identity}/amend-motion", AMEND, minutebook_after=after)).status_code == 200


async def test_what_was_not_heard_in_time_is_503_with_retry_after(council: Council) -> None:
    answer = await council.post(f"{await council.move()}/amend-motion", AMEND, minutebook_after="council:99999999")
    is_problem(answer, 503, "ready")
    assert answer.headers["retry-after"] == "1"


async def test_a_log_that_is_not_heard_here_is_422(council: Council) -> None:
    problem = is_problem(await council.post(f"{await council.move()}/amend-motion", AMEND, minutebook_after="harbour:1"), 422, "after")
    assert "council" in problem["way_out"]


async def test_what_acted_is_in_the_envelope(council: Council) -> None:
    identity = await council.move()
    answer = await council.get(f"/council/motions/{identity}/events")
    (envelope,) = answer.json()
    assert answer.headers["content-type"] == "application/cloudevents-batch+json"
    assert envelope["actor"] == "p-haddad" and envelope["role"] == "proposer" and envelope["accesspolicy"]
    (record,) = await council.running.log.stream(f"motion/{identity}")
    assert record.bytes in answer.content
