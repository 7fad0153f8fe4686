"""The per-user cache: directories that are made once, whole or not at all, and shared by all clones of this user."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.problems import explained


def cache_dir() -> Path:
    """MINUTEBOOK_CACHE, else `minutebook` below XDG_CACHE_HOME or ~/.cache; a directory below /tmp for a user without a home."""
    if chosen := os.environ.get("MINUTEBOOK_CACHE"):
        path = Path(chosen).absolute()
    elif xdg := os.environ.get("XDG_CACHE_HOME"):
        path = Path(xdg).absolute() / "minutebook"
    elif os.access(Path.home(), os.W_OK):
        path = Path.home() / ".cache" / "minutebook"
    else:
        path = Path(tempfile.gettempdir()) / f"minutebook-cache-{os.getuid()}"
    with explained(path):
        path.mkdir(parents=True, exist_ok=True)
        if path.parent == Path(tempfile.gettempdir()) and path.stat().st_uid != os.getuid():
            raise PermissionError(13, "owned by another user")
    return path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file lock `path`; waits for the process that has it. The kernel frees it when its holder dies."""
    with explained(path), path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The directory `name` in the cache; `make` fills it beside its place first, so that a half-made one is never seen."""
    cache = cache_dir()
    path = cache / name
    if path.is_dir():
        return path
    with locked(cache / f".{name}.lock"):
        if path.is_dir():
            return path
        beside = cache / f".{name}.part"
        shutil.rmtree(beside, ignore_errors=True)
        with explained(cache):
            beside.mkdir()
            make(beside)
            beside.rename(path)
    return path
