"""Monthly reports of the demo federation: two months that were told of, and one that is being written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from foundation.months import Month
from members.models import FederationReport, Member, Report
from members.services import reports

# Of each member its hub, its share of the launches, and what it wrote for each month, the newest first.
HUBS: Final = {
    "driftglass": ("heron", "Heron", 0.5),
    "mossgate": ("otter", "Otter", 0.3),
    "high-meadow": ("marten", "Marten", 0.2),
}
DAILY: Final = 620
TOLD: Final[Sequence[Mapping[str, Mapping[str, str]]]] = (
    {
        "driftglass": {
            "news": "A summer school with us: *notebooks for meteor showers*, 140 people in a week.",
            "plans": "New disks for Heron in the second week of the month. It rests for an afternoon.",
        },
        "mossgate": {
            "trouble": "The pod quota was too small for the first week of term. It is larger now, and we watch it.",
            "asks": "Does anybody have a **reading list** for librarians who begin with notebooks?",
        },
        "high-meadow": {"news": "Rack four has a second switch. Nobody noticed, which was the idea."},
    },
    {
        "driftglass": {"trouble": "A power cut took Heron out for half an hour. The telescope was not amused."},
        "mossgate": {"news": "Our “methods to run” shelf has 40 notebooks now."},
        "high-meadow": {},
    },
)
OPENINGS: Final = (
    "Term began, and with it the busiest month of the year. All three hubs took their share; Otter was full for "
    "some afternoons of the first week, and the others carried what it could not.",
    "A quiet month: exams were over, and most launches came from three summer schools.",
)


def add(members: Mapping[str, Member]) -> None:
    """Make them, counted back from the month that was over last."""
    now = timezone.now()
    last = Month(now.date().replace(day=1)).before
    _add_open(members, last, now)
    month = last
    for number, words in enumerate(TOLD):
        month = month.before
        _add_told(members, month, words, OPENINGS[number], busy=1.3 - 0.4 * number)


def _add_open(members: Mapping[str, Member], month: Month, now: datetime) -> None:
    """One that is begun, one that was sent, one that was skipped."""
    due = max(reports.due_on(month), now.date() + reports.AT_LEAST)
    values: dict[str, dict[str, Any]] = {
        "driftglass": {"state": Report.State.DRAFT, "news": "The new disks are in. Builds take half as long."},
        "mossgate": {
            "state": Report.State.SUBMITTED,
            "submitted_at": now,
            "news": "We moved the reading room; the hub did not notice.",
            "figures": _figures(month, "mossgate", 1.0),
        },
        "high-meadow": {"state": Report.State.SKIPPED, "skip_reason": "Nothing to tell: see you next month."},
    }
    for slug, facts in values.items():
        Report.objects.create(member=members[slug], month=month.first, due_on=due, opened_at=now, **facts)


def _add_told(
    members: Mapping[str, Member], month: Month, words: Mapping[str, Mapping[str, str]], opening: str, *, busy: float
) -> None:
    sent = month.ends_at + timedelta(days=6)
    sections: dict[str, list[str]] = {}
    for slug, said in words.items():
        Report.objects.create(
            member=members[slug],
            month=month.first,
            state=Report.State.SUBMITTED,
            due_on=reports.due_on(month),
            opened_at=month.ends_at,
            submitted_at=sent,
            taken_in_at=sent + timedelta(days=4),
            figures=_figures(month, slug, busy),
            **said,
        )
        for name, text in said.items():
            sections.setdefault(name, []).append(f"**{members[slug]}**\n\n{text}")
    FederationReport.objects.create(
        month=month.first,
        state=FederationReport.State.PUBLISHED,
        published_at=sent + timedelta(days=5),
        opening=opening,
        figures=_of_all(members, month, busy),
        **{name: "\n\n".join(parts) for name, parts in sections.items()},
    )


def _days(month: Month, busy: float, share: float = 1.0) -> list[int]:
    """Fewer on Saturdays and Sundays, and a wave through the month, so that it looks like one."""
    found = []
    for number in range((month.end - month.first).days):
        day = month.first + timedelta(days=number)
        factor = (0.45 if day.weekday() > 4 else 1.0) + 0.05 * (number * 7 % 5)
        found.append(round(DAILY * busy * share * factor))
    return found


def _sums(month: Month, busy: float, share: float) -> dict[str, Any]:
    launches = sum(_days(month, busy, share))
    return {
        "month": str(month),
        "as_of": month.ends_at.astimezone(UTC).isoformat(),
        "over": True,
        "redirects": launches,
        "all_redirects": sum(_days(month, busy)),
        "received": share * 0.98 + 0.02 / 3,
        "promised": share,
        "uptime": 0.9989,
        "out_minutes": 48,
        "planned_minutes": 0,
        "user_hours": round(launches * 0.7),
        "launches": float(launches),
        "launches_succeeded": float(round(launches * 0.97)),
        "incidents": [],
        "maintenance": [],
    }


def _figures(month: Month, slug: str, busy: float) -> dict[str, Any]:
    """What routing.services.report_figures would have told of the member."""
    key, name, share = HUBS[slug]
    sums = _sums(month, busy, share)
    same = ("redirects", "received", "promised", "uptime", "out_minutes", "planned_minutes", "user_hours")
    hub = {"key": key, "name": name, **{each: sums[each] for each in (*same, "launches", "launches_succeeded")}}
    return {**sums, "hubs": [hub], "days": _days(month, busy, share), "offers": [], "changes": []}


def _of_all(members: Mapping[str, Member], month: Month, busy: float) -> dict[str, Any]:
    """The same of the federation."""
    lines = [
        {"slug": slug, "name": members[slug].name, **_sums(month, busy, share)} for slug, (_, _, share) in HUBS.items()
    ]
    before = [month.before.before.before, month.before.before, month.before, month]
    months = [
        {"month": str(each), "redirects": sum(_days(each, busy - 0.1 * (3 - n)))} for n, each in enumerate(before)
    ]
    return {
        **_sums(month, busy, 1.0),
        "promised": 1.0,
        "received": 1.0,
        "hubs": len(lines),
        "members": lines,
        "days": _days(month, busy),
        "repositories": [
            {"name": "gh/ipython/ipython-in-depth", "redirects": round(1900 * busy)},
            {"name": "gh/binder-examples/requirements", "redirects": round(800 * busy)},
        ],
        "months": months,
    }
