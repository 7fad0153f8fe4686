"""Fetches what is not on PyPI: the jars of a Kafka broker and the WebJars of the screens, pinned by sha256.

The locks list `group:artifact:version sha256`, one a line. `jgo` knows where Maven artifacts come from; nothing here names a host.
"""

import hashlib
import logging
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from deploy.cache import cache_dir, made_once
from deploy.problems import CannotStart

HERE = Path(__file__).parent
ASSET_FOLDERS = {"tabler__core": "tabler", "htmx.org": "htmx"}


@dataclass(frozen=True)
class Artifact:
    """One jar: Maven coordinates `group:artifact:version`, and the sha256 (hex) its bytes must have."""

    coordinates: str
    sha256: str

    @property
    def name(self) -> str:
        _group, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"


def read_lock(path: Path) -> list[Artifact]:
    """The artifacts that a lock file lists."""
    return [Artifact(*line.split()) for line in path.read_text().splitlines() if line and not line.startswith("#")]


def kafka_jars() -> Path:
    """The directory with the jars of the Kafka broker; fetched at the first call. Raises CannotStart."""
    return _locked_directory("kafka", HERE / "jars.lock", lambda artifacts, into: fetch(artifacts, into, "Apache Kafka"))


def assets_dir() -> Path:
    """The directory that the web serves as /assets: `tabler/css`, `tabler/js`, `htmx`; fetched at the first call. Raises CannotStart."""
    return _locked_directory("assets", HERE / "webjars.lock", _unpacked_assets)


def _locked_directory(name: str, lock: Path, make: Callable[[list[Artifact], Path], None]) -> Path:
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    return made_once(f"{name}-{digest}", lambda into: make(read_lock(lock), into))


def fetch(artifacts: list[Artifact], into: Path, title: str) -> None:
    """Download the artifacts into a directory, six at a time, with a progress bar; what was fetched before an interruption is kept.

    Raises CannotStart when the network is missing or when bytes do not have the sha256 of the lock.
    """
    from rich.console import Console
    from rich.progress import Progress

    store = cache_dir() / "maven"
    with ThreadPoolExecutor(6) as pool, Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(f"Fetching {title}", total=len(artifacts))
        jobs = [pool.submit(_fetch_one, artifact, store) for artifact in artifacts]
        try:
            for job in as_completed(jobs):
                job.result()
                progress.advance(bar)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        for job, artifact in zip(jobs, artifacts, strict=True):
            job.result().replace(into / artifact.name)


def _fetch_one(artifact: Artifact, store: Path) -> Path:
    from jgo.maven import MavenContext

    logging.getLogger("jgo").setLevel(logging.CRITICAL)
    local = MavenContext(repo_cache=store, timeout=30).create_dependency(artifact.coordinates).artifact
    found = ""
    # A file left half written by an interrupted download has the wrong hash: it is dropped and fetched once more.
    for _attempt in range(2):
        try:
            path = Path(local.resolve())
        except OSError as error:
            if getattr(error, "errno", None):
                raise
            raise CannotStart(_no_network(artifact)) from error
        except RuntimeError as error:
            raise CannotStart(_no_network(artifact)) from error
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found == artifact.sha256:
            return path
        path.unlink()
    raise CannotStart(f"{artifact.coordinates} is not what was pinned: its sha256 is {found}, the lock says {artifact.sha256}.")


def _no_network(artifact: Artifact) -> str:
    return (
        f"{artifact.coordinates} could not be fetched from the Maven repository: connect this machine to the network "
        "(or set HTTPS_PROXY) and start again; what was fetched so far is kept."
    )


def _unpacked_assets(artifacts: list[Artifact], into: Path) -> None:
    """Unpack the minified style sheets and scripts of the WebJars, and their licences."""
    fetch(artifacts, into, "style sheets and scripts")
    for artifact in artifacts:
        _group, name, version = artifact.coordinates.split(":")
        root = PurePosixPath("META-INF/resources/webjars", name, version)
        jar = into / artifact.name
        with zipfile.ZipFile(jar) as archive:
            for member in archive.namelist():
                path = PurePosixPath(member)
                if not path.is_relative_to(root) or not _wanted(inner := path.relative_to(root)):
                    continue
                parts = inner.parts[1:] if inner.parts[0] == "dist" else inner.parts
                target = into / ASSET_FOLDERS[name] / PurePosixPath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))
        jar.unlink()


def _wanted(path: PurePosixPath) -> bool:
    minified = path.name.endswith((".min.css", ".min.js")) and "libs" not in path.parts
    return minified or path.parts[:2] == ("dist", "ext") or path == PurePosixPath("LICENSE")
