"""Members' reports with the portal's own figures in them: what pages and the API go through."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from members.models import Report
from members.services import reports
from routing.services import report_figures
from routing.services.report_figures import Figures

if TYPE_CHECKING:
    from members.models import User


def figures(report: Report, now: datetime | None = None) -> Figures:
    """The portal's figures of the month: as they were when the report was submitted, else as they are now."""
    return dict(report.figures) or report_figures.of_member(report.member, report.period, now)


def submit(report: Report, changes: Mapping[str, Any], *, by: User, seen: str | None = None) -> Report:
    """Stand by it, with the figures of this moment; reports.Finished if somebody else did first."""
    now = report_figures.of_member(report.member, report.period)
    return reports.submit(report, changes, figures=now, by=by, seen=seen)
