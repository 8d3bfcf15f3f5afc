"""The first page: what this is, whether it works, and who makes it work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from routing.models import Hub
from routing.services import redirects, weights

# The bars of all hubs share one scale, so that they can be compared. It moves in few steps and leaves some room, so
# it does not jump while a share wavers.
SCALES: Final = (0.05, 0.1, 0.25, 0.5, 0.75)
ROOM: Final = 1.2


@dataclass(frozen=True)
class Status:
    """A state as people see it: `kind` gives the colour, `shape` and `word` say it without one."""

    kind: str
    shape: str
    word: str
    meaning: str = ""


SERVING: Final = Status("serving", "●", "serving")
NO_WEIGHT: Final = Status("resting", "○", "resting", "Its weight is 0: new launches go to the other hubs.")
BY_STATE: Final = {
    Hub.State.ONBOARDING: Status("resting", "○", "joining", "It is being set up and takes no launches yet."),
    Hub.State.DRAINED: Status("resting", "○", "resting", "Maintainers gave it a rest: new launches go elsewhere."),
}


@dataclass(frozen=True)
class Card:
    """A hub as the page shows it; shares are in 0..1, `received` is None before the day's first launch."""

    hub: Hub
    status: Status
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
        return percent(self.promised)

    @property
    def received_text(self) -> str:
        """What it received as a number for people."""
        if self.received is not None:
            return percent(self.received)
        return "unknown" if self.launches is None else "none yet"

    @property
    def launches_text(self) -> str:
        """The launches it was sent today."""
        return "unknown" if self.launches is None else f"{self.launches:,} launch{'' if self.launches == 1 else 'es'}"


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The federation at a glance. The part with the numbers asks for itself again every few seconds."""
    hubs = list(Hub.objects.published().select_related("member"))
    counts = redirects.today()
    cards = cards_of(hubs, counts)
    launches = None if counts is None else sum(counts.values())
    context = {
        "cards": cards,
        "status": sentence(cards),
        "launches": launches,
        "launches_text": f"{launches or 0:,}",
        "redirector": settings.REDIRECTOR_URL,
    }
    return render(request, "home/home.html", context)


def cards_of(hubs: Sequence[Hub], counts: Mapping[str, int] | None) -> list[Card]:
    """The hubs' cards, the largest promise first."""
    promised = weights.shares(hubs)
    total = sum(counts.values()) if counts else 0
    received = {key: count / total for key, count in (counts or {}).items() if total}
    largest = max([0.0, *promised.values(), *(received.get(hub.key, 0.0) for hub in hubs)])
    scale = next((step for step in SCALES if ROOM * largest <= step), 1.0)
    cards = [
        Card(
            hub=hub,
            status=status_of(hub),
            promised=promised[hub.key],
            received=received.get(hub.key, 0.0) if total else None,
            launches=None if counts is None else counts.get(hub.key, 0),
            scale=scale,
        )
        for hub in hubs
    ]
    return sorted(cards, key=lambda card: (-card.promised, card.hub.name.casefold(), card.hub.key))


def status_of(hub: Hub) -> Status:
    """What the maintainers decided for the hub; whether it is well right now, the portal does not know."""
    if hub.state != Hub.State.ACTIVE:
        return BY_STATE[Hub.State(hub.state)]
    return SERVING if hub.weight else NO_WEIGHT


def sentence(cards: Sequence[Card]) -> Status:
    """The whole federation in one sentence."""
    serving = sum(card.status is SERVING for card in cards)
    if not cards:
        return Status("unknown", "○", "No hub yet.")
    if not serving:
        return Status("trouble", "▲", "No hub is meant to take new launches right now.")
    if serving == len(cards):
        return Status(
            "serving", "●", "The hub takes launches." if serving == 1 else f"All {serving} hubs take launches."
        )
    return Status("serving", "●", f"{serving} of {len(cards)} hubs take launches; the others rest.")


def percent(share: float) -> str:
    """A share for people: one decimal, none where it says nothing."""
    return f"{100 * share:.1f}%".replace(".0%", "%")
