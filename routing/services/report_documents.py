"""The federation's published reports for programs and archives: as markdown, and as an Atom feed."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from html import escape
from typing import Final

from foundation.markdown import escape_markdown, render_markdown
from foundation.months import month_of
from members.models import FederationReport
from routing.services import federation_reports, wording
from routing.services.feeds import SPACE, Atom, Feed
from routing.services.report_figures import Figures

NEWEST: Final = 24
HEADINGS: Final = tuple((name, FederationReport.label(name).capitalize()) for name in FederationReport.RECORD[1:])


def as_markdown(report: FederationReport, portal: str) -> str:
    """All of it as markdown, figures as tables."""
    return "\n\n".join(_parts(report, portal)) + "\n"


def feed(portal: str) -> Feed:
    """The newest reports, whole, as Atom (RFC 4287). One query."""
    rows = list(FederationReport.objects.published()[:NEWEST])
    made = Atom(
        title="Reports of the BinderHub federation",
        link=f"{portal}/reports/",
        feed_url=f"{portal}/reports.atom",
        description=None,
        feed_guid=f"urn:uuid:{uuid.uuid5(SPACE, 'reports')}",
        author_name="The federation's maintainers",
        language="en",
    )
    for row in rows:
        made.add_item(
            title=str(row),
            link=f"{portal}/reports/{row.period}/",
            description=_html(row),
            unique_id=f"urn:uuid:{uuid.uuid5(SPACE, f'report/{row.period}')}",
            pubdate=row.published_at,
            updateddate=row.changed_at,
        )
    body = made.writeString("utf-8").encode()
    return Feed(body, max((row.changed_at for row in rows), default=None))


def _own(text: str) -> str:
    """What people wrote, so that a document shows it as the page does: headings, rules and tags are none of theirs."""
    return re.sub(r"(?m)^( {0,3})(?=#{1,6}(\s|$)|[-=_*]{3,}\s*$|<)", r"\1\\", text)


def _parts(report: FederationReport, portal: str) -> Iterator[str]:
    found = federation_reports.figures(report)
    yield f"# {report}"
    yield _own(report.opening)
    yield "## In figures"
    yield _table(("What", "How much"), [(name, value) for name, value in in_figures(found)])
    if found["members"]:
        yield "## Members"
        yield _table(
            ("Member", "Launches", "Promised", "Received", "Up"),
            [
                (
                    escape_markdown(each["name"]),
                    f"{each['redirects']:,}",
                    _share(each["promised"]),
                    _share(each["received"]),
                    wording.availability(each["uptime"]),
                )
                for each in found["members"]
            ],
        )
    for name, heading in HEADINGS:
        if getattr(report, name):
            yield f"## {heading}"
            yield _own(getattr(report, name))
    if found["incidents"]:
        yield "## Incidents"
        yield "\n".join(f"- {each['opened_at'][:10]}: {escape_markdown(each['title'])}" for each in found["incidents"])
    yield f"---\n\n{portal}/reports/{report.period}/"


def in_figures(found: Figures) -> list[tuple[str, str]]:
    """What there is to tell in numbers, by name."""
    hours, launches = found["user_hours"], found["launches"]
    rows = [
        ("Launches served", f"{found['redirects']:,}"),
        ("Hubs", f"{found['hubs']:,}"),
        ("Up", wording.availability(found["uptime"])),
        ("User-hours", "unknown" if hours is None else f"{hours:,}"),
        ("Incidents", f"{len(found['incidents']):,}"),
        ("Maintenance announced", f"{len(found['maintenance']):,}"),
    ]
    if launches:
        worked = wording.percent(found["launches_succeeded"] / launches)
        rows.insert(1, ("Launches that worked, as the hubs count them", f"{worked} of {launches:,.0f}"))
    return rows


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _html(report: FederationReport) -> str:
    found = federation_reports.figures(report)
    figures = "".join(f"<li>{escape(name)}: {escape(value)}</li>" for name, value in in_figures(found))
    sections = "".join(
        f"<h2>{escape(heading)}</h2>{render_markdown(getattr(report, name))}"
        for name, heading in HEADINGS
        if getattr(report, name)
    )
    title = escape(month_of(found["month"]).words)
    return f"{render_markdown(report.opening)}<p>{title} in figures:</p><ul>{figures}</ul>{sections}"


def _share(share: float | None) -> str:
    return "unknown" if share is None else wording.percent(share)
