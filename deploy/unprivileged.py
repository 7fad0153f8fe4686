"""PostgreSQL refuses to run as root. Whom it runs as then, and where that account can reach its files."""

import os
import pwd
import secrets
import shutil
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from deploy.problems import CannotStart, explained

ELSEWHERE = Path("/var/lib/minutebook")
CANDIDATES = ("postgres", "nobody")


class AccountOptions(TypedDict, total=False):
    """Arguments of subprocess."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """An account of the machine that a server runs as."""

    name: str
    uid: int
    gid: int

    @property
    def for_popen(self) -> AccountOptions:
        """The arguments of subprocess that start a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_account() -> Account | None:
    """The account for PostgreSQL when we are root; None for anyone else, who runs it as themselves."""
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise CannotStart(f"PostgreSQL does not run as root, and there is no user {' or '.join(CANDIDATES)}: start as another user.")


def reachable(path: Path, account: Account | None) -> bool:
    """True if the account may enter `path` and every directory above it."""
    return account is None or all(_enterable(part, account) for part in (path, *path.parents))


def _enterable(path: Path, account: Account) -> bool:
    facts = path.stat()
    if facts.st_uid == account.uid:
        return bool(facts.st_mode & stat.S_IXUSR)
    return bool(facts.st_mode & (stat.S_IXGRP if facts.st_gid == account.gid else stat.S_IXOTH))


def home_for(directory: Path, account: Account | None) -> Path:
    """Where the server's files are: `directory`, or, if the account cannot enter it, a place below /var/lib/minutebook and a link."""
    if directory.is_symlink():
        return directory.resolve()
    if account is None or directory.exists() or reachable(directory.parent, account):
        return directory
    home = _elsewhere() / secrets.token_hex(8) / directory.name
    with explained(home):
        home.parent.mkdir(mode=0o711)
        directory.symlink_to(home)
    print(f"{account.name} cannot enter {directory.parent}: the database is kept in {home}.", file=sys.stderr)
    return home


def copy_for(base: Path, trees: Sequence[str], name: str, account: Account | None) -> Path:
    """`base`, or, if the account cannot enter it, a directory below /var/lib/minutebook with copies of these trees of it, side by side."""
    if reachable(base, account):
        return base
    copy = _elsewhere() / name
    if not copy.is_dir():
        beside = copy.with_name(f".{name}-{secrets.token_hex(4)}")
        with explained(copy):
            beside.mkdir()
            beside.chmod(0o755)
            for tree in trees:
                if (base / tree).is_dir():
                    shutil.copytree(base / tree, beside / tree, symlinks=True)
            try:
                beside.rename(copy)
            except OSError:
                # Another start was first.
                shutil.rmtree(beside)
    return copy


def _elsewhere() -> Path:
    with explained(ELSEWHERE):
        ELSEWHERE.mkdir(parents=True, exist_ok=True)
        ELSEWHERE.chmod(0o711)
    return ELSEWHERE
