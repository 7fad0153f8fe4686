"""The local issuer: its files, its links, its tokens. Whoever may read the files may act; nobody else may."""

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.identity.issuer import FIRST_PEOPLE, LocalIssuer, PersonExists, UnknownPerson, cli_token, directory, mint_link
from shared.identity.principal import Unauthenticated
from shared.identity.store import Assignment, Store, Unsafe
from tests.shared.identity.people import PROVIDER, Clock, Provider, forged


def code_of(path: str) -> str:
    return path.partition("code=")[2]


async def test_the_first_people_are_there_at_the_hub(tmp_path: Path) -> None:
    issuer = LocalIssuer(tmp_path)
    okafor = await issuer.verifier().verify(issuer.cli_token("p-okafor"))
    assert okafor.name == "R. Okafor"
    assert set(okafor.roles) == {(role, "hub") for role in ("portfolio-office", "administrator", "proposer", "feed-owner")}
    assert directory(tmp_path) == {person: name for person, (name, _) in FIRST_PEOPLE.items()}


def test_a_second_start_keeps_the_key_and_the_people(tmp_path: Path) -> None:
    LocalIssuer(tmp_path).add_person("p-new", "N. New", (Assignment(role="proposer", office="edu"),))
    again = LocalIssuer(tmp_path)
    assert again.jwks() == LocalIssuer(tmp_path).jwks()
    assert directory(tmp_path)["p-new"] == "N. New"


def test_the_key_leaves_its_file_only_as_a_public_one(tmp_path: Path) -> None:
    (key,) = LocalIssuer(tmp_path).jwks()["keys"]
    assert "d" not in key and key["crv"] == "Ed25519" and key["kid"]


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    issuer = LocalIssuer(tmp_path)
    issuer.mint_link("p-roy")
    assert stat.S_IMODE(issuer.store.directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in issuer.store.directory.iterdir()} == {0o600}


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    issuer = LocalIssuer(tmp_path)
    (issuer.store.directory / "key.json").chmod(0o640)
    with pytest.raises(Unsafe, match="chmod 600"):
        LocalIssuer(tmp_path)


async def test_a_link_signs_in_once(tmp_path: Path) -> None:
    issuer = LocalIssuer(tmp_path)
    code = code_of(issuer.mint_link("p-roy"))
    roy = await issuer.verifier().verify(issuer.redeem(code))
    assert (roy.person, roy.authn) == ("p-roy", "sign-in-link")
    with pytest.raises(Unauthenticated, match="used already"):
        issuer.redeem(code)


def test_of_many_who_redeem_a_link_at_once_one_gets_in(tmp_path: Path) -> None:
    code = code_of(LocalIssuer(tmp_path).mint_link("p-roy"))
    issuers = [LocalIssuer(tmp_path) for _ in range(8)]

    def redeemed(issuer: LocalIssuer) -> bool:
        try:
            return bool(issuer.redeem(code))
        except Unauthenticated:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(redeemed, issuers)) == 1


def test_a_link_works_for_ten_minutes(tmp_path: Path) -> None:
    clock = Clock()
    issuer = LocalIssuer(tmp_path, clock)
    in_time, late = code_of(issuer.mint_link("p-roy")), code_of(issuer.mint_link("p-roy"))
    clock.forward(minutes=9, seconds=59)
    assert issuer.redeem(in_time)
    clock.forward(seconds=1)
    with pytest.raises(Unauthenticated, match="ten minutes"):
        issuer.redeem(late)


def test_a_links_secret_is_nowhere_in_the_files(tmp_path: Path) -> None:
    issuer = LocalIssuer(tmp_path)
    code = code_of(issuer.mint_link("p-roy"))
    assert len(code) >= 43
    assert all(code.encode() not in file.read_bytes() for file in issuer.store.directory.iterdir())


def test_links_that_are_over_are_forgotten(tmp_path: Path) -> None:
    clock = Clock()
    issuer = LocalIssuer(tmp_path, clock)
    for _ in range(5):
        issuer.mint_link("p-roy")
    clock.forward(minutes=11)
    issuer.mint_link("p-roy")
    assert len(issuer.store.register().links) == 1


