"""What of an onboarding can be seen without asking anybody: each check says whether it is done, and what it saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from members.models import Contact, Member, Responsibility
from routing.addresses import own_domain
from routing.models import NAMES, Flip, Hub, Onboarding, OnboardingStep, UsageDay
from routing.services import names, redirects
from routing.services.operations import span

GREEN_FOR: Final = timedelta(hours=24)
# A hub that nobody has asked for so long is not known to be green.
FRESH: Final = timedelta(minutes=10)
# Any name below the hub's: it exists only if all of them do.
ANY: Final = "any-name-at-all"


@dataclass(frozen=True)
class Found:
    """What a check saw, in a few words."""

    done: bool
    said: str


@dataclass(frozen=True)
class Record:
    """A record that has to be in DNS."""

    name: str
    kind: str
    value: str


def records(hub: Hub) -> list[Record]:
    """The records to create for a hub whose name is in the federation's domain; none where it has a name of its own."""
    host = _host(hub)
    if not _is_ours(host):
        return []
    kind = "AAAA" if ":" in (hub.ip_address or "") else "A"
    return [Record(name, kind, hub.ip_address or "") for name in (host, f"*.{host}")]


def _subdomain(onboarding: Onboarding, _now: datetime) -> Found:
    hub = onboarding.hub
    host = _host(hub)
    asked = [host, f"{ANY}.{host}"] if _is_ours(host) else [host]
    found = {name: names.addresses(name) for name in asked}
    for name, addresses in found.items():
        shown = name.replace(ANY, "*")
        if not addresses:
            return Found(False, f"{shown} leads nowhere yet")
        if _is_ours(host) and hub.ip_address and hub.ip_address not in addresses:
            return Found(False, f"{shown} leads to {', '.join(sorted(addresses)[:4])}, not to {hub.ip_address}")
    return Found(True, f"{' and '.join(found).replace(ANY, '*')} lead{'s' if len(found) == 1 else ''} there")


def _names(onboarding: Onboarding, _now: datetime) -> Found:
    labels = {field.name: str(field.verbose_name) for field in Hub._meta.fields}
    missing = [labels[name] for name in NAMES if not getattr(onboarding.hub, name)]
    return Found(not missing, f"missing: {', '.join(missing)}" if missing else "all of them are known")


def _checks(onboarding: Onboarding, now: datetime) -> Found:
    health = getattr(onboarding.hub, "health", None)
    if health is None or health.checked_at is None or now - health.checked_at > FRESH:
        return Found(False, "it is not being checked yet")
    if not health.serving or health.evidence != "good":
        return Found(False, health.reason or "the last check was not good")
    flips = Flip.objects.filter(hub=onboarding.hub, at__gt=now - GREEN_FOR)
    last = flips.order_by("-at").values_list("at", flat=True).first()
    since = max(filter(None, (health.since, last, onboarding.begun_at)))
    if now - since < GREEN_FOR:
        return Found(False, f"green for {span(now - since)}; 24 hours are needed")
    return Found(True, "green for 24 hours")


def _on_call(onboarding: Onboarding, _now: datetime) -> Found:
    on_call = Contact.objects.for_role(Contact.Role.ON_CALL).filter(member=onboarding.hub.member)
    confirmed = on_call.filter(email_confirmed_at__isnull=False).first()
    if confirmed is not None:
        return Found(True, f"{confirmed} is on call")
    return Found(False, "their address is not confirmed yet" if on_call.exists() else "nobody is named as on call")


def _responsibilities(onboarding: Onboarding, _now: datetime) -> Found:
    application = onboarding.application
    if application is None or set(application.accepted) != set(Responsibility.values):
        return Found(False, "a manager of the member says yes to them here")
    return Found(True, "they said yes to all of them in the application")


def _traffic(onboarding: Onboarding, _now: datetime) -> Found:
    hub = onboarding.hub
    came = (
        bool((redirects.today() or {}).get(hub.key))
        or UsageDay.objects.filter(
            hub=hub, at__gte=onboarding.begun_at.replace(hour=0, minute=0, second=0, microsecond=0)
        ).exists()
    )
    return Found(came, "launches arrived" if came else "no launch was sent there yet")


def _listed(onboarding: Onboarding, _now: datetime) -> Found:
    hub = onboarding.hub
    listed = hub.state == Hub.State.ACTIVE and hub.member.state == Member.State.ACTIVE
    return Found(listed, "it is on the list" if listed else "it comes on the list when its traffic begins")


CHECKS: Final[Mapping[OnboardingStep.Name, Callable[[Onboarding, datetime], Found]]] = {
    OnboardingStep.Name.SUBDOMAIN: _subdomain,
    OnboardingStep.Name.NAMES: _names,
    OnboardingStep.Name.CHECKS: _checks,
    OnboardingStep.Name.ON_CALL: _on_call,
    OnboardingStep.Name.RESPONSIBILITIES: _responsibilities,
    OnboardingStep.Name.TRAFFIC: _traffic,
    OnboardingStep.Name.LISTED: _listed,
}


def _host(hub: Hub) -> str:
    return urlsplit(hub.url).hostname or ""


def _is_ours(host: str) -> bool:
    return bool(own_domain()) and host.endswith(f".{own_domain()}")
