"""What is fetched from Maven repositories, with a small jar."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import jars
from deploy.cache import cache_dir, made_once
from deploy.jars import Artifact, assets_dir, fetch, kafka_jars, read_lock
from deploy.problems import CannotStart

SMALL = next(artifact for artifact in read_lock(jars.HERE / "jars.lock") if ":slf4j-api:" in artifact.coordinates)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINUTEBOOK_CACHE", str(tmp_path / "cache"))
    return cache_dir()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_broker_has_every_jar_of_the_lock_and_each_is_what_was_pinned() -> None:
    directory = kafka_jars()
    locked = read_lock(jars.HERE / "jars.lock")
    assert {path.name for path in directory.iterdir()} == {artifact.name for artifact in locked}
    assert all(digest(directory / artifact.name) == artifact.sha256 for artifact in locked)


def test_the_style_sheet_and_the_scripts_are_served_from_one_directory() -> None:
    for name in ("tabler/css/tabler.min.css", "tabler/js/tabler.min.js", "htmx/htmx.min.js"):
        assert (assets_dir() / name).stat().st_size > 0


def test_a_download_that_was_cut_off_is_fetched_again(cache: Path, tmp_path: Path) -> None:
    group, name, version = SMALL.coordinates.split(":")
    half = cache / "maven" / Path(*group.split(".")) / name / version / SMALL.name
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    fetch([SMALL], tmp_path, "a jar")
    assert digest(tmp_path / SMALL.name) == SMALL.sha256


@pytest.mark.usefixtures("cache")
def test_a_jar_with_another_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="is not what was pinned"):
        fetch([Artifact(SMALL.coordinates, "0" * 64)], tmp_path, "a jar")
    assert not (tmp_path / SMALL.name).exists()


@pytest.mark.usefixtures("cache")
def test_without_a_network_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CannotStart, match="connect this machine to the network"):
        fetch([SMALL], tmp_path, "a jar")


def test_two_at_once_make_a_directory_once(cache: Path) -> None:
    program = "from deploy.cache import made_once; print(made_once('x', lambda d: ((d / 'f').write_text(''), print('made'))))"
    command = [sys.executable, "-c", program]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=jars.HERE.parent) for _ in range(2)]
    said = sorted(one.communicate()[0].split()[:-1] for one in both)
    assert said == [[], ["made"]]
    assert (cache / "x" / "f").exists()


def test_a_directory_that_could_not_be_made_whole_is_not_there(cache: Path) -> None:
    def half(directory: Path) -> None:
        (directory / "one").write_text("")
        raise CannotStart("no more")

    with pytest.raises(CannotStart):
        made_once("y", half)
    assert not (cache / "y").exists()
