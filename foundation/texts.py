"""Texts that people typed, as they are kept: what can't be seen is taken out, what can is left as it is."""

from __future__ import annotations

import unicodedata
from typing import Final

# They turn the letters around them, so that a text shows as another than it is. Right-to-left writing needs none of
# them: its own letters do it.
TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
# They stand for nothing, and XML can't hold them.
NEITHER: Final = frozenset("\ufffe\uffff")
KEPT: Final = frozenset("\n\t")


def clean(text: str) -> str:
    """The text in composed form, without control characters, with plain line ends, without blanks around it."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(each for each in text if each in KEPT or not _is_hidden(each)).strip()


def line(text: str) -> str:
    """The text in one line."""
    return " ".join(clean(text).split())


def _is_hidden(character: str) -> bool:
    return character in TURNING or character in NEITHER or unicodedata.category(character) in {"Cc", "Cs"}
