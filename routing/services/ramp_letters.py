"""What maintainers are told of a ramp that does something by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from members.services import notices, recipients
from routing.models import Ramp, RampEvent

What = RampEvent.What

TOLD: Final = frozenset({What.UP, What.HELD, What.BACK, What.GAVE_UP, What.DONE})
KIND: Final = "ramp"
USEFUL: Final = timedelta(days=1)


def tell(ramp: Ramp, what: RampEvent.What, reason: str) -> None:
    """Queue the letters, in the transaction of what happened. A hold is told once an hour, however often it flaps."""
    now = timezone.now()
    subject, meaning = _words(ramp, what)
    why = f"Because {reason}.\n\n" if reason else ""
    link = f"{settings.PORTAL_URL}{reverse('admin:routing_ramp_change', args=[ramp.pk])}"
    notices.tell(
        recipients.maintainers(),
        kind=KIND,
        occasion=f"{ramp.pk} {what} {now:%Y-%m-%d %H}{'' if what == What.HELD else f'{now:%M:%S.%f}'}",
        subject=subject,
        body=f"{why}{meaning}\n\nThe ramp, to hold, skip or stop it: {link}",
        useful_until=now + USEFUL,
    )


def _words(ramp: Ramp, what: RampEvent.What) -> tuple[str, str]:
    hub, here = ramp.hub.name, f"{ramp.percent:g} %"
    weight = f"{ramp.to_weight.normalize():f}"
    match what:
        case What.UP:
            step = f"step {ramp.place + 1} of {len(ramp.steps)}"
            return (
                f"{hub} goes up to {here} ({step} of its ramp)",
                f"All was well. This step lasts {ramp.minutes:g} minutes.",
            )
        case What.HELD:
            return f"{hub}'s ramp waits at {here}", "It goes on by itself when that is over, and back if it lasts."
        case What.BACK:
            return f"{hub}'s ramp went back to {here}", "It goes up again by itself once the hub is well."
        case What.GAVE_UP:
            said = f"It went back {ramp.setbacks} times. It stays at {here} until a person lets it go on or stops it."
            return f"{hub}'s ramp needs you: it waits at {here}", said
        case _:
            return f"{hub}'s ramp is done", f"The hub has its full weight now, {weight}."
