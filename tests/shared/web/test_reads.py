"""Reads over HTTP: states, events, the log, the feed by shard, disclosures, tables."""

from typing import Any

import orjson

from shared.contracts.conduct import AuditDataAccessed
from shared.contracts.envelope import Envelope
from shared.contracts.personal import digest_of
from shared.identity.store import Assignment
from shared.ledger.shards import shard_of
from tests.shared.web.site import Council

READ = AuditDataAccessed.wire


async def test_a_state_is_read_with_its_version(council: Council) -> None:
    identity = await council.move(title="A lamp")
    answer = await council.get(f"/council/motions/{identity}")
    assert answer.status_code == 200 and answer.headers["etag"] == '"1"'
    assert answer.json()["state"]["title"] == "A lamp" and answer.json()["version"] == 1
    assert "The ford" not in answer.text and "_sd" in answer.json()["state"]["need"]


async def test_a_stream_that_has_not_begun_is_404(council: Council) -> None:
    for path in ("/council/motions/I-NOTHING", "/council/motions/I-NOTHING/events"):
        answer = await council.get(path)
        assert answer.status_code == 404 and answer.json()["rule"] == "exists"


async def test_an_id_that_cannot_be_one_is_422(council: Council) -> None:
    answer = await council.get("/council/motions/I%20x")
    assert answer.status_code == 422 and answer.json()["rule"] == "validation"


async def test_the_log_is_read_by_pages_with_the_exact_records(council: Council) -> None:
    await council.move()
    await council.move()
    first = await council.get("/council/log?limit=1", by="p-ferreira")
    (only,) = first.json()["records"]
    (record,) = await council.running.log.page(0, 1)
    assert record.bytes in first.content and only["position"] == 1
    second = await council.get(f"/council/log?limit=1&after={first.json()['next']}", by="p-ferreira")
    assert second.json()["records"][0]["position"] == 2


async def test_a_person_who_reads_audit_data_is_on_record_and_a_service_is_not(council: Council) -> None:
    identity = await council.move()
    shard = shard_of(identity)
    for path in ("/council/log", f"/council/motions/{identity}/events", f"/council/feed?shard={shard}"):
        assert (await council.get(path, by="p-ferreira")).status_code == 200
    service = {"Authorization": f"Bearer {council.issuer.service_token('gates')}"}
    assert (await council.http.get(f"/council/feed?shard={shard}", headers=service)).status_code == 200
    await council.running.recorder.settle(everything=True)
    read = [(e.subject, e.data["what"]) for r in await council.running.log.page(0) if (e := Envelope.decode(r.bytes)).type == READ]
    assert {what for subject, what in read if subject == "conduct/p-ferreira"} == {"log", "events", "feed"}
    assert not [subject for subject, _ in read if "service" in subject]


async def test_the_log_is_not_for_everybody_and_the_denial_is_on_record(council: Council) -> None:
    answer = await council.get("/council/log", by="p-nowak")
    assert answer.status_code == 403 and answer.json()["rule"] == "role"
    records = await council.running.log.page(0)
    assert any(b"AccessDenied" in record.bytes and b"council/audit" in record.bytes for record in records)


async def test_the_feed_gives_each_record_of_a_shard_with_the_one_before_it(council: Council) -> None:
    identity = await council.move()
    await council.post(f"{identity}/amend-motion", {"clauses": [], "ground": "law"})
    shard = shard_of(identity)
    token = {"Authorization": f"Bearer {council.issuer.service_token('gates')}"}
    answer = await council.http.get(f"/council/feed?shard={shard}", headers=token)
    fed: list[dict[str, Any]] = answer.json()
    stored = await council.running.log.by_shard(shard, 0)
    assert [one["record"].encode() for one in fed] == [record.bytes for record in stored]
    assert [one["predecessor"] for one in fed] == [0, *[record.position for record in stored[:-1]]]
    later = await council.http.get(f"/council/feed?shard={shard}&after={fed[-2]['position']}", headers=token)
    assert later.json() == fed[-1:]


async def test_a_feed_asked_from_between_names_the_true_predecessor(council: Council) -> None:
    one = await council.move()
    await council.move()
    await council.post(f"{one}/amend-motion", {"clauses": [], "ground": "law"})
    shard, records = shard_of(one), await council.running.log.by_shard(shard_of(one), 0)
    between = records[-1].position - 1
    answer = await council.get(f"/council/feed?shard={shard}&after={between}")
    assert answer.json()[0]["predecessor"] == records[-2].position


