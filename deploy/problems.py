"""What can keep the product from starting, said in one sentence to the person at the terminal."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class CannotStart(Exception):
    """A start that failed for a reason a person can mend. The message is one sentence: what is wrong and the way out."""


def explain(error: OSError, where: Path | str) -> CannotStart:
    """Turn an error of the operating system into a sentence; `where` is the directory or file that was being written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CannotStart(f"The disk that holds {where} is full: free some space there and start again.")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return CannotStart(f"{where} cannot be written by this user: choose another place, or give this user the right.")
    return CannotStart(f"{where} cannot be used ({error.strerror or error}).")


@contextmanager
def explained(where: Path | str) -> Iterator[None]:
    """Raise CannotStart in place of an OSError that happens while `where` is written."""
    try:
        yield
    except OSError as error:
        raise explain(error, where) from error
