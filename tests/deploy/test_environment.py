"""The start script and the environment that it makes, with a lock of one small package."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import environment

ROOT = Path(__file__).parents[2]
SEES = "import iniconfig; print('seen')"


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone whose locks hold one package."""
    (tmp_path / "requirements").mkdir()
    text = (ROOT / "requirements" / "test.lock").read_text()
    found = re.search(r"^iniconfig==.*?(?=^\S)", text, re.MULTILINE | re.DOTALL)
    assert found
    for name in ("run", "test"):
        (tmp_path / "requirements" / f"{name}.lock").write_text(found.group())
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    return tmp_path


def run(python: Path, program: str) -> str:
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def without(*missing: str) -> Callable[..., object]:
    """A find_spec that does not find these modules."""
    real = importlib.util.find_spec
    return lambda name, *rest: None if name in missing else real(name, *rest)


def test_the_environment_holds_the_lock_and_a_later_start_only_reads_the_stamp(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = environment.environment("run")
    assert python.is_relative_to(clone / ".venv")
    assert run(python, SEES) == "seen"
    monkeypatch.setattr(environment, "make", lambda *_: pytest.fail("made again"))
    assert environment.environment("run") == python


def test_a_changed_lock_is_installed_at_the_next_start(clone: Path) -> None:
    environment.environment("run")
    lock = clone / "requirements" / "run.lock"
    lock.write_text(lock.read_text() + "# changed\n")
    assert not environment.fits(clone / ".venv", "run")
    environment.environment("run")
    assert environment.fits(clone / ".venv", "run")


def test_the_lock_of_the_tests_serves_every_command(clone: Path) -> None:
    environment.environment("test")
    assert environment.fits(clone / ".venv", "run")


def test_an_interrupted_making_is_done_again(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(environment, "install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            environment.environment("run")
    assert run(environment.environment("run"), SEES) == "seen"


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_two_starts_at_once_make_one_environment(clone: Path) -> None:
    program = "import sys; from pathlib import Path; from deploy import environment; environment.ROOT = Path(sys.argv[1]); "
    program += "print(environment.environment('run'))"
    command = [sys.executable, "-c", program, str(clone)]
    starts = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [start.communicate() for start in starts]
    assert [start.returncode for start in starts] == [0, 0], said
    assert sum("Making the environment" in err for _, err in said) == 1
    assert run(Path(said[0][0].strip()), SEES) == "seen"


def test_without_ensurepip_the_pip_of_this_python_installs(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", without("ensurepip"))
    python = environment.environment("run")
    assert run(python, SEES) == "seen"
    assert subprocess.run([python, "-c", "import pip"], capture_output=True, check=False).returncode


@pytest.mark.usefixtures("clone")
def test_without_ensurepip_and_pip_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", without("ensurepip", "pip"))
    with pytest.raises(environment.CannotInstall, match=r"neither ensurepip nor pip.*apt install python3\.1\d-venv"):
        environment.environment("run")


@pytest.mark.usefixtures("clone")
def test_without_a_network_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("INDEX_URL", "http://127.0.0.1:9/simple"), ("FIND_LINKS", ""), ("NO_CACHE_DIR", "1"), ("RETRIES", "0")):
        monkeypatch.setenv(f"PIP_{name}", value)
    with pytest.raises(environment.CannotInstall, match="could not be fetched: connect this machine"):
        environment.environment("run")


def test_a_package_with_another_hash_is_not_installed(clone: Path) -> None:
    lock = clone / "requirements" / "run.lock"
    lock.write_text(re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", lock.read_text()))
    with pytest.raises(environment.CannotInstall, match="not what was pinned"):
        environment.environment("run")
    assert not environment.fits(clone / ".venv", "run")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_said_in_one_sentence(clone: Path) -> None:
    home = clone / ".venv"
    home.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", home], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let root mount")
    try:
        with pytest.raises(environment.CannotInstall, match=r"The disk that holds .* is full"):
            environment.environment("run")
    finally:
        subprocess.run(["umount", home], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a read-only disk")
def test_a_clone_that_cannot_be_written_gets_its_environment_in_the_cache(
    clone: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINUTEBOOK_CACHE", str(tmp_path_factory.mktemp("cache")))
    if subprocess.run(["mount", "--bind", "-o", "ro", clone, clone], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let root mount")
    try:
        python = environment.environment("run")
        assert not python.is_relative_to(clone)
        assert run(python, SEES) == "seen"
    finally:
        subprocess.run(["umount", clone], check=True)


def script(tmp_path: Path, versions: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the start script where only Pythons of these versions are on PATH."""
    for tool in ("dirname", "readlink", "sh"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or tool)
    for name, version in versions.items():
        (tmp_path / name).write_text(f'#!/bin/sh\nif [ "$1" = -c ]; then echo {version}; else echo "ran by $0"; fi\n')
        (tmp_path / name).chmod(0o755)
    return subprocess.run([ROOT / "minutebook", "up"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)


def test_a_wrong_python_is_said_in_one_sentence(tmp_path: Path) -> None:
    done = script(tmp_path, {"python3": "3.9"})
    assert done.returncode == 1
    assert done.stderr.startswith("Minutebook needs Python 3.11, 3.12, 3.13 or 3.14, and python3 is 3.9: install one")
    assert done.stderr.count("\n") == 1


def test_no_python_is_said_in_one_sentence(tmp_path: Path) -> None:
    assert "there is no Python here" in script(tmp_path, {}).stderr


def test_a_python_that_fits_is_found_beside_one_that_does_not(tmp_path: Path) -> None:
    assert script(tmp_path, {"python3": "3.9", "python3.12": "3.12"}).stdout.strip().endswith("/python3.12")


def test_the_script_may_be_called_through_a_link(tmp_path: Path) -> None:
    link = tmp_path / "minutebook"
    link.symlink_to(ROOT / "minutebook")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    done = script(bin_, {"python3": "3.11"})
    through = subprocess.run([link], env={"PATH": str(bin_)}, capture_output=True, text=True, check=False)
    assert through.stdout == done.stdout
