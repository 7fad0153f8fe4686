"""The launcher as somebody who is not root and has no home directory. Run by root, which can become somebody else."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from deploy.jars import assets_dir, kafka_jars
from deploy.ports import free_port
from deploy.unprivileged import Account, reachable
from tests.deploy.test_local import PROGRAM, ROOT, pids
from tests.servers import temporary_data

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user; the rest of the suite has run as one")


def somebody() -> Account:
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def python_for(account: Account) -> str:
    """This Python, or the same version elsewhere, if the account may run it with this environment's packages."""
    names = (sys.executable, shutil.which("python{}.{}".format(*sys.version_info), path="/usr/bin:/usr/local/bin"))
    for name in names:
        if name and all(
            reachable(path.parent, account) for path in (Path(name), Path(name).resolve(), Path(sysconfig.get_path("purelib")))
        ):
            return name
    pytest.skip(f"{account.name} may not enter the directories of this Python")


def test_an_ordinary_user_without_a_home_starts_and_stops_everything() -> None:
    account = somebody()
    python = python_for(account)
    if not reachable(ROOT, account):
        pytest.skip(f"{account.name} may not enter {ROOT}")
    with temporary_data() as place:
        for made in (kafka_jars(), assets_dir()):
            shutil.copytree(made, place / "cache" / made.name)
        for path in (place, *place.rglob("*")):
            os.chown(path, account.uid, account.gid)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "MINUTEBOOK_CACHE": str(place / "cache"),
            "PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")]),
        }
        stand_in = str(ROOT / "tests" / "deploy" / "stand_in.py")
        launcher = subprocess.Popen(
            [python, "-c", PROGRAM, str(place / "data"), str(free_port()), "pair", stand_in],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd="/",
            **account.for_popen,
        )
        assert launcher.stdout is not None
        line = launcher.stdout.readline()
        assert "Sign in: http://" in line, launcher.communicate()[1]
        assert {"postgres", "kafka", "api", "worker"} == set(pids(place / "data"))
        assert (place / "data" / "postgres").stat().st_uid == account.uid
        launcher.send_signal(signal.SIGINT)
        launcher.communicate(timeout=60)
        assert launcher.returncode == 0
