"""Memory that processes share, with room for one document and the one before it.

Two places are written in turn and a number says which is the newest. A process that dies while it writes leaves the
newest untouched; one that starts later finds it there.
"""

from __future__ import annotations

import mmap
import zlib
from typing import Final

_WORD: Final = 8
_FRONT: Final = 2 * _WORD  # the number of the newest, and of the newest that was taken for good
_HEAD: Final = 2 * _WORD  # before each document: its length and its checksum


class TooLarge(ValueError):
    """The document does not fit; the one before stays."""


class Box:
    """Holds the newest document. One process puts, one may say that it took it, any may look."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._memory = memoryview(mmap.mmap(-1, _FRONT + 2 * (_HEAD + largest)))
        self._front = self._memory[:_FRONT].cast("Q")

    @property
    def number(self) -> int:
        """How many documents were ever put."""
        return self._front[0]

    @property
    def taken(self) -> int:
        """The number of the newest document that was taken for good."""
        return self._front[1]

    def acknowledge(self, number: int) -> None:
        """The document of this number was taken for good."""
        self._front[1] = number

    def put(self, document: bytes) -> None:
        """Make this the newest document."""
        if len(document) > self._largest:
            raise TooLarge(f"{len(document)} bytes do not fit into {self._largest}")
        number = self.number + 1
        start = self._start(number)
        self._memory[start : start + _WORD] = len(document).to_bytes(_WORD, "little")
        self._memory[start + _WORD : start + _HEAD] = zlib.crc32(document).to_bytes(_WORD, "little")
        self._memory[start + _HEAD : start + _HEAD + len(document)] = document
        self._front[0] = number

    def take(self, number: int) -> bytes | None:
        """The document of this number; None if it was overwritten meanwhile, and a newer one is there."""
        start = self._start(number)
        length = int.from_bytes(self._memory[start : start + _WORD], "little")
        checksum = int.from_bytes(self._memory[start + _WORD : start + _HEAD], "little")
        if not number or length > self._largest:
            return None  # half of another document is there
        document = self._memory[start + _HEAD : start + _HEAD + length].tobytes()
        return document if zlib.crc32(document) == checksum else None

    def _start(self, number: int) -> int:
        return _FRONT + (number % 2) * (_HEAD + self._largest)
