"""A mail server and a webhook for tests of what is told to whom."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.members.letterbox import Letterbox, Webhook, serving


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
