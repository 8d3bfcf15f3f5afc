"""Makes the rows that tests need; each call gives a valid one, its arguments say what the test is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from members.models import Member, User
from routing.models import Downtime, Flip, Hub, HubHealth
from routing.services import weights

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
    """An organisation."""
    slug = slug or f"member{next(numbers)}"
    return Member.objects.create(slug=slug, **{"name": slug.title(), **values})


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
