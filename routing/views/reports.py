"""What did the federation do? Its published reports, month by month, for readers and for programs."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from foundation.months import NoSuchMonth, month_of
from members.models import FederationReport
from members.services import access
from routing import repositories
from routing.services import federation_reports, report_documents
from routing.services.report_figures import Figures
from routing.views import feeds, usage_drawings

YEAR: Final = 12


@never_cache
@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    """The newest report in short, and all others."""
    rows = list(FederationReport.objects.published())
    newest = rows[0] if rows else None
    figures = federation_reports.figures(newest) if newest else None
    return render(request, "reports/archive.html", {"newest": newest, "figures": figures, "older": rows[1:]})


@never_cache
@require_safe
def report(request: HttpRequest, month: str) -> HttpResponse:
    """One month. A draft is for maintainers, who look at it before they publish it."""
    found = _found(request, month)
    figures = federation_reports.figures(found)
    published = FederationReport.objects.published()
    context = {
        "report": found,
        "is_draft": found.state == FederationReport.State.DRAFT,
        "figures": figures,
        "rows": report_documents.in_figures(figures),
        "sections": [(heading, getattr(found, name)) for name, heading in report_documents.HEADINGS],
        "repositories": [_launched(each) for each in figures["repositories"]],
        "before": published.filter(month__lt=found.month).first(),
        "after": published.filter(month__gt=found.month).last(),
        **_charts(figures),
    }
    return render(request, "reports/report.html", context)


@require_safe
def markdown(request: HttpRequest, month: str) -> HttpResponse:
    """One month, as markdown."""
    text = report_documents.as_markdown(_found(request, month), feeds.portal(request))
    response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="federation-{month}.md"'
    return response


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """The newest reports, to subscribe to from any reader of feeds."""
    return feeds.answer(request, report_documents.feed(feeds.portal(request)), "application/atom+xml; charset=utf-8")


def _charts(figures: Figures) -> dict[str, Any]:
    days, months = figures["days"], [each["redirects"] for each in figures["months"]]
    first = month_of(figures["months"][0]["month"])
    while len(months) < YEAR:
        first, months = first.before, [0, *months]
    return {
        "days": list(enumerate(days, 1)),
        "days_most": max(days, default=0),
        "days_chart": usage_drawings.columns(days, f"{sum(days):,} launches, day by day"),
        "months_from": first,
        "months_most": max(months, default=0),
        "months_chart": usage_drawings.columns(months, f"Launches of the last {len(figures['months'])} months"),
        "scale": usage_drawings.top_of([share for each in figures["members"] for share in _shares(each)]),
    }


def _shares(member: Figures) -> tuple[float | None, float | None]:
    return member["promised"], member["received"]


def _launched(each: Figures) -> dict[str, Any]:
    name = each["name"]
    return {"text": repositories.shown(name), "address": repositories.address(name), "redirects": each["redirects"]}


def _found(request: HttpRequest, month: str) -> FederationReport:
    try:
        first = month_of(month).first
    except NoSuchMonth:
        raise Http404 from None
    rows = FederationReport.objects.all()
    return get_object_or_404(rows if access.is_maintainer(request.user) else rows.published(), month=first)
