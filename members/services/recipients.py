"""Who is told: the one place that knows. Until members have contacts these are the maintainers and their channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from members.models import Channel, User

MAINTAINERS: Final = "maintainers"


@dataclass(frozen=True)
class Recipient:
    """One who is told, at an e-mail address or through a channel, and why."""

    address: str
    why: str
    channel: Channel | None = None


def maintainers() -> list[Recipient]:
    """Every active maintainer with an e-mail address, and every channel that is switched on."""
    people = User.objects.filter(groups__name=MAINTAINERS, is_active=True).exclude(email="").order_by("pk")
    channels = Channel.objects.filter(enabled=True).order_by("pk")
    return [
        *(Recipient(person.email.lower(), "you are a maintainer of the federation") for person in people),
        *(Recipient(each.recipient, f"the maintainers set up the channel “{each.name}”", each) for each in channels),
    ]
