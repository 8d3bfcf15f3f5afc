"""The demo federation: invented organisations, a simulated hub for each that gives now, and a maintainer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from django.contrib.auth.models import Group
from django.db import transaction

from demo import applications, meetings, records, reports
from members.models import Member, User
from routing.models import Hub
from routing.services import hubs, policies

MAINTAINER: Final = "maintainer"
# Alerts go to maintainers who have an address; in development no letter leaves the machine.
MAINTAINER_EMAIL: Final = "maintainer@example.org"
LOOPBACK: Final = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True)
class DemoHub:
    """The hub of one organisation."""

    key: str
    name: str
    slug: str
    weight: int
    prime: bool = False


# The keys are those of demo.hubs; nobody is really called so.
HUBS: Final = (
    DemoHub("heron", "Heron", "driftglass", 50, prime=True),
    DemoHub("otter", "Otter", "mossgate", 30),
    DemoHub("marten", "Marten", "high-meadow", 20),
)

# A hub that is broken or mended shows within seconds.
POLICY: Final = {"check_period": 3, "check_failed_period": 3, "check_retries": 2}


def hub_urls(control_url: str) -> list[str]:
    """Where the demo hubs are when their switchboard is there: on the ports that follow its own."""
    port = urlsplit(control_url).port
    if port is None:
        raise ValueError(f"{control_url} names no port: DEMO_HUBS_URL is like http://127.0.0.1:8090")
    return [f"http://127.0.0.1:{port + number}" for number in range(1, len(HUBS) + 1)]


@transaction.atomic
def load(urls: Sequence[str], password: str) -> list[str]:
    """Make the federation unless there is one, and the maintainer unless there is one; what was done, in sentences.

    What a person changed stays; only a demo hub whose process listens on another port now gets its new address.
    """
    said = [_welcome(password)]
    if Hub.objects.exists() or Member.objects.exists():
        return [*said, "There is a federation already: it stays as it is.", *_move(urls)]
    members = {record.slug: records.add(record) for record in records.RECORDS}
    for facts, url in zip(HUBS, urls, strict=True):
        _add(facts, members[facts.slug], url)
    applications.add(User.objects.get(username=MAINTAINER))
    reports.add(members)
    # The agenda of the next one begins with what is late elsewhere.
    meetings.add(members)
    policies.edit(POLICY, reason=records.REASON, by=None)
    return [*said, f"Loaded {len(HUBS)} demo hubs, of invented organisations."]


def _welcome(password: str) -> str:
    maintainers, _ = Group.objects.get_or_create(name="maintainers")
    user, new = User.objects.get_or_create(username=MAINTAINER, defaults={"is_staff": True, "email": MAINTAINER_EMAIL})
    if not new:
        return f"The user {MAINTAINER} is there already and keeps the password."
    user.set_password(password)
    user.save(update_fields=["password"])
    user.groups.add(maintainers)
    return f"Made the user {MAINTAINER}, a maintainer."


def _add(facts: DemoHub, member: Member, url: str) -> None:
    hub = Hub(
        member=member,
        key=facts.key,
        name=facts.name,
        prime=facts.prime,
        state=Hub.State.ACTIVE,
        **_addresses(url),
    )
    hubs.add(hub, weight=Decimal(facts.weight), reason=records.REASON, by=None)
    hub.offers.set(member.offers.filter(state="active"))


def _move(urls: Sequence[str]) -> Iterator[str]:
    for facts, url in zip(HUBS, urls, strict=True):
        hub = Hub.objects.exclude(state=Hub.State.RETIRED).filter(key=facts.key).first()
        if hub and hub.url != url and LOOPBACK.fullmatch(hub.url) and hub.health_url == f"{hub.url}/health":
            hubs.edit(hub, _addresses(url), reason="The demo hubs listen on other ports now", by=None)
            yield f"{hub} is at {url} now."


def _addresses(url: str) -> dict[str, str]:
    return {"url": url, "health_url": f"{url}/health", "versions_url": f"{url}/versions"}
