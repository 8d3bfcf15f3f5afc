"""What `manage.py check --deploy` warns of: the portal runs like this, but not as anybody wants it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def letters_go_out(**_kwargs: Any) -> list[CheckMessage]:  # noqa: ANN401
    """There is a mail server, or nobody gets a letter."""
    if not settings.MAIL_SERVER_MISSING:
        return []
    hint = "Set EMAIL_URL, as in smtp+tls://user:password@mail.example.org:587. Channels work without it."
    return [Warning("The portal has no mail server: its letters are dropped.", hint=hint, id="federation.W001")]
