"""What subscribers are told of planned maintenance and emergency drains: one message per downtime and change."""

from __future__ import annotations

from collections.abc import Iterable

from routing.models import Downtime
from routing.services.zones import said


def tell(rows: Iterable[Downtime]) -> None:
    """Tell the maintainers' channels of downtimes that were just entered or changed, in the same transaction."""


def subject(downtime: Downtime) -> str:
    """What it is about, in one line."""
    what = downtime.change.partition(":")[0]
    if downtime.emergency:
        return f"{downtime.hub} is {what or 'drained'}"
    kind = "Outage" if downtime.severity == Downtime.Severity.OUTAGE else "At risk"
    return f"{kind}: {downtime.hub}, {what or 'planned'}"


def body(downtime: Downtime) -> str:
    """When, what for, and what that means for launches."""
    when = f"From {said(downtime.starts_at)} " + (f"to {said(downtime.ends_at)}" if downtime.ends_at else "on")
    lines = [f"{when}: {downtime.text}"]
    if downtime.change:
        lines.append(f"{downtime.change[0].upper()}{downtime.change[1:]}.")
    return "\n".join([*lines, meaning(downtime)])


def meaning(downtime: Downtime) -> str:
    """What it means for launches, in a sentence."""
    if downtime.cancelled_at:
        return "Launches go on as usual."
    if downtime.severity == Downtime.Severity.AT_RISK:
        return "Launches go on; they may fail now and then."
    return "Launches go to the other hubs."
