"""Makes the rows that tests need; each call gives a valid one, its arguments say what the test is about."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import F
from django.utils import timezone

from members.models import (
    Access,
    Channel,
    ComputeOffer,
    Contact,
    FederationReport,
    Invitation,
    Meeting,
    MeetingSeries,
    Member,
    Notice,
    Report,
    Role,
    Token,
    User,
)
from members.services import meeting_series
from members.services.recurrence import Slot
from routing.models import (
    Delivery,
    Downtime,
    DriftSource,
    Flip,
    HealthSample,
    Hub,
    HubHealth,
    Incident,
    Ramp,
    TimedChange,
    UsageDay,
    UsageHour,
    UsageMinute,
    Webhook,
)
from routing.services import weights
from routing.usage_batches import Batch

numbers = count(1)


def make_user(name: str = "", **values: Any) -> User:
    """A person without any role, and without a password: that takes a tenth of a second to make."""
    name = name or f"person{next(numbers)}"
    return User.objects.create_user(name, f"{name}@example.org", **values)


def make_maintainer(name: str = "") -> User:
    """A person with staff status and the maintainers' role."""
    user = make_user(name or f"maintainer{next(numbers)}", is_staff=True)
    user.groups.add(Group.objects.get(name="maintainers"))
    return user


def make_member(slug: str = "", **values: Any) -> Member:
    """An organisation; one that paused or left gave something before."""
    slug = slug or f"member{next(numbers)}"
    known = {"since": date(2024, 6, 1)} if values.get("state") in {"paused", "past"} else {}
    return Member.objects.create(slug=slug, **{"name": slug.title(), **known, **values})


def make_person(member: Member, role: Role = Role.MANAGER, name: str = "") -> User:
    """A person with access to the member."""
    user = make_user(name)
    Access.objects.create(member=member, user=user, role=role)
    return user


def make_contact(member: Member | None = None, **values: Any) -> Contact:
    """A technical contact of a member, confirmed, for its own people and maintainers."""
    number = next(numbers)
    found = {"name": f"Contact {number}", "email": f"contact{number}@example.org", "roles": ["technical"]}
    times = {"email_confirmed_at": timezone.now(), "checked_at": timezone.now()}
    return Contact.objects.create(member=member or make_member(), **{**found, **times, **values})


def make_offer(member: Member | None = None, **values: Any) -> ComputeOffer:
    """An active offer that goes on."""
    found = {"title": f"Offer {next(numbers)}", "state": ComputeOffer.State.ACTIVE}
    return ComputeOffer.objects.create(member=member or make_member(), **{**found, **values})


def make_report(member: Member | None = None, *, month: date = date(2026, 10, 1), **values: Any) -> Report:
    """An open report of a member, due on the tenth of the next month; of one that is submitted, as of that day."""
    due = (month + timedelta(days=31)).replace(day=10)
    if values.get("state") == Report.State.SUBMITTED:
        values = {"submitted_at": datetime(due.year, due.month, due.day, tzinfo=UTC), **values}
    return Report.objects.create(member=member or make_member(), month=month, **{"due_on": due, **values})


def make_federation_report(*, month: date = date(2026, 10, 1), **values: Any) -> FederationReport:
    """A draft of the federation's report; one that is published, as of now."""
    if values.get("state") == FederationReport.State.PUBLISHED:
        values = {"published_at": timezone.now(), **values}
    return FederationReport.objects.create(month=month, **{"opening": "A quiet month.", **values})


def make_access(name: str = "", *, role: str = "viewer", member: Member | None = None) -> Access:
    """A person with this role at a member."""
    return Access.objects.create(user=make_user(name), member=member or make_member(), role=role)


def make_invitation(member: Member, email: str = "", **values: Any) -> Invitation:
    """An invitation that is open; nobody knows its secret."""
    number = next(numbers)
    found = {"secret_hash": f"{number:064}", "expires_at": timezone.now() + timedelta(days=14)}
    return Invitation.objects.create(member=member, email=email or f"new{number}@example.org", **{**found, **values})


def make_slot(rule: str = "FREQ=MONTHLY;BYDAY=3TU", **values: Any) -> Slot:
    """The third Tuesday of each month, at nine in London, for an hour."""
    found = {"first_on": date(2026, 1, 1), "local_time": time(9), "time_zone": "Europe/London", "minutes": 60}
    return Slot(rule, **{**found, **values})


