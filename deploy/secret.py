"""Random passwords, kept in files that only the launcher's user can read."""

import os
import secrets
from pathlib import Path


def password(path: Path) -> str:
    """The password in the file; made at the first call (192 random bits, mode 0600), one for all who call at the same moment."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        _write(beside, secrets.token_urlsafe(24))
        try:
            os.link(beside, path)
        except FileExistsError:
            # Another process was first: its password is the one.
            pass
        finally:
            beside.unlink()
    return path.read_text()


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600, whole or not at all, and onto the disk. One process writes a file at a time."""
    beside = path.with_name(f".{path.name}.part")
    beside.unlink(missing_ok=True)
    _write(beside, text)
    beside.replace(path)


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
