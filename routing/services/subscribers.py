"""What subscribers are told of planned maintenance and emergency drains: one message per plan, drain and change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.conf import settings

from foundation.zones import said
from members.services import notices, recipients
from routing.models import Downtime

KIND: Final = "maintenance"


def tell(rows: Sequence[Downtime]) -> None:
    """Queue it for the maintainers' channels, in the transaction that entered or changed these; they differ by hub."""
    first = rows[0]
    notices.tell(
        [each for each in recipients.maintainers() if each.channel is not None],
        kind=KIND,
        occasion=f"{first.pk}.{first.sequence}",
        subject=subject(rows),
        body=f"{body(first)}\n\n{settings.PORTAL_URL}/status",
        useful_until=first.ends_at,
    )


def subject(rows: Sequence[Downtime]) -> str:
    """What it is about, in one line."""
    first, names = rows[0], ", ".join(row.hub.name for row in rows)
    change = first.change.partition(":")[0]
    if first.emergency:
        return f"Emergency drain of {names}{f': {change}' if change else ''}"
    kind = "Outage" if first.severity == Downtime.Severity.OUTAGE else "At risk"
    return f"{kind} of {names}: {change or 'planned'}"


def body(downtime: Downtime) -> str:
    """When, what for, what was changed, and what that means for launches."""
    when = f"From {said(downtime.starts_at)} " + (f"to {said(downtime.ends_at)}" if downtime.ends_at else "on")
    change = f"{downtime.change[0].upper()}{downtime.change[1:]}." if downtime.change else ""
    return "\n".join(filter(None, (f"{when}: {downtime.text}", change, meaning(downtime))))


def meaning(downtime: Downtime) -> str:
    """What it means for launches, in a sentence."""
    if downtime.cancelled_at:
        return "Launches go on as usual."
    if downtime.change.startswith(("ended", "undrained")):
        return "Launches come back step by step."
    if downtime.severity == Downtime.Severity.AT_RISK:
        return "Launches go on; they may fail now and then."
    return "Launches go to the other hubs."
