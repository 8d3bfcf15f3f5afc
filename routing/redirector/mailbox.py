"""How the keeper's views reach the workers: memory they share, made before the first fork.

Two places are written in turn and a number says which is the newest. A keeper that dies while it writes leaves the
newest untouched; a worker that starts later finds it there.
"""

from __future__ import annotations

import mmap
import pickle
import zlib
from typing import Final

from routing.redirector.view import View

LARGEST: Final = 16 * 1024 * 1024  # bytes of one view; memory that is never written costs nothing

_WORD: Final = 8
_HEAD: Final = 2 * _WORD  # before each view: its length and its checksum


class TooLarge(ValueError):
    """The view does not fit; the one before stays."""


class Mailbox:
    """Holds the newest view. One process puts, any may take."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._memory = memoryview(mmap.mmap(-1, _WORD + 2 * (_HEAD + largest)))
        self._number = self._memory[:_WORD].cast("Q")

    @property
    def number(self) -> int:
        """How many views were ever put."""
        return self._number[0]

    def put(self, view: View) -> None:
        """Make this the newest view."""
        document = pickle.dumps(view, protocol=pickle.HIGHEST_PROTOCOL)
        if len(document) > self._largest:
            raise TooLarge(f"a view of {len(document)} bytes does not fit into {self._largest}")
        number = self.number + 1
        start = self._start(number)
        self._memory[start : start + _WORD] = len(document).to_bytes(_WORD, "little")
        self._memory[start + _WORD : start + _HEAD] = zlib.crc32(document).to_bytes(_WORD, "little")
        self._memory[start + _HEAD : start + _HEAD + len(document)] = document
        self._number[0] = number

    def take(self, number: int) -> View | None:
        """The view of this number; None if it was overwritten meanwhile, and a newer one is there."""
        start = self._start(number)
        length = int.from_bytes(self._memory[start : start + _WORD], "little")
        checksum = int.from_bytes(self._memory[start + _WORD : start + _HEAD], "little")
        document = self._memory[start + _HEAD : start + _HEAD + length].tobytes()
        if not number or zlib.crc32(document) != checksum:
            return None
        view: View = pickle.loads(document)  # noqa: S301 - written by our own keeper, into memory nobody else has
        return view

    def _start(self, number: int) -> int:
        return _WORD + (number % 2) * (_HEAD + self._largest)
