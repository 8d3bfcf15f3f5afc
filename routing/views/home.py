"""The first page: what this is, whether it works, and who makes it work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from members.models import Text
from members.services import texts
from routing.models import Hub
from routing.services import overview, redirects, sentences, wording
from routing.services.hub_states import State
from routing.services.overview import HubOverview
from routing.views import usage

# The bars of all hubs share one scale, so that they can be compared. It moves in few steps and leaves some room, so
# it does not jump while a share wavers.
SCALES: Final = (0.05, 0.1, 0.25, 0.5, 0.75)
ROOM: Final = 1.2


@dataclass(frozen=True)
class Card:
    """A hub as the page shows it; shares are in 0..1, `received` is None before the day's first launch."""

    hub: Hub
    state: State
    promised: float
    received: float | None
    launches: int | None
    scale: float

    @property
    def promised_mark(self) -> str:
        """Where on its bar the promise is, in percent of the bar."""
        return f"{100 * self.promised / self.scale:.2f}"

    @property
    def received_length(self) -> str:
        """How long the bar of what it received is, in percent of the whole."""
        return f"{100 * (self.received or 0) / self.scale:.2f}"

    @property
    def promised_text(self) -> str:
        """The promise as a number for people."""
        return wording.percent(self.promised)

    @property
    def received_text(self) -> str:
        """What it received as a number for people."""
        if self.received is not None:
            return wording.percent(self.received)
        return "unknown" if self.launches is None else "none yet"

    @property
    def launches_text(self) -> str:
        """The launches it was sent today."""
        return "unknown" if self.launches is None else f"{self.launches:,} launch{'' if self.launches == 1 else 'es'}"


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The federation at a glance. The part with the numbers asks for itself again every few seconds."""
    now = overview.read()
    counts = redirects.today()
    cards = cards_of(now.hubs, counts)
    launches = None if counts is None else sum(counts.values())
    context = {
        "words": texts.read(Text.Part.HOME, Text.Part.STEPS, Text.Part.INVITATION),
        "cards": cards,
        "sentence": sentences.of(now),
        "launches": launches,
        "launches_text": f"{launches or 0:,}",
        **usage.of_day(),
    }
    return render(request, "home/home.html", context)


def cards_of(hubs: Sequence[HubOverview], counts: Mapping[str, int] | None) -> list[Card]:
    """The hubs' cards, in their order."""
    total = sum(counts.values()) if counts else 0
    received = {key: count / total for key, count in (counts or {}).items() if total}
    largest = max([0.0, *(max(each.promised, received.get(each.hub.key, 0.0)) for each in hubs)])
    scale = next((step for step in SCALES if ROOM * largest <= step), 1.0)
    return [
        Card(
            hub=each.hub,
            state=each.state,
            promised=each.promised,
            received=received.get(each.hub.key, 0.0) if total else None,
            launches=None if counts is None else counts.get(each.hub.key, 0),
            scale=scale,
        )
        for each in hubs
    ]
