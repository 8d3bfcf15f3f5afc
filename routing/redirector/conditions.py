"""Say a thing once: troubles that last are logged when they begin, when they change and when they end."""

from __future__ import annotations

import structlog

log = structlog.get_logger(__name__)


class Conditions:
    """What is wrong at present, by what it concerns."""

    def __init__(self) -> None:
        self._wrong: dict[str, str] = {}

    def wrong(self, about: str, reason: str) -> None:
        """This is wrong now; logged only if it was not before."""
        if self._wrong.get(about) != reason:
            self._wrong[about] = reason
            log.warning("trouble", about=about, reason=reason)

    def right(self, about: str) -> None:
        """Nothing is wrong with it now; logged only if something was."""
        if self._wrong.pop(about, None) is not None:
            log.info("well again", about=about)

    def __contains__(self, about: str) -> bool:
        return about in self._wrong
