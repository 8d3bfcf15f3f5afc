"""Is the portal alive? By whether its sign of life changes, measured by our own steady clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

PERIODS: Final = 3


class Heartbeat:
    """The portal's sign of life. Clocks of two machines are compared once, at first sight; then changes count."""

    def __init__(self, *, steady: Callable[[], float], wall: Callable[[], float]) -> None:
        self._steady = steady
        self._wall = wall
        self._last: float | None = None
        self._heard_at: float | None = None

    def heard(self, at: float | None) -> None:
        """This is the newest sign of life, by the portal's clock; None if there is none."""
        if at is None or at == self._last:
            return
        age = max(0.0, self._wall() - at) if self._last is None else 0.0
        self._last = at
        self._heard_at = self._steady() - age

    def is_fresh(self, period: float) -> bool:
        """Whether the last sign of life is younger than three periods of checks."""
        return self._heard_at is not None and self._steady() - self._heard_at < PERIODS * period
