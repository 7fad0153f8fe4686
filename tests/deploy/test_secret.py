"""Passwords in files."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from deploy.secret import password


def test_all_who_ask_first_at_the_same_moment_get_the_same_password(tmp_path: Path) -> None:
    callers = 8
    for number in range(20):
        file, together = tmp_path / str(number) / "secret", Barrier(callers)

        def ask(file: Path = file, together: Barrier = together) -> str:
            together.wait()
            return password(file)

        with ThreadPoolExecutor(callers) as pool:
            told = {asked.result() for asked in [pool.submit(ask) for _ in range(callers)]}
        assert told == {password(file)}
        assert [one.name for one in file.parent.iterdir()] == ["secret"]
        assert file.stat().st_mode & 0o777 == 0o600
