"""Pages: every aggregate has a screen and every command a form, without a line written for it, and without JavaScript."""

import re

from shared.web.new import minted
from tests.shared.web.site import HERE, Council
from tests.shared.web.test_forms import Labels

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
FORM = {"office": "hub", "title": "A well", "need": "Water.", "budget.amount": "12.50", "budget.currency": "GBP"}


async def page(council: Council, path: str, by: str = "p-haddad", status: int = 200) -> str:
    answer = await council.get(path, by=by, accept=HTML)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


async def send(council: Council, path: str, form: dict[str, str], by: str = "p-haddad") -> tuple[int, str, str]:
    answer = await council.http.post(path, data=form, headers=council.as_(by) | {"Accept": HTML})
    return answer.status_code, answer.text, answer.headers.get("location", "")


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, f"no {name} in the form"
    return found[1]


async def test_a_form_is_sent_and_leads_to_the_stream_as_it_is_then(council: Council) -> None:
    identity = minted("I")
    form = await page(council, f"/council/motions/{identity}/move-motion/form")
    sent = FORM | {"_key": hidden(form, "_key"), "_version": hidden(form, "_version")}
    status, _, where = await send(council, f"/council/motions/{identity}/move-motion", sent)
    assert status == 303 and where.startswith(f"/council/motions/{identity}?after=council:") and where.endswith(identity)
    status, _, again = await send(council, f"/council/motions/{identity}/move-motion", sent)
    assert (status, again) == (303, where)
    assert (await council.get(f"/council/motions/{identity}")).json()["version"] == 1


async def test_every_control_of_every_form_has_a_label_and_every_id_is_used_once(council: Council) -> None:
    identity = await council.move()
    await council.post(f"{identity}/amend-motion", {"clauses": [{"id": "C-1", "text": "x", "due": "2026-01-01"}], "ground": "law"})
    for command, person in (("amend-motion", "p-haddad"), ("carry-motion", "p-lindqvist"), ("break-motion", "p-okafor")):
        labels = Labels(await page(council, f"/council/motions/{identity}/{command}/form", by=person))
        assert labels.unlabelled() == [] and len(labels.ids) == len(set(labels.ids))
        assert labels.described <= set(labels.ids)


async def test_no_page_has_a_script_or_style_of_its_own(council: Council) -> None:
    identity = await council.move()
    for path in (f"/council/motions/{identity}", f"/council/motions/{identity}/amend-motion/form", "/council/motions/new"):
        text = await page(council, path)
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", text)


async def test_what_is_wrong_is_told_at_the_field_and_what_was_typed_is_kept(council: Council) -> None:
    identity = minted("I")
    form = FORM | {"title": "", "need": "Water & <light>", "budget.amount": "lots"}
    status, text, _ = await send(council, f"/council/motions/{identity}/move-motion", form)
    assert status == 422
    assert 'href="#f-title"' in text and 'href="#f-budget-amount"' in text and 'id="f-title-error"' in text
    assert 'value="lots"' in text and "Water &amp; &lt;light&gt;</textarea>" in text
    assert Labels(text).unlabelled() == []


async def test_a_rule_that_says_no_is_told_at_its_field_with_the_way_out(council: Council) -> None:
    status, text, _ = await send(council, f"/council/motions/{minted('I')}/move-motion", FORM | {"budget.amount": "2000000"})
    assert status == 409 and 'id="f-budget-amount-error"' in text and "ask for less" in text and "affordable" in text


async def test_a_form_that_somebody_overtook_says_so_and_stands_at_the_new_version(council: Council) -> None:
    identity = await council.move()
    form = await page(council, f"/council/motions/{identity}/carry-motion/form", by="p-lindqvist")
    await council.post(f"{identity}/amend-motion", {"clauses": [], "ground": "law"})
    sent = {"rationale": "Needed.", "_signed": "true", "_version": hidden(form, "_version")}
    status, text, _ = await send(council, f"/council/motions/{identity}/carry-motion", sent, by="p-lindqvist")
    assert status == 412 and hidden(text, "_version") == "2" and "Needed." in text


