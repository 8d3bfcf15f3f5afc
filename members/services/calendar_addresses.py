"""Secret addresses of people's own calendars: whoever has one reads what its person may, until it is taken back."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from members.models import CalendarAddress

if TYPE_CHECKING:
    from members.models import User

SIGNER: Final = signing.Signer(sep="~", salt="calendar-address")


def make(user: User) -> CalendarAddress:
    """Another address; the one of before leads nowhere from now on."""
    values = {"number": uuid.uuid4(), "made_at": timezone.now(), "read_on": None}
    return CalendarAddress.objects.update_or_create(user=user, defaults=values)[0]


def take_back(user: User) -> bool:
    """No address any more; whether there was one."""
    return bool(CalendarAddress.objects.filter(user=user).delete()[0])


def link(address: CalendarAddress) -> str:
    """The whole address, with its secret."""
    return settings.PORTAL_URL + reverse("personal-calendar", args=[SIGNER.sign(address.number.hex)])


def of_link(secret: str) -> User | None:
    """Whose calendar this is the address of, if it still is one and the account is in use."""
    try:
        number = uuid.UUID(SIGNER.unsign(secret))
    except (signing.BadSignature, ValueError):
        return None
    found = CalendarAddress.objects.filter(number=number, user__is_active=True).select_related("user").first()
    if found is None:
        return None
    today = timezone.now().date()
    if found.read_on != today:
        CalendarAddress.objects.filter(pk=found.pk).update(read_on=today)
    return found.user
