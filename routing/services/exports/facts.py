"""What the exports are written from: every hub with its other names, its member, and the policy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from members.models import Member
from members.services import visibility
from routing.addresses import own_domain
from routing.models import Hub, Policy, WeightChange

# Words of addresses that many hubs have and that therefore name none of them.
COMMON = frozenset(
    {
        "www",
        "org",
        "com",
        "net",
        "dev",
        "edu",
        "io",
        "de",
        "hub",
        "binder",
        "binderhub",
        "mybinder",
        "jupyter",
        "notebooks",
    }
)


@dataclass(frozen=True)
class HubFacts:
    """A hub as other lists know it."""

    hub: Hub
    member: Member
    # Whether it ever was to get launches: one that never did is nobody's past hub.
    served: bool

    @property
    def key(self) -> str:
        """Its name in the redirector."""
        return self.hub.key

    @property
    def url(self) -> str:
        """Its address."""
        return self.hub.url

    @property
    def weight(self) -> int | float:
        """Its weight in a list that knows no states: none for a hub that is to get no launches."""
        return number(self.hub.weight) if self.hub.state == Hub.State.ACTIVE else 0

    @property
    def is_past(self) -> bool:
        """Whether it left."""
        return self.hub.state == Hub.State.RETIRED or self.member.state == Member.State.PAST

    @property
    def is_live(self) -> bool:
        """Whether it belongs to the federation and was shown to the public: a drained one still is."""
        return not self.is_past and self.hub.state in (Hub.State.ACTIVE, Hub.State.DRAINED)

    @property
    def host(self) -> str:
        """The host of its address, with the port if there is one."""
        return urlsplit(self.hub.url).netloc

    @property
    def release(self) -> str:
        """The name of its Helm release."""
        return self.hub.helm_release or self.hub.key

    @property
    def grafana_name(self) -> str:
        """Its name in Grafana."""
        return self.hub.grafana_name or self.hub.name

    @property
    def origin(self) -> str:
        """What its launch events call it."""
        return self.hub.event_origin or self.host

    @property
    def prometheus_url(self) -> str:
        """Where its Prometheus answers; without a word from its operators where such a hub has it."""
        if self.hub.prometheus_url:
            return self.hub.prometheus_url
        parts = urlsplit(self.hub.url)
        return f"{parts.scheme}://prometheus.{parts.netloc}"

    @property
    def ip_address(self) -> str:
        """Where its names in the federation's domain lead to; empty if nobody said."""
        return self.hub.ip_address or ""

    @property
    def logo(self) -> str:
        """The address of its member's logo; empty without one."""
        path = getattr(self.member, "logo_url", "")
        return f"{settings.PORTAL_URL}{path}" if path else ""

    @property
    def funder(self) -> str:
        """Who pays."""
        return self.member.funded_by or self.member.name

    @property
    def names(self) -> frozenset[str]:
        """Every word that may stand for this hub in somebody else's list, in small letters."""
        named = (self.key, self.hub.name, self.member.slug, self.member.name, self.release, self.grafana_name)
        return frozenset(
            word for name in (*named, self.host, self.hub.event_origin, self.member.funded_by) for word in words(name)
        )


@dataclass(frozen=True)
class Facts:
    """All that exports say. Hubs are in the order of their keys."""

    hubs: tuple[HubFacts, ...]
    members: tuple[Member, ...]
    policy: Policy
    portal: str
    # The federation's own domain, such as mybinder.org; empty where it has none.
    domain: str

    @property
    def published(self) -> list[HubFacts]:
        """Those that redirectors know."""
        return [each for each in self.hubs if each.hub.state != Hub.State.RETIRED]

    @property
    def live(self) -> list[HubFacts]:
        """Those that the public knows, by name."""
        return sorted((each for each in self.hubs if each.is_live), key=by_name)

    @property
    def listed(self) -> list[HubFacts]:
        """Those that the public knows or knew, by name; an address that is used again belongs to who has it now."""
        live = self.live
        taken = {each.url for each in live}
        past = [each for each in self.hubs if each.is_past and each.served and each.url not in taken]
        return sorted([*live, *past], key=by_name)


def read() -> Facts:
    """The facts as they are now, in three queries."""
    served = WeightChange.objects.filter(Q(to_weight__gt=0) | Q(from_weight__gt=0), hub=OuterRef("pk"))
    hubs = Hub.objects.select_related("member").annotate(served=Exists(served)).order_by("key")
    return Facts(
        hubs=tuple(HubFacts(hub, hub.member, bool(getattr(hub, "served", False)) or hub.weight > 0) for hub in hubs),
        members=tuple(visibility.members(visibility.Viewer()).order_by("name", "slug")),
        policy=Policy.objects.current(),
        portal=settings.PORTAL_URL,
        domain=own_domain(),
    )


def by_name(each: HubFacts) -> tuple[str, str]:
    """As people sort names."""
    return (each.hub.name.casefold(), each.key)


def number(value: Decimal | float) -> int | float:
    """A number as people write it: 30, not 30.000."""
    return int(value) if value == int(value) else float(value)


def words(text: str) -> list[str]:
    """The telling words of a name or an address."""
    found = re.split(r"[^a-z0-9]+", text.casefold())
    return [word for word in found if len(word) > 1 and word not in COMMON and not word.isdigit()]
