"""How the keeper's views reach the workers: through memory they share, made before the first fork."""

from __future__ import annotations

import pickle
from typing import Final

from routing.redirector.box import Box, TooLarge
from routing.redirector.view import View

__all__ = ["LARGEST", "Mailbox", "TooLarge"]

LARGEST: Final = 16 * 1024 * 1024  # bytes of one view; memory that is never written costs nothing


class Mailbox:
    """Holds the newest view. One process puts, any may take."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._box = Box(largest)

    @property
    def number(self) -> int:
        """How many views were ever put."""
        return self._box.number

    def put(self, view: View) -> None:
        """Make this the newest view."""
        self._box.put(pickle.dumps(view, protocol=pickle.HIGHEST_PROTOCOL))

    def take(self, number: int) -> View | None:
        """The view of this number; None if it was overwritten meanwhile, and a newer one is there."""
        document = self._box.take(number)
        if document is None:
            return None
        view: View = pickle.loads(document)  # noqa: S301 - written by our own keeper, into memory nobody else has
        return view
