"""What a member's people could do next, from everywhere: whoever has a reason to ask adds its source here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from django.db.models import Count, Q
from django.urls import reverse

from members.models import Member
from members.services import todos
from members.services.todos import Todo
from routing.models import Hub, HubHealth, Onboarding


def of(member: Member) -> list[Todo]:
    """Everything, the urgent first."""
    if member.state == Member.State.PAST:
        return []
    found = [each for source in SOURCES for each in source(member)]
    return sorted(found, key=lambda each: not each.urgent)


def of_hubs(member: Member) -> Iterator[Todo]:
    """Hubs that are out, and those of which nobody has said what they run on."""
    for hub in member.hubs.exclude(state=Hub.State.RETIRED).select_related("health").prefetch_related("offers"):
        if hub.state == Hub.State.ACTIVE and _is_out(hub):
            yield Todo(f"{hub} is out: see why.", reverse("hub", args=[hub.key]), urgent=True)
        if not hub.offers.all() and member.offers.exists():
            yield Todo(f"Say which of your offers {hub} runs on.", reverse("my-offers", args=[member.slug]))


def of_onboarding(member: Member) -> Iterator[Todo]:
    """What is left until their new hubs take launches."""
    unfinished = Onboarding.objects.filter(hub__member=member, finished_at=None).exclude(hub__state=Hub.State.RETIRED)
    for each in unfinished.select_related("hub").annotate(left=Count("steps", filter=Q(steps__state="open"))):
        steps = f"{each.left} step{'' if each.left == 1 else 's'}"
        yield Todo(f"The onboarding of {each.hub}: {steps} left.", reverse("onboarding", args=[member.slug]))


def _is_out(hub: Hub) -> bool:
    try:
        return not hub.health.serving
    except HubHealth.DoesNotExist:
        return False


SOURCES: Final[tuple[Callable[[Member], Iterable[Todo]], ...]] = (
    of_hubs,
    of_onboarding,
    todos.of_contacts,
    todos.of_offers,
    todos.of_reports,
    todos.of_record,
)
