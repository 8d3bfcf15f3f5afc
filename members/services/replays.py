"""Writes that are asked for twice: done once, answered twice.

The claim, the write and the answer are one transaction: whoever asks again meanwhile waits for it at the unique key,
and whatever is killed in between leaves nothing.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from members.models import Replay

if TYPE_CHECKING:
    from members.models import User

KEPT: Final = timedelta(hours=24)


class AnotherRequest(ValueError):
    """The key was used for something else."""


def claim(user: User, key: str, *, method: str, address: str, body: bytes) -> tuple[Replay, bool]:
    """The row of this key, and whether it is new: then write and `keep` the answer in the same transaction."""
    asked = hashlib.sha256(b"\0".join((method.encode(), address.encode(), body))).hexdigest()
    Replay.objects.filter(user=user, key=key, at__lt=timezone.now() - KEPT).delete()
    row, new = Replay.objects.get_or_create(user=user, key=key, defaults={"asked": asked})
    if row.asked != asked:
        raise AnotherRequest("This Idempotency-Key was used for another request. Make a new key for a new request.")
    return row, new


def keep(row: Replay, *, status: int, body: str, location: str, record: str) -> None:
    """Remember the answer."""
    Replay.objects.filter(pk=row.pk).update(status=status, body=body, location=location, record=record)


def tidy() -> None:
    """Forget what nobody asks for again."""
    Replay.objects.filter(at__lt=timezone.now() - KEPT).delete()
