"""A CSV file as headers and rows of text (RFC 4180), within bounds; what cannot be read for certain is refused, naming the place."""

import csv
import io
from dataclasses import dataclass
from hashlib import sha256
from typing import Never

from services.reporting.mapping.text import one_line
from shared.domain.refused import Refused

MAX_BYTES = 64 * 2**20
MAX_ROWS = 200_000
MAX_COLUMNS = 500
_AS_CSV = "save it as CSV in UTF-8 and send it again"


@dataclass(frozen=True, slots=True)
class Row:
    """One record. `number` is the row as a spreadsheet counts it: the headers stand in row 1 unless blank rows come before them."""

    number: int
    cells: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """The hash of the cells, each with its length before it, in UTF-8."""
        digest = sha256()
        for cell in self.cells:
            encoded = cell.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's headers as they are, its rows, and the encoding in which it could be read."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str


def read_sheet(raw: bytes, encodings: tuple[str, ...]) -> Sheet:
    """Read a CSV file. Raises Refused (rule `file`) for what is too large, not text, wrongly quoted or without headers."""
    if len(raw) > MAX_BYTES:
        _refuse(f"the file has {len(raw):,} bytes, more than {MAX_BYTES:,}", "split it into several releases")
    text, encoding = _decoded(raw, encodings)
    # The reader would let a quote that is never closed swallow the rest of the file; in strict mode it says so.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    headers: tuple[str, ...] | None = None
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if not any(cell.strip() for cell in cells):
                continue
            if headers is None:
                headers = tuple(cells)
            else:
                rows.append(Row(number, tuple(cells)))
            if len(cells) > MAX_COLUMNS:
                _refuse(f"row {number} has {len(cells)} columns, more than {MAX_COLUMNS}", "send only the columns that the mapping reads")
            if len(rows) > MAX_ROWS:
                _refuse(f"the file has more than {MAX_ROWS:,} rows", "split it into several releases")
    except csv.Error as error:
        _refuse(
            f"row {number + 1} (line {reader.line_num}) is not CSV: {error}",
            "a cell with a quote, a comma or a line break must be in double quotes, and quotes inside it doubled (RFC 4180)",
        )
    if headers is None:
        _refuse("the file has no row with headers", "send the file with its header row")
    if not rows:
        _refuse(f"the file has headers ({', '.join(map(one_line, headers))[:200]}) and no rows", "send the whole release")
    return Sheet(headers, tuple(rows), encoding)


def _decoded(raw: bytes, encodings: tuple[str, ...]) -> tuple[str, str]:
    if raw[:4] == b"PK\x03\x04":
        _refuse("the file is a ZIP archive or a workbook, not CSV", _AS_CSV)
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        _refuse("the file is in UTF-16", _AS_CSV)
    if (place := raw.find(b"\0")) >= 0:
        _refuse(f"byte {place + 1:,} is a NUL: this is not a text file, or one in UTF-16", _AS_CSV)
    for encoding in encodings:
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return _refuse(f"the file is in none of the encodings of its mapping ({', '.join(encodings)})", _AS_CSV)


def _refuse(because: str, way_out: str) -> Never:
    raise Refused("file", because, field="file", way_out=way_out)
