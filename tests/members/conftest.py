"""A mail server and a webhook for tests of what is told to whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.members.letterbox import Letterbox, Webhook, serving

# A Sunday morning, an hour after Europe set its clocks forward.
START = datetime(2027, 3, 28, 2, tzinfo=UTC)


class Clock:
    """What the portal takes for now, to be set."""

    now = START

    def set(self, minutes: float = 0, *, days: float = 0) -> datetime:
        """So long after the start."""
        self.now = START + timedelta(minutes=minutes, days=days)
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """The portal's clock."""
    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", lambda: clock.now)
    return clock


@pytest.fixture
def letterbox(settings) -> Iterator[Letterbox]:
    """A mail server, which the portal uses."""
    with serving(Letterbox()) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 2
        yield server


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """Where a channel may lead."""
    with serving(Webhook()) as server:
        yield server
