"""The federation's report of a month: begun from what members sent, edited, and published for everybody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone

from foundation import reasons
from foundation.months import Month, month_of
from members.models import FederationReport, Report
from members.models.reports import COMPILED
from members.services import access, edits, history
from routing.services import report_figures, wording
from routing.services.report_figures import Figures

if TYPE_CHECKING:
    from members.models import User

DRAFT, PUBLISHED = FederationReport.State
SECTIONS: Final = Report.RECORD
# What would make a name something else in markdown; hyphens and the like stay easy to read for who edits it.
MARKS: Final = re.compile(r"([\\`*_\[\]<>&])")


class FederationReportsError(edits.EditError):
    """Nothing was changed; the text says why."""


def figures(report: FederationReport, now: datetime | None = None) -> Figures:
    """The federation's figures of the month: as they were when it was published, else as they are now."""
    return dict(report.figures) or report_figures.of_federation(report.period, now)


@transaction.atomic
def begin(month: Month, *, by: User) -> FederationReport:
    """Begin the report of a month with the figures in a sentence and what members sent; the one there is, if it is."""
    _require_maintainer(by)
    if month.ends_at > timezone.now():
        raise FederationReportsError(f"{month.words} is not over yet.")
    row, new = FederationReport.objects.get_or_create(month=month.first)
    if new:
        row.opening = opening(report_figures.of_federation(month))
        history.sign(row, by=by, reason="begun")
        row.save(update_fields=["opening", "changed_at"])
        take_in(row, by=by)
        row.refresh_from_db()
    return row


@transaction.atomic
def take_in(report: FederationReport, *, by: User) -> int:
    """Add what members sent since it was begun; from how many. What is there already stays as it was edited."""
    _require_maintainer(by)
    row = edits.locked(report)
    waiting = Report.objects.submitted().filter(month=row.month, taken_in_at=None)
    added = [each for each in waiting.select_for_update(of=("self",)).select_related("member") if _add(row, each)]
    if added:
        now = timezone.now()
        Report.objects.filter(pk__in=[each.pk for each in added]).update(taken_in_at=now)
        history.save(row, by=by, reason=f"added {wording.listed([str(each.member) for each in added])}"[:500])
    return len(added)


@transaction.atomic
def edit(
    report: FederationReport, changes: Mapping[str, Any], *, by: User, seen: str | None = None
) -> FederationReport:
    """Change its words; of a published one everybody reads them at once. `seen`: see edits.write."""
    _require_maintainer(by)
    row = edits.locked(report)
    changed = edits.apply(row, changes, seen=seen)
    if row.state == PUBLISHED and not row.opening:
        raise FederationReportsError("A published report needs an opening: say in a paragraph what the month was like.")
    if changed:
        history.save(row, by=by, fields=[*changed, "changed_at"])
    return row


@transaction.atomic
def publish(report: FederationReport, *, by: User) -> FederationReport:
    """Let everybody read it, with the figures as they are now. Of two who do so at once one is told."""
    _require_maintainer(by)
    row = edits.locked(report)
    if row.state == PUBLISHED:
        raise FederationReportsError("It is published already.")
    if not row.opening.strip():
        raise FederationReportsError("It has no opening yet: say in a paragraph what the month was like.")
    now = timezone.now()
    row.figures = report_figures.of_federation(row.period, now)
    row.state, row.published_by, row.published_at = PUBLISHED, by, row.published_at or now
    history.save(row, by=by, reason="published")
    return row


@transaction.atomic
def take_back(report: FederationReport, *, reason: str, by: User) -> FederationReport:
    """Let only maintainers read it again, and say why. Published once more it has the figures of then."""
    _require_maintainer(by)
    reason = reasons.checked(reason)
    row = edits.locked(report)
    if row.state != PUBLISHED:
        raise FederationReportsError("It is not published.")
    row.state, row.figures = DRAFT, {}
    history.save(row, by=by, reason=reason)
    return row


def opening(found: Figures) -> str:
    """The figures in a sentence or two, to begin with."""
    month = month_of(found["month"]).words
    members = sum(1 for each in found["members"] if each["redirects"])
    said = [f"In {month} the federation served {found['redirects']:,} launches"]
    if members:
        said.append(f" on hubs of {members} member{'' if members == 1 else 's'}")
    if found["uptime"] is not None:
        said.append(f"; its hubs were up {wording.availability(found['uptime'])} of the time")
    return "".join(said) + "."


def _add(row: FederationReport, report: Report) -> bool:
    """Put a member's words under its name into each section; not at all if they would not fit."""
    name = MARKS.sub(r"\\\1", report.member.name.strip())
    words = {each: getattr(report, each) for each in SECTIONS}
    joined = {
        each: "\n\n".join(filter(None, (getattr(row, each), f"**{name}**", text)))
        for each, text in words.items()
        if text
    }
    if any(len(text) > COMPILED for text in joined.values()):
        return False
    for each, text in joined.items():
        setattr(row, each, text)
    return True


def _require_maintainer(by: User) -> None:
    if not access.is_maintainer(by):
        raise access.NotAllowed("Only maintainers write the federation's report.")