def make_series(*slots: Slot, **values: Any) -> MeetingSeries:
    """A series of meetings, with the next twelve of them."""
    found = {"title": f"Series {next(numbers)}", "place": "https://video.example.org/room", **values}
    return meeting_series.create(found, slots or [make_slot()], by=None)


def make_meeting(*, starts: float = 24, minutes: int = 60, **values: Any) -> Meeting:
    """A meeting of its own that starts so many hours from now."""
    at = timezone.now().astimezone(UTC).replace(microsecond=0) + timedelta(hours=starts)
    found = {"title": f"Meeting {next(numbers)}", "place": "https://video.example.org/room"}
    return Meeting.objects.create(starts_at=at, ends_at=at + timedelta(minutes=minutes), **{**found, **values})


def make_channel(name: str = "", address: str = "json://127.0.0.1:9/secret-path", **values: Any) -> Channel:
    """A channel that is switched on, to a webhook where nobody answers."""
    return Channel.objects.create(name=name or f"channel{next(numbers)}", address=address, **values)


def make_notice(recipient: str = "", **values: Any) -> Notice:
    """A letter that waits, due now."""
    number = next(numbers)
    found = {"kind": "test", "occasion": f"occasion {number}", "subject": f"Subject {number}", "body": "What to say."}
    return Notice.objects.create(recipient=recipient or f"person{number}@example.org", **{**found, **values})


def make_hub(key: str = "", **values: Any) -> Hub:
    """An active hub with weight 1; nothing is published by this."""
    return Hub.objects.create(**hub_values(key, **values))


def hub_values(key: str = "", **values: Any) -> dict[str, Any]:
    """The fields of such a hub, in case the test makes it by a service or a form."""
    key = key or f"hub{next(numbers)}"
    url = values.get("url", f"https://{key}.example.org")
    if "member" not in values:
        values["member"] = Member.objects.filter(slug=key).first() or make_member(key)
    return {
        "key": key,
        "name": key.upper(),
        "url": url,
        "health_url": f"{url}/health",
        "versions_url": f"{url}/versions",
        "state": Hub.State.ACTIVE,
        "weight": Decimal(1),
        **values,
    }


def change_weights(by: User | None = None, reason: str = "as agreed", **new: int) -> Any:
    """An edit of weights, by hub key; the batch."""
    hubs = {hub.key: hub.pk for hub in Hub.objects.filter(key__in=new)}
    return weights.change({hubs[key]: Decimal(value) for key, value in new.items()}, reason=reason, by=by)


def make_ramp(hub: Hub | None = None, *, weight: float = 100, **values: Any) -> Ramp:
    """A ramp of a hub from nothing to a weight, which it has, that began just now; steps of an hour each."""
    hub = hub or make_hub()
    Hub.objects.filter(pk=hub.pk).update(weight=weight)
    steps = [[1, 60], [10, 60], [50, 60]]
    found = {"from_weight": Decimal(0), "to_weight": Decimal(weight), "steps": steps, "reason": "it is new"}
    return Ramp.objects.create(hub=hub, **{**found, **values})


def make_timed_change(hub: Hub | None = None, *, hours: float = 1, **values: Any) -> TimedChange:
    """A hub's weight that goes from 2, which it has, back to 1 in so many hours."""
    hub = hub or make_hub()
    Hub.objects.filter(pk=hub.pk).update(weight=2)
    until = timezone.now() + timedelta(hours=hours)
    found = {"batch": uuid.uuid4(), "weight": 2, "back_to": 1, "until": until, "reason": "a course"}
    return TimedChange.objects.create(hub=hub, **{**found, **values})


def make_token(user: User | None = None, **values: Any) -> Token:
    """A maintainer's token that works for a day; its secret is lost."""
    user, number = user or make_maintainer(), next(numbers)
    found = {
        "name": f"token {number}",
        "prefix": f"fed_{number:08}",
        "digest": f"{number:064}",
        "scopes": ["read"],
        "created_by": user,
        "expires_at": timezone.now() + timedelta(days=1),
    }
    return Token.objects.create(user=user, **{**found, **values})


def make_delivery(**values: Any) -> Delivery:
    """One event for a webhook of its own, which waits."""
    number = next(numbers)
    webhook = Webhook.objects.create(
        name=f"hook {number}", url="https://hooks.example.org/", secret="whsec_c2VjcmV0", events=["hub.flipped"]
    )
    found = {"event": "test", "occasion": f"test {number}", "body": '{"event": "test"}'}
    return Delivery.objects.create(webhook=webhook, **{**found, **values})


