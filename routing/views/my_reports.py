"""A member's monthly reports: what is open, what was sent, and the page to write one with the portal's figures."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from foundation import reasons
from foundation.months import NoSuchMonth, month_of
from members.models import FederationReport, Member, Report, Role
from members.row_forms import ReportForm
from members.services import access, edits
from members.services import reports as of_members
from members.views.own import for_member, page, who
from routing.services import reports
from routing.views import usage_drawings

SHOWN = 60


@for_member(Role.VIEWER)
@require_safe
def listing(request: HttpRequest, member: Member) -> HttpResponse:
    """All months, the newest first."""
    rows = list(member.reports.select_related("submitted_by")[:SHOWN])
    published = FederationReport.objects.published().filter(month__in=[each.month for each in rows])
    context = {"rows": rows, "published": set(published.values_list("month", flat=True))}
    return page(request, "my/reports.html", member, today=timezone.now().date(), **context)


@for_member(Role.VIEWER)
def report(request: HttpRequest, member: Member, month: str) -> HttpResponse:
    """One month: the figures, and what there is to say of it."""
    found, by = _found(member, month), who(request)
    writable = not found.is_finished and access.may(by, Role.EDITOR, member)
    form = ReportForm(request.POST or None, instance=Report.objects.get(pk=found.pk)) if writable else None
    if request.method == "POST" and form is None:
        # Somebody else sent or skipped it meanwhile, or this person only looks; what was typed is shown, not kept.
        access.require(by, Role.EDITOR, member)
        form = ReportForm(request.POST, instance=found)
    if form is not None and request.method == "POST" and _sent(request, found, form):
        return redirect("my-report", member.slug, month)
    figures, today = reports.figures(found), timezone.now().date()
    context = {
        "report": Report.objects.select_related("submitted_by").get(pk=found.pk),
        "form": form,
        "sections": [(Report.label(name), getattr(found, name)) for name in Report.RECORD],
        "figures": figures,
        "chart": usage_drawings.columns(figures["days"], f"{figures['redirects']:,} launches, day by day"),
        "most": max(figures["days"], default=0),
        "late": found.due_on < today,
        "today": today,
        "published": FederationReport.objects.published().filter(month=found.month).exists(),
    }
    return page(request, "my/report.html", member, **context)


@for_member(Role.EDITOR)
@require_POST
def act(request: HttpRequest, member: Member, month: str) -> HttpResponse:
    """Skip the month, write it after all; for maintainers: open it again."""
    found, by = _found(member, month), who(request)
    try:
        match request.POST.get("verb"):
            case "skip":
                of_members.skip(found, reason=request.POST.get("reason", ""), by=by)
                said = f"{found.period.words} is skipped. That is fine: see you next month."
            case "reopen":
                of_members.reopen(found, reason=request.POST.get("reason", ""), by=by)
                said = "It is open again, and its people were told."
            case _:
                of_members.resume(found, by=by)
                said = "It is open again. Thank you for writing it after all."
    except (edits.EditError, reasons.NoReason) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("my-report", member.slug, month)


def _sent(request: HttpRequest, found: Report, form: ReportForm) -> bool:
    """Whether the draft was kept or the report submitted; if not, the form says why."""
    by, submits = who(request), request.POST.get("verb") == "submit"
    verb = reports.submit if submits else of_members.save
    if form.save_by(lambda changes: verb(found, changes, by=by, seen=form.seen_text)) is None:
        return False
    messages.success(
        request,
        "Sent. Thank you: the maintainers have it." if submits else "Saved. Only you and the maintainers see it.",
    )
    return True


def _found(member: Member, month: str) -> Report:
    try:
        first = month_of(month).first
    except NoSuchMonth:
        raise Http404 from None
    return get_object_or_404(member.reports.select_related("member"), month=first)