def test_nobody_unknown_gets_a_link_or_a_token(tmp_path: Path) -> None:
    for make in (mint_link, cli_token):
        with pytest.raises(UnknownPerson, match="p-okafor"):
            make(tmp_path, "p-nobody")


async def test_a_command_at_this_machine_is_told_apart_in_the_record(tmp_path: Path) -> None:
    assert (await LocalIssuer(tmp_path).verifier().verify(cli_token(tmp_path, "p-tanaka"))).authn == "local-cli"


async def test_a_session_lasts_eight_hours(tmp_path: Path) -> None:
    clock = Clock()
    issuer = LocalIssuer(tmp_path, clock)
    token = issuer.redeem(code_of(issuer.mint_link("p-roy")))
    clock.forward(hours=7, minutes=59)
    assert await issuer.verifier().verify(token)
    clock.forward(minutes=2)
    with pytest.raises(Unauthenticated, match="expired"):
        await issuer.verifier().verify(token)


async def test_signing_out_ends_the_session_in_every_process_and_no_other(tmp_path: Path) -> None:
    issuer, elsewhere = LocalIssuer(tmp_path), LocalIssuer(tmp_path).verifier()
    token, other = issuer.cli_token("p-roy"), issuer.cli_token("p-roy")
    roy = await elsewhere.verify(token)
    issuer.end(roy.session, roy.expires)
    with pytest.raises(Unauthenticated, match="signed-out"):
        await elsewhere.verify(token)
    assert await elsewhere.verify(other)


async def test_a_service_has_a_token_of_its_own_for_a_short_time(tmp_path: Path) -> None:
    clock = Clock()
    issuer = LocalIssuer(tmp_path, clock)
    token = issuer.service_token("gates")
    gates = await issuer.verifier().verify(token)
    assert (gates.person, gates.roles, gates.is_service) == ("service:gates", (("service", "*"),), True)
    clock.forward(minutes=6)
    with pytest.raises(Unauthenticated, match="expired"):
        await issuer.verifier().verify(token)


async def test_tokens_of_another_instance_are_not_believed(tmp_path: Path) -> None:
    with pytest.raises(Unauthenticated, match="key"):
        await LocalIssuer(tmp_path / "one").verifier().verify(cli_token(tmp_path / "two", "p-roy"))


async def test_the_local_issuers_name_cannot_be_borrowed(tmp_path: Path) -> None:
    issuer, them = LocalIssuer(tmp_path), Provider()
    verifier = issuer.verifier()
    kid = issuer.jwks()["keys"][0]["kid"]
    claims = {**them.claims(), "iss": "minutebook-local", "sub": "service:gates"}
    for token in (them.token(header={"kid": kid}, **claims), forged({"alg": "HS256", "kid": kid}, claims, b"x")):
        with pytest.raises(Unauthenticated, match="algorithm"):
            await verifier.verify(token)


async def test_names_that_another_issuer_vouches_for_are_in_the_directory(tmp_path: Path) -> None:
    LocalIssuer(tmp_path).meet("x-1", "Ada L.")
    assert directory(tmp_path)["x-1"] == "Ada L."
    assert PROVIDER not in directory(tmp_path)


def test_an_id_belongs_to_one_person(tmp_path: Path) -> None:
    with pytest.raises(PersonExists, match="Okafor"):
        LocalIssuer(tmp_path).add_person("p-okafor", "Somebody Else", ())


def test_no_person_holds_the_service_role() -> None:
    with pytest.raises(ValueError, match="choose one of"):
        Assignment(role="service", office="hub")


def test_several_processes_lose_none_of_each_others_changes(tmp_path: Path) -> None:
    LocalIssuer(tmp_path)
    script = (
        "import sys; from shared.identity.issuer import LocalIssuer; issuer = LocalIssuer(sys.argv[1]);"
        "[issuer.add_person(f'p-{sys.argv[2]}-{n}', 'Somebody', ()) for n in range(20)]"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(n)]) for n in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert len(Store(tmp_path).register().people) == len(FIRST_PEOPLE) + 60


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    issuer = LocalIssuer(tmp_path)
    before = issuer.store.file.read_bytes()
    with pytest.raises(PersonExists):
        issuer.add_person("p-roy", "Again", ())
    assert issuer.store.file.read_bytes() == before
    assert not list(issuer.store.directory.glob(".incoming-*"))