def make_downtime(hub: Hub | None = None, *, starts: float = -1, ends: float | None = 1, **values: Any) -> Downtime:
    """An outage of a hub from `starts` to `ends`, in hours from now."""
    now = timezone.now()
    return Downtime.objects.create(
        **{
            "hub": hub or make_hub(),
            "starts_at": now + timedelta(hours=starts),
            "ends_at": None if ends is None else now + timedelta(hours=ends),
            "text": "new disks",
            **values,
        }
    )


def make_drift_source(name: str = "", **values: Any) -> DriftSource:
    """A list elsewhere, where nobody answers."""
    name = name or f"list{next(numbers)}.yml"
    return DriftSource.objects.create(name=name, **{"url": f"https://127.0.0.1:9/{name}", **values})


def put_out(hub: Hub, *, minutes: float = 0, reason: str = "does not answer") -> Flip:
    """Let the checks have found the hub out since so many minutes; the flip."""
    at = timezone.now() - timedelta(minutes=minutes)
    _write_health(hub, serving=False, since=at, reason=reason)
    return Flip.objects.create(hub=hub, at=at, to=Flip.To.OUT, reason=reason)


def bring_back(hub: Hub, *, minutes: float = 0) -> Flip:
    """Let the checks have found the hub well again since so many minutes; the flip."""
    at = timezone.now() - timedelta(minutes=minutes)
    _write_health(hub, serving=True, since=at, returned_at=at, reason="")
    return Flip.objects.create(hub=hub, at=at, to=Flip.To.SERVING)


def _write_health(hub: Hub, *, serving: bool, since: datetime, **values: Any) -> None:
    HubHealth.objects.update_or_create(hub=hub, defaults={"serving": serving, "since": since, **values})


def make_health(hub: Hub, **values: Any) -> HubHealth:
    """What the checks found of a hub: by default it was checked just now and is well."""
    now = timezone.now()
    found = {"checked_at": now, "since": now - timedelta(hours=5), "evidence": "good", "answer_seconds": 0.12}
    return HubHealth.objects.update_or_create(hub=hub, defaults={**found, **values})[0]


def make_checked_hub(key: str = "", health: dict[str, Any] | None = None, **values: Any) -> Hub:
    """An active hub with weight 1 that was checked just now and is well, unless `health` says otherwise."""
    hub = make_hub(key, **values)
    make_health(hub, **(health or {}))
    return hub


def make_flips(hub: Hub, *flips: tuple[datetime, str], reason: str = "") -> None:
    """What is known of the hub's health from each of these moments on."""
    Flip.objects.bulk_create(Flip(hub=hub, at=at, to=to, reason=reason if to == "out" else "") for at, to in flips)


def make_samples(hub: Hub, *seconds: float | None, until: datetime | None = None, every: float = 15) -> None:
    """Answers of the hub to its checks, the last one at `until`; None is no answer."""
    end = until or timezone.now()
    HealthSample.objects.bulk_create(
        HealthSample(
            hub=hub,
            at=end - timedelta(seconds=every * (len(seconds) - 1 - number)),
            evidence="unreachable" if each is None else "good",
            answer_seconds=each,
        )
        for number, each in enumerate(seconds)
    )


def make_incident(*hubs: Hub, said: str = "We are looking into it.", **values: Any) -> Incident:
    """An open incident that maintainers published, with one update."""
    incident = Incident.objects.create(**{"title": "Builds are slow", **values})
    incident.hubs.set(hubs)
    incident.updates.create(phase="investigating", text=said, at=incident.opened_at)
    return incident


def make_batch(
    redirector: str = "0123456789abcdef", number: int = 1, at: datetime | None = None, **launches: int
) -> Batch:
    """Counts that a redirector hands over, by hub key: all of them home, in the minute of `at`."""
    minute = (at or timezone.now()).replace(second=0, microsecond=0)
    return Batch(redirector, number, tuple((minute, hub, "home", count) for hub, count in launches.items()))


def make_usage(hub: Hub, at: datetime, launches: int, reason: str = "home") -> None:
    """Launches of a hub in one minute, in all three tables."""
    for table, begin in (
        (UsageMinute, at.replace(second=0, microsecond=0)),
        (UsageHour, at.replace(minute=0, second=0, microsecond=0)),
        (UsageDay, at.replace(hour=0, minute=0, second=0, microsecond=0)),
    ):
        found, _ = table.objects.get_or_create(hub=hub, at=begin, reason=reason, defaults={"launches": 0})
        table.objects.filter(pk=found.pk).update(launches=F("launches") + launches)
