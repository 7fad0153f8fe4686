"""What the local issuer keeps: people and their roles, delegations, sign-in links, ended sessions. One file, several processes.

Readers take the file as it is (it is replaced, never rewritten); writers hold a lock. Only the owner of the files may read them.
"""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.contracts.values import Frozen, Moment, Name, OfficeId, PersonId
from shared.identity.principal import ROLES, is_service


def _held_by_people(role: str) -> str:
    if role not in ROLES:
        raise ValueError(f"is not a role that a person may hold; choose one of {', '.join(ROLES)}")
    return role


def _no_service(person: str) -> str:
    if is_service(person):
        raise ValueError("is an id of a service; choose another, such as p-okafor")
    return person


Role = Annotated[str, AfterValidator(_held_by_people)]
HumanId = Annotated[PersonId, AfterValidator(_no_service)]


class Assignment(Frozen):
    """A role in an office."""

    role: Role
    office: OfficeId


class Person(Frozen):
    """Somebody whom the local issuer signs in."""

    name: Name
    roles: tuple[Assignment, ...] = ()


class Delegation(Frozen):
    """`delegate` may act for `principal` with one role in one office, until an instant."""

    delegate: HumanId
    principal: HumanId
    role: Role
    office: OfficeId
    until: Moment


class Link(Frozen):
    """Who a sign-in link is for, and until when it works."""

    person: PersonId
    expires: Moment


class Register(Frozen):
    """Everything in the file. Links are kept under the SHA-256 of their secret, ended sessions by id until their token has expired."""

    people: dict[str, Person] = Field(default_factory=dict)
    names: dict[str, Name] = Field(default_factory=dict)
    """Names of people whom another issuer vouches for."""
    delegations: tuple[Delegation, ...] = ()
    links: dict[str, Link] = Field(default_factory=dict)
    ended: dict[str, Moment] = Field(default_factory=dict)

    def since(self, now: datetime) -> "Register":
        """Without what is over."""
        return self.replace(
            links={digest: link for digest, link in self.links.items() if link.expires > now},
            ended={session: until for session, until in self.ended.items() if until > now},
        )


class Unsafe(Exception):
    """A file that holds a secret can be read by others."""


class Store:
    """The files of the local issuer under a data directory."""

    def __init__(self, data: Path | str) -> None:
        self.directory = Path(data) / "identity"
        self.file, self._lock = self.directory / "register.json", self.directory / "lock"
        self._read: tuple[tuple[int, int, int], Register] | None = None

    def register(self) -> Register:
        """What the file says now; empty if there is none."""
        try:
            found = self.file.stat()
        except FileNotFoundError:
            return Register()
        version = (found.st_ino, found.st_mtime_ns, found.st_size)
        if self._read is None or self._read[0] != version:
            self._read = (version, Register.model_validate_json(secret(self.file)))
        return self._read[1]

    def change(self, change: Callable[[Register], Register]) -> Register:
        """Replace the register by what `change` makes of it; nobody else changes it meanwhile. What `change` raises changes nothing."""
        with self.locked():
            register = change(self.register())
            write_secret(self.file, register.model_dump_json(indent=1).encode())
            return register

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of this store, among processes and threads."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def secret(path: Path) -> bytes:
    """The content of a file that only its owner may read; raises Unsafe when others can."""
    if path.stat().st_mode & 0o077:
        raise Unsafe(f"{path} can be read by other accounts; make it private with chmod 600, and delete key.json if one of them read it")
    return path.read_bytes()


def write_secret(path: Path, content: bytes) -> None:
    """Put `content` in place of the file at once and durably, readable by its owner only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