async def test_what_is_signed_needs_its_box_ticked(council: Council) -> None:
    identity = await council.move()
    form = await page(council, f"/council/motions/{identity}/carry-motion/form", by="p-lindqvist")
    assert "I carry this motion." in form and "Signed as A. Lindqvist" in form
    status, text, _ = await send(council, f"/council/motions/{identity}/carry-motion", {"rationale": "Needed."}, by="p-lindqvist")
    assert status == 422 and "Sign it first" in text
    signed = {"rationale": "Needed.", "_signed": "true"}
    assert (await send(council, f"/council/motions/{identity}/carry-motion", signed, by="p-lindqvist"))[0] == 303


async def test_rows_are_added_and_removed_by_plain_buttons_and_nothing_is_recorded(council: Council) -> None:
    identity = await council.move()
    path = f"/council/motions/{identity}/amend-motion/form"
    first = {"clauses.0.id": "C-1", "clauses.0.text": "Build it", "ground": "law"}
    _, text, _ = await send(council, path, first | {"_add": "clauses"})
    assert 'name="clauses.1.id"' in text and 'value="Build it"' in text
    both = first | {"clauses.1.id": "C-2", "clauses.1.text": "Then paint it"}
    _, text, _ = await send(council, path, both | {"_remove": "clauses.0"})
    assert "Build it" not in text and 'name="clauses.0.id" value="C-2"' in text and 'name="clauses.1.id"' not in text
    assert (await council.get(f"/council/motions/{identity}")).json()["version"] == 1


async def test_the_page_to_go_to_afterwards_is_never_elsewhere(council: Council) -> None:
    for wanted, prefix in (
        ("/council/log#end", "/council/log?after="),
        ("//evil.example", "/council/motions/"),
        ("https://evil.example", "/council/motions/"),
    ):
        _, _, where = await send(council, f"/council/motions/{minted('I')}/move-motion", FORM | {"_next": wanted})
        assert where.startswith(prefix), where


async def test_a_stream_is_shown_with_its_events_and_what_the_person_may_do(council: Council) -> None:
    identity = await council.move(title="A fountain")
    text = await page(council, f"/council/motions/{identity}")
    assert "A fountain" in text and "The ford floods." in text and "GBP 1,200.50" in text and "Motion moved" in text
    assert "amend-motion/form" in text and "carry-motion" not in text and "move-motion/form" not in text
    assert "carry-motion/form" in await page(council, f"/council/motions/{identity}", by="p-lindqvist")
    assert "L. Haddad" in text and "council at" in text


async def test_the_log_is_shown_by_pages(council: Council) -> None:
    await council.move()
    text = await page(council, "/council/log?limit=2", by="p-ferreira")
    assert 'id="p1"' in text and "Next page" in text and "positions 1 to 2" in text


async def test_a_new_stream_begins_with_its_id(council: Council) -> None:
    text = await page(council, "/council/motions/new?prefix=I")
    suggested = hidden(text, "id")
    assert re.fullmatch("I-[A-Z2-7]{8}", suggested)
    answer = await council.get(f"/council/motions/new?id={suggested}", by="p-haddad", accept=HTML)
    assert answer.headers["location"] == f"/council/motions/{suggested}/move-motion/form"
    assert "no id" in await page(council, "/council/motions/new?id=a+b", status=422)


async def test_a_problem_is_a_page_with_the_way_out_for_people(council: Council) -> None:
    answer = await council.http.get("/council/motions/I-1", headers={"Accept": HTML})
    assert answer.status_code == 401 and "The way out:" in answer.text and "<h1>Sign in first</h1>" in answer.text
    assert "way out" in await page(council, f"/council/motions/{await council.move()}/carry-motion/form", status=403)
    assert "Not found" in await page(council, "/nowhere", status=404)


async def test_a_browser_signs_in_and_sends_a_form_but_no_other_site_can(council: Council) -> None:
    council.http.cookies.clear()
    await council.http.get(council.issuer.mint_link("p-haddad"))
    path, form = f"/council/motions/{minted('I')}/move-motion", FORM
    elsewhere = await council.http.post(path, data=form, headers={"Accept": HTML, "Origin": "https://evil.example"})
    here = await council.http.post(path, data=form, headers={"Accept": HTML, "Origin": HERE})
    council.http.cookies.clear()
    assert (elsewhere.status_code, here.status_code) == (403, 303)


async def test_people_are_shown_to_administrators(council: Council) -> None:
    text = await page(council, "/people", by="p-okafor")
    assert "A. Lindqvist" in text and "Portfolio office · Hub" in text
    assert "way out" in await page(council, "/people", by="p-nowak", status=403)
