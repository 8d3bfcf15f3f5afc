"""Addresses that send our letters back: heard of from the mail provider (Anymail) or from the mail server itself."""

from __future__ import annotations

from typing import Any, Final

import structlog
from anymail.signals import AnymailTrackingEvent, EventType, tracking

from members.services import wishes

logger = structlog.get_logger(__name__)

FOR_GOOD: Final = {
    EventType.BOUNCED: "letters to it come back",
    EventType.REJECTED: "the mail provider refuses to deliver to it",
    EventType.COMPLAINED: "its reader called our letters spam",
}


def listen() -> None:
    """Hear what the mail provider tells of the letters it carried."""
    tracking.connect(hear, dispatch_uid="members.bounces")


def hear(event: AnymailTrackingEvent, **_kwargs: Any) -> None:  # noqa: ANN401
    """Take note of a letter that came back for good; one that is only late changes nothing."""
    said = FOR_GOOD.get(event.event_type)
    if said is None or not event.recipient:
        return
    details = event.mta_response or event.description or ""
    wishes.bury(event.recipient, f"{said}{f' ({details})' if details else ''}")
    logger.warning("address_buried", told=event.event_type)
