"""One terminal for many processes: every line says whose it is."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
OURS = "federation"


class Terminal:
    """Merges lines; in colour where a person looks."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._colourful = out.isatty() and "NO_COLOR" not in os.environ
        self._colours: dict[str, int] = {}

    def say(self, words: str) -> None:
        """A line of our own, which stands out."""
        for line in words.splitlines():
            self._write(OURS, f"\x1b[1m{line}\x1b[0m" if self._colourful else line, 1)

    def line(self, name: str, line: str) -> None:
        """A line that the process `name` wrote."""
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        self._write(name, line, colour)

    def _write(self, name: str, line: str, colour: int) -> None:
        label = f"{name:<10} |"
        if self._colourful:
            label = f"\x1b[{colour}m{label}\x1b[0m"
        # A terminal that is closed must not keep the rest from being ended in order.
        with suppress(OSError, ValueError):
            self._out.write(f"{label} {line}\n")
            self._out.flush()
