"""What a batch of records does to the rows of a view, in memory: pure but for the functions it calls."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.contracts.envelope import Heard
from shared.domain.state import Fact
from shared.projection.view import Fold, View


class FoldFailed(Exception):
    """A view cannot take a record. `heard` is the record whose key has to wait; the cause says why."""

    def __init__(self, view: str, heard: Heard, because: object) -> None:
        super().__init__(f"view {view} cannot take {heard.envelope.type} at {heard.log} {heard.position}: {because}")
        self.view, self.heard = view, heard


class OutOfOrder(RuntimeError):
    """A record came after a later one of its key: the consumer did not keep to its marks."""


class Unreadable(NamedTuple):
    """Stands for an event that does not fit its declaration; no view takes it."""

    because: str


class Version(NamedTuple):
    """A row as the record at `position`, of the key of order `owner`, left it.

    `recorded` is the recordedtime of that record, None where the version is in the table already.
    """

    fact: Fact
    position: int
    owner: str
    recorded: str | None = None


class Closed(NamedTuple):
    """A version that held from its position up to `until`, excluded."""

    key: str
    version: Version
    until: int


class Touch(NamedTuple):
    """A record that a view folds into the row of a key."""

    key: str
    fold: Fold
    heard: Heard


def touches(view: View[Any], heard: Sequence[Heard]) -> list[Touch]:
    """The records that concern a view, each with its row's key. Raises FoldFailed."""
    found = []
    folds, log = view.folds, view.log
    for record in heard:
        if record.log != log:
            continue
        if (entry := folds.get(type(record.event))) is None:
            if isinstance(record.event, Unreadable):
                raise FoldFailed(view.name, record, record.event.because)
            continue
        fold, name = entry
        if name is None:
            key = record.envelope.initiative
            if key is None:
                raise FoldFailed(view.name, record, "it is about no initiative; declare the fold with key=")
        else:
            try:
                key = name(record.event, record)
            except Exception as error:
                raise FoldFailed(view.name, record, repr(error)) from error
            if key is None:
                continue
        found.append(Touch(key, fold, record))
    return found


class Changes:
    """The rows of a view by key, as they change. Rows that are not in `rows` do not exist."""

    def __init__(self, view: View[Any], rows: dict[str, Version] | None = None) -> None:
        self.view = view
        self.rows = rows if rows is not None else {}
        self.changed: set[str] = set()
        self.stored: dict[str, int] = {}
        """The keys whose version in the table ended, and where."""
        self.closed: list[Closed] = []
        """The versions that came and went without having been in the table."""

    def fold(self, found: Sequence[Touch]) -> int:
        """Folds records, each key's in position order; returns how many. Raises FoldFailed, OutOfOrder."""
        view, rows, closed, changed, stored = self.view, self.rows, self.closed, self.changed, self.stored
        settled = view.settled
        for key, fold, heard in found:
            old = rows.get(key)
            owner = heard.envelope.key
            if old is not None:
                if old.position >= heard.position:
                    raise OutOfOrder(f"{view.name} {key}: {heard.log} {heard.position} after {old.position}")
                if old.owner != owner:
                    because = f"row {key} is made by the records of {old.owner}, this one is of {owner}; one row has one key of order"
                    raise FoldFailed(view.name, heard, because)
            before = old.fact if old is not None else None
            try:
                after = fold(before, heard.event, heard)
                if after is before:
                    continue
                if after is not None:
                    after = settled(after)
            except Exception as error:
                raise FoldFailed(view.name, heard, repr(error)) from error
            if old is not None:
                if old.recorded is None:
                    stored[key] = heard.position
                elif view.history:
                    closed.append(Closed(key, old, heard.position))
            changed.add(key)
            if after is None:
                rows.pop(key, None)
            else:
                rows[key] = Version(after, heard.position, owner, heard.envelope.recordedtime)
        return len(found)
