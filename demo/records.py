"""Who the demo's organisations are: their record, people, contacts and offers. Nobody is really called so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from allauth.account.models import EmailAddress
from django.utils import timezone

from members.models import Access, ComputeOffer, Contact, Member, MemberChange, Role, User

REASON: Final = "Load the demo federation"
Roles = Contact.Role
Seen = Contact.Visibility


@dataclass(frozen=True)
class Record:
    """One organisation. Days of offers and of checks are counted from today, so that the demo does not grow old."""

    slug: str
    name: str
    facts: dict[str, Any]
    manager: str = ""
    contacts: tuple[dict[str, Any], ...] = ()
    offers: tuple[dict[str, Any], ...] = field(default=())


RECORDS: Final = (
    Record(
        slug="driftglass",
        name="Driftglass Observatory",
        manager="ada",
        facts={
            "summary": "We watch the sky by night, and lend our cluster to notebooks by day.",
            "story": "Our students learned to code in notebooks that other people's machines ran for them. When our "
            "own cluster stood idle every day from nine to five, giving something back was an easy decision.\n\n"
            "Two of us look after the hub, beside the telescope.",
            "funded_by": "Tidewater Research Trust",
            "funded_by_url": "https://tidewater.example",
            "time_zone": "Europe/Lisbon",
            "since": date(2021, 3, 1),
        },
        contacts=(
            {
                "name": "Ada Lindqvist",
                "roles": [Roles.TECHNICAL, Roles.ON_CALL],
                "email": "ada@driftglass.example",
                "chat": "Zulip: Ada Lindqvist",
                "phone": "+351 555 0100",
                "time_zone": "Europe/Lisbon",
                "visibility": Seen.MEMBERS,
                "checked": 40,
            },
            {
                "name": "Computing desk",
                "roles": [Roles.TECHNICAL, Roles.SECURITY],
                "email": "desk@driftglass.example",
                "visibility": Seen.PUBLIC,
                "position": 2,
                "checked": 40,
            },
        ),
        offers=(
            {
                "title": "The cluster by day",
                "state": "active",
                "grantor": "Driftglass Observatory",
                "provider": "own machines",
                "cpu_cores": 512,
                "memory_gib": 2048,
                "concurrent_users": 600,
                "regions": ["Lisbon"],
            },
        ),
    ),
    Record(
        slug="mossgate",
        name="Mossgate Library of Open Methods",
        manager="bo",
        facts={
            "mode": Member.Mode.TEAM,
            "summary": "A library that lends methods: readers run them instead of only reading them.",
            "story": "A method that nobody can run is a rumour. We pay for the machines; the federation's team does "
            "the rest, for which we are grateful.",
            "funded_by": "Fernhill Foundation",
            "funded_by_url": "https://fernhill.example",
            "time_zone": "Europe/Oslo",
            "since": date(2022, 9, 1),
        },
        contacts=(
            {
                "name": "Bo Aasland",
                "roles": [Roles.TECHNICAL, Roles.ADMINISTRATIVE],
                "email": "bo@mossgate.example",
                "time_zone": "Europe/Oslo",
                "visibility": Seen.MEMBERS,
                "checked": 250,
            },
            {
                "name": "Grants office",
                "roles": [Roles.FUNDING],
                "email": "grants@mossgate.example",
                "position": 2,
                "checked": 250,
            },
        ),
        offers=(
            {
                "title": "Cloud credits of this year",
                "state": "active",
                "grantor": "Fernhill Foundation",
                "provider": "Nimbus Cloud",
                "billing_account": "NIM-0042-7",
                "amount": 48_000,
                "currency": "EUR",
                "cpu_cores": 256,
                "memory_gib": 1024,
                "concurrent_users": 350,
                "regions": ["eu-north"],
                "starts": -300,
                "ends": 45,
                "restrictions": "For teaching and research only.",
            },
        ),
    ),
    Record(
        slug="high-meadow",
        name="High Meadow Computing Commons",
        manager="cleo",
        facts={
            "summary": "A cooperative of small colleges with one machine room between them.",
            "run_by": "Alder and Finch",
            "run_by_url": "https://alder-finch.example",
            "time_zone": "America/Denver",
            "since": date(2024, 6, 1),
        },
        contacts=(
            {
                "name": "Cleo Marsh",
                "roles": [Roles.TECHNICAL, Roles.ON_CALL],
                "email": "cleo@high-meadow.example",
                "visibility": Seen.PUBLIC,
                "time_zone": "America/Denver",
                "checked": 20,
            },
        ),
        offers=(
            {
                "title": "Rack four",
                "state": "active",
                "grantor": "High Meadow Computing Commons",
                "provider": "own machines",
                "cpu_cores": 128,
                "memory_gib": 512,
                "concurrent_users": 150,
                "regions": ["Boulder"],
            },
            {
                "title": "Two more machines in rack five",
                "state": "proposed",
                "grantor": "High Meadow Computing Commons",
                "provider": "own machines",
                "cpu_cores": 96,
                "memory_gib": 384,
                "concurrent_users": 100,
                "starts": 30,
            },
        ),
    ),
    Record(
        slug="saltmarsh",
        name="Saltmarsh Grid",
        facts={
            "state": Member.State.PAST,
            "summary": "A regional computing grid that has since been switched off.",
            "funded_by": "County of Saltmarsh",
            "since": date(2019, 5, 1),
            "until": date(2023, 11, 30),
            "thanks": "Saltmarsh carried every launch alone for two weeks in the winter of 2020, when nobody else "
            "could. We have not forgotten.",
        },
    ),
)


def add(record: Record) -> Member:
    """Make the organisation with all that is its own."""
    website = f"https://{record.slug}.example"
    member = Member.objects.create(slug=record.slug, name=record.name, website=website, **record.facts)
    MemberChange.objects.create(member=member, to_state=member.state, by_maintainers=True, reason=REASON)
    for facts in record.contacts:
        _add_contact(member, **facts)
    for facts in record.offers:
        _add_offer(member, **facts)
    if record.manager:
        _add_manager(member, record.manager)
    return member


def _add_contact(member: Member, *, checked: int, **facts: Any) -> None:  # noqa: ANN401
    at = timezone.now() - timedelta(days=checked)
    Contact.objects.create(member=member, checked_at=at, email_confirmed_at=at, **facts)


def _add_offer(member: Member, **facts: Any) -> None:  # noqa: ANN401
    today = timezone.now().date()
    for name in {"starts", "ends"} & facts.keys():
        facts[name] = today + timedelta(days=facts[name])
    ComputeOffer.objects.create(member=member, **facts)


def _add_manager(member: Member, name: str) -> None:
    email = f"{name}@{member.slug}.example"
    user, _ = User.objects.get_or_create(username=name, defaults={"email": email})
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    Access.objects.create(member=member, user=user, role=Role.MANAGER)
