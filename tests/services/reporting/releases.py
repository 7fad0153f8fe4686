"""The UK releases as they were published, which lie beside the repository; and small files in their manner."""

from datetime import date
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
EFFECTIVE = {2020: date(2019, 9, 30), 2021: date(2021, 3, 31), 2022: date(2022, 3, 31)}
HEADERS = (
    "GMPP ID Number",
    "project_name",
    "Department",
    '"IPA Delivery Confidence Assessment \n(A Delivery Confidence Assessment, using a five-point scale)"',
    "Project - Start Date",
    "TOTAL Baseline Whole Life Costs (Łm)",
)


def published(path: str) -> bytes:
    """A published file; the test is skipped, saying so, where the files are not beside the repository."""
    file = DATA / path
    if not file.exists():
        pytest.skip(f"the published file {path} does not lie in ../shared/data beside the repository")
    return file.read_bytes()


def release(year: int) -> bytes:
    """The annual release of that year."""
    return published(f"gmpp/gmpp_{year}.csv")


def written(*rows: str, headers: tuple[str, ...] = HEADERS) -> bytes:
    """A file with these rows under headers as the release of 2021 has them."""
    return "\r\n".join([",".join(headers), *rows, ""]).encode("utf-8-sig")
