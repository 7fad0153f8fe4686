"""Settings of a process, read once from the environment. What a process does, and on which port, are arguments of its command."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(ValueError):
    """A setting is missing or cannot be used; the message names the variable and the way out."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where an instance keeps what it has."""

    data: Path
    """MINUTEBOOK_DATA: the directory that holds everything of this instance."""
    run: Path
    """MINUTEBOOK_RUN: the file with the addresses of servers and services; run.json in the data directory unless told."""

    @property
    def blobs(self) -> Path:
        return self.data / "blobs"

    @property
    def traces(self) -> Path:
        return self.data / "logs" / "traces.jsonl"

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """The settings of this process; raises SettingsError."""
        named = environ.get("MINUTEBOOK_DATA")
        if not named:
            raise SettingsError("MINUTEBOOK_DATA is not set: name the directory that holds the data of this instance.")
        data = Path(named)
        if not data.is_dir():
            raise SettingsError(f"MINUTEBOOK_DATA names {named}, which is no directory: make it, or name another.")
        return cls(data, Path(environ.get("MINUTEBOOK_RUN") or data / "run.json"))