async def test_digests_are_disclosed_to_those_who_may(council: Council) -> None:
    identity = await council.move(need="The ford floods in May.")
    digest = (await council.get(f"/council/motions/{identity}")).json()["state"]["need"]["_sd"]
    asked = {"digests": [digest, "x" * 43], "stream": f"motion/{identity}"}
    answer = await council.http.post("/council/disclosures", json=asked, headers=council.as_("p-nowak"))
    assert answer.json()["texts"] == {digest: "The ford floods in May."}
    assert digest_of(answer.json()["disclosures"][digest]) == digest


async def test_a_disclosure_is_on_record_and_so_is_its_denial(council: Council) -> None:
    identity = await council.move(need="The ford floods in May.")
    digest = (await council.get(f"/council/motions/{identity}")).json()["state"]["need"]["_sd"]
    await council.http.post(
        "/council/disclosures", json={"digests": [digest], "stream": f"motion/{identity}"}, headers=council.as_("p-haddad")
    )
    council.issuer.add_person("p-spoke", "S. Poke", (Assignment(role="proposer", office="north"),))
    refused = await council.http.post("/council/disclosures", json={"digests": [digest]}, headers=council.as_("p-spoke"))
    assert refused.status_code == 403
    said = [record.bytes for record in await council.running.log.page(0)]
    assert any(b"AuditDataAccessed" in record and b'"disclosures"' in record and b"p-haddad" in record for record in said)
    assert any(b"AccessDenied" in record and b"council/disclose" in record and b"p-spoke" in record for record in said)


async def test_digests_of_another_stream_are_not_disclosed_with_this_one(council: Council) -> None:
    mine, other = await council.move(), await council.move()
    digest = (await council.get(f"/council/motions/{other}")).json()["state"]["need"]["_sd"]
    asked = {"digests": [digest], "stream": f"motion/{mine}"}
    answer = await council.http.post("/council/disclosures", json=asked, headers=council.as_("p-nowak"))
    assert answer.json()["texts"] == {}


async def test_too_many_digests_are_422(council: Council) -> None:
    answer = await council.http.post("/council/disclosures", json={"digests": ["x" * 43] * 501}, headers=council.as_("p-okafor"))
    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == "/digests"


async def test_a_table_is_read_with_the_positions_that_it_shows(council: Council) -> None:
    title = f"Table {await council.move()}"
    identity = await council.move(title=title)
    await council.hear()
    found = (await council.get("/council/views/motions", by="p-nowak")).json()
    assert found["positions"]["council"] > 0
    (row,) = (await council.http.get("/council/views/motions", params={"title": title}, headers=council.as_("p-nowak"))).json()["rows"]
    assert row["key"] == identity and row["row"]["budget"] == "1200.50" and row["until"] is None


async def test_a_table_is_read_by_pages_in_an_order(council: Council) -> None:
    office = f"o-{(await council.move())[2:]}"
    for title in ("b", "a", "c"):
        await council.move(title=title, office=office)
    await council.hear()
    path, titles = f"/council/views/motions?office={office}&order=-title&limit=2", []
    page: str | None = ""
    while page is not None:
        found = (await council.get(path + (f"&page={page}" if page else ""))).json()
        titles += [row["row"]["title"] for row in found["rows"]]
        page = found["next"]
    assert titles == ["c", "b", "a"]


async def test_a_table_is_read_as_it_was_known(council: Council) -> None:
    identity = await council.move()
    moved = orjson.loads((await council.get("/council/log?limit=1000", by="p-ferreira")).content)["records"][-1]["position"]
    await council.post(f"{identity}/carry-motion", {"rationale": "Needed."}, by="p-lindqvist")
    await council.hear()
    then = (await council.get(f"/council/views/motions?key={identity}&at={moved}")).json()["rows"][0]
    now = (await council.get(f"/council/views/motions?key={identity}")).json()["rows"][0]
    assert not then["row"]["carried"] and now["row"]["carried"] and then["until"] == now["position"]


async def test_a_table_asked_for_what_it_has_not_says_so(council: Council) -> None:
    unknown = await council.get("/council/views/bridges")
    assert unknown.status_code == 404 and "motions" in unknown.json()["way_out"]
    for query in ("colour=red", "order=colour", "at=soon", "budget=lots", "page=xyz"):
        answer = await council.get(f"/council/views/motions?{query}")
        assert answer.status_code == 422, (query, answer.text)
    early = await council.get("/council/views/motions?at=99999999")
    assert early.status_code == 503 and early.headers["retry-after"]
