"""A member's record and its history, for those who keep them true."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from foundation import reasons
from members.models import Member, ProposedChange, ReviewedField, Role
from members.row_forms import LogoForm, RecordForm, WhyForm
from members.services import access, chronicle, edits, records, visibility
from members.views.own import for_member, page, who


@for_member(Role.EDITOR)
def record(request: HttpRequest, member: Member) -> HttpResponse:
    """Edit what the public reads."""
    by = who(request)
    reviewed = frozenset() if access.is_maintainer(by) else frozenset(_reviewed())
    form = RecordForm(request.POST or None, instance=Member.objects.get(pk=member.pk), reviewed=reviewed)
    outcome = form.save_by(lambda changes: records.edit(member, changes, by=by, seen=form.seen_text))
    if outcome is not None:
        messages.success(request, _said(outcome))
        return redirect("my-record", member.slug)
    waiting = member.proposed_changes.filter(state=ProposedChange.State.WAITING).select_related("by")
    context = {"form": form, "logo_form": LogoForm(), "waiting": waiting, "why": WhyForm(auto_id=False)}
    return page(request, "my/record.html", member, **context)


@for_member(Role.EDITOR)
@require_POST
def decide(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    """Publish a proposed change, decline it, or take it back."""
    change, by = get_object_or_404(member.proposed_changes, pk=pk), who(request)
    verb = request.POST.get("verb")
    try:
        if verb == "accept":
            records.accept(change, by=by)
        elif verb == "decline":
            records.decline(change, reason=request.POST.get("reason", ""), by=by)
        elif verb == "withdraw":
            records.withdraw(change, by=by)
        else:
            raise BadRequest("What is to become of the change?")
    except (edits.EditError, reasons.NoReason) as error:
        messages.error(request, str(error))
    else:
        done = {"accept": "is published", "decline": "was declined"}.get(verb or "", "was taken back")
        messages.success(request, f"The change of {change.label} {done}.")
    return redirect("my-record", member.slug)


@for_member(Role.VIEWER)
@require_safe
def history(request: HttpRequest, member: Member) -> HttpResponse:
    """Who changed what, and when."""
    before = _moment(request.GET.get("before", ""))
    kind = visibility.viewer(who(request)).kind(member.pk)
    return page(request, "my/history.html", member, found=chronicle.page(member, kind, before), newer=before)


def _reviewed() -> list[str]:
    return list(ReviewedField.objects.values_list("field", flat=True))


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _said(outcome: records.Outcome) -> str:
    if outcome.waiting:
        names = ", ".join(Member.label(name) for name in outcome.waiting)
        shown = "The rest is public now. " if outcome.changed else ""
        return f"{shown}A maintainer looks at this first, then it is public: {names}."
    return "Saved: it is public now." if outcome.changed else "It says just that already: nothing changed."
