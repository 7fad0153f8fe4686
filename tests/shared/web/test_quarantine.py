"""The quarantine over HTTP: whoever may sees which keys wait and why, and replays them."""

from psycopg import AsyncConnection

from shared.projection.marks import VIEWS, Marks
from shared.stream.park import park
from shared.stream.step import Stuck
from tests.shared.web.council import MotionRow
from tests.shared.web.site import Council


async def parked(council: Council) -> str:
    """A motion whose record waits for the tables, as a release that could not read it left it; its id."""
    await council.hear()
    identity = await council.move(title="A lamp post")
    last = (await council.running.log.page(0))[-1]
    async with await AsyncConnection.connect(council.dsn, autocommit=True) as connection, connection.transaction():
        await Marks.lock(connection, VIEWS, "council", [last.shard])
        stuck = Stuck("council", identity, last.position, 0, last.bytes, "budget: no number", "upgrade, then replay the key")
        await park(connection, VIEWS, [stuck])
        await Marks.move(connection, VIEWS, "council", {last.shard: last.position})
    return identity


async def test_a_key_that_waits_is_listed_with_its_reason_and_replayed(council: Council) -> None:
    identity = await parked(council)
    (waiting,) = (await council.get("/council/quarantine", by="p-ferreira")).json()
    assert (waiting["consumer"], waiting["log"], waiting["key"], waiting["records"]) == ("views", "council", identity, 1)
    assert waiting["reason"] == "budget: no number" and "replay" in waiting["way_out"] and waiting["since"]
    assert await council.running.views.get(MotionRow, identity) is None

    done = await council.http.post("/council/quarantine/replay", json={"log": "council", "key": identity}, headers=council.as_("p-okafor"))
    assert done.json() == [{"log": "council", "key": identity, "applied": 1, "left": 0, "reason": None}]
    row = await council.running.views.get(MotionRow, identity)
    assert row and row.title == "A lamp post"
    assert (await council.get("/council/quarantine")).json() == []


async def test_all_that_waits_is_replayed_at_once(council: Council) -> None:
    identities = {await parked(council), await parked(council)}
    done = await council.http.post("/council/quarantine/replay", json={}, headers=council.as_("p-okafor"))
    assert {one["key"] for one in done.json()} == identities and not any(one["left"] for one in done.json())
    again = await council.http.post("/council/quarantine/replay", json={}, headers=council.as_("p-okafor"))
    assert again.json() == []


async def test_a_key_that_does_not_wait_is_not_found_and_half_a_place_is_none(council: Council) -> None:
    unknown = await council.http.post("/council/quarantine/replay", json={"log": "council", "key": "I-X"}, headers=council.as_("p-okafor"))
    assert unknown.status_code == 404 and "GET /council/quarantine" in unknown.json()["way_out"]
    half = await council.http.post("/council/quarantine/replay", json={"key": "I-X"}, headers=council.as_("p-okafor"))
    assert half.status_code == 422 and "both log and key" in half.json()["errors"][0]["detail"]


async def test_who_may_look_may_not_replay_and_who_may_neither_is_on_record(council: Council) -> None:
    assert (await council.get("/council/quarantine", by="p-haddad")).status_code == 403
    denied = await council.http.post("/council/quarantine/replay", json={}, headers=council.as_("p-ferreira"))
    assert denied.status_code == 403 and denied.json()["rule"] == "role"
    routes = [record.bytes for record in await council.running.log.page(0) if b"AccessDenied" in record.bytes]
    assert any(b"GET council/quarantine" in one for one in routes) and any(b"POST council/replay" in one for one in routes)
