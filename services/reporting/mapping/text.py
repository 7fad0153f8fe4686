"""Text as files have it: line breaks in headers, hard spaces, typographic dashes, control characters of another code page."""

import re
import unicodedata
from hashlib import sha256

MARKS = str.maketrans({"–": "-", "—": "-", "‑": "-", "−": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "\ufeff": "", "\u200b": ""})
"""Typographic variants of a character, which no reader tells apart."""


def _windows(character: str) -> str:
    # Files converted from Windows-1252 as if it were Latin-1 carry its punctuation as C1 control characters.
    if not "\x80" <= character <= "\x9f":
        return character
    return bytes([ord(character)]).decode("cp1252", "replace").replace("\ufffd", " ")


def one_line(text: str) -> str:
    """`text` on one line: single spaces, no control characters, Windows punctuation put right. What people read."""
    text = "".join(map(_windows, text))
    text = "".join(" " if unicodedata.category(character) in ("Cc", "Zl", "Zp", "Zs") else character for character in text)
    return " ".join(text.split())


def plain_key(text: str) -> str:
    """`text` for comparison: one line, compatibility forms folded (NFKC), plain dashes, underscores as spaces, case folded."""
    folded = unicodedata.normalize("NFKC", one_line(text)).translate(MARKS).replace("_", " ")
    return " ".join(folded.casefold().split())


def shortened(text: str, limit: int) -> str:
    """`text`, at most `limit` characters; says how much is missing. The file itself is kept whole."""
    return text if len(text) <= limit else f"{text[: limit - 40]}… ({len(text):,} characters, see the file)"


def identifier(text: str) -> str:
    """`text` as an identifier: itself where it is one, else with other characters as hyphens; the empty text if nothing is left."""
    kept = re.sub(r"[^A-Za-z0-9._:-]+", "-", one_line(text)).lstrip("._:-").rstrip("-")
    return kept if len(kept) <= 80 else f"{kept[:63]}-{sha256(text.encode()).hexdigest()[:16]}"
