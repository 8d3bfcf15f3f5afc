"""What people do with a meeting: propose, answer, hand over, write notes, tick who was there, keep promises."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from members.meeting_forms import ActionForm, AttendanceForm, ItemForm, NotesForm, RotaForm
from members.models import ActionItem, Meeting, RotaPerson, User
from members.services import access, action_items, agendas, attendance, edits, meetings, rota, rsvps
from members.views.meetings import for_the_federation, page_of
from members.views.own import who


@for_the_federation
@require_POST
def propose(request: HttpRequest, row: Meeting) -> HttpResponse:
    """Put something on the agenda."""
    form = ItemForm(request.POST)
    item = form.save_by(lambda values: agendas.propose(row, values, by=who(request)))
    if item is None:
        return page_of(request, row, status=400, item_form=form)
    messages.success(request, f"“{item}” is on the agenda.")
    return redirect("meeting", row.pk)


@for_the_federation
def item(request: HttpRequest, row: Meeting, item_pk: int) -> HttpResponse:
    """Change an item of the agenda."""
    found = get_object_or_404(row.items.filter(removed_at=None), pk=item_pk)
    agendas.require(who(request), found)
    form = ItemForm(request.POST or None, instance=found)
    saved = form.save_by(lambda values: agendas.edit(found, values, by=who(request), seen=form.seen_text))
    if saved is not None:
        messages.success(request, f"“{saved}” is saved.")
        return redirect("meeting", row.pk)
    return _form(request, row, form, "Change an item", "Save")


@for_the_federation
@require_POST
def item_act(request: HttpRequest, row: Meeting, item_pk: int) -> HttpResponse:
    """Take an item off the agenda, or let it come earlier or later."""
    found = get_object_or_404(row.items, pk=item_pk)
    verb = request.POST.get("verb")
    try:
        if verb == "remove":
            agendas.remove(found, by=who(request))
            messages.success(request, f"“{found}” is off the agenda.")
        elif verb in {"up", "down"}:
            agendas.shift(found, up=verb == "up", by=who(request))
    except edits.EditError as error:
        messages.error(request, str(error))
    return redirect("meeting", row.pk)


@for_the_federation
@require_POST
def rsvp(request: HttpRequest, row: Meeting) -> HttpResponse:
    """Say whether one comes."""
    try:
        answer = rsvps.answer_as(who(request), row, request.POST.get("answer", ""))
    except rsvps.RsvpError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Noted: {answer.get_answer_display()}.")
    return redirect("meeting", row.pk)


@for_the_federation
@require_POST
def duty(request: HttpRequest, row: Meeting) -> HttpResponse:
    """Take over who leads or takes notes, or hand it over."""
    named = rota.duty(request.POST.get("duty", ""))
    if named is None:
        return HttpResponseBadRequest("This page knows no such duty.")
    to = User.objects.filter(pk=_number(request.POST.get("to", ""))).first()
    try:
        changed = rota.hand_over(row, named, to, by=who(request))
    except rota.RotaError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{getattr(changed, named) or 'Nobody'} {rota.WORDS[named]}.")
    return redirect("meeting", row.pk)


@for_the_federation
def notes(request: HttpRequest, row: Meeting) -> HttpResponse:
    """Write down what was said."""
    meetings.require_to_run(who(request), row)
    form = NotesForm(request.POST or None, instance=row)
    saved = form.save_by(lambda values: meetings.write_notes(row, values, by=who(request), seen=form.seen_text))
    if saved is not None:
        messages.success(request, "The notes are saved.")
        return redirect("meeting", row.pk)
    return _form(request, row, form, "Notes", "Save the notes")


@for_the_federation
def there(request: HttpRequest, row: Meeting) -> HttpResponse:
    """Tick who was there."""
    meetings.require_to_run(who(request), row)
    form = AttendanceForm(request.POST or None, initial=_ticked(row), expected=attendance.expected(row))
    if form.is_valid():
        people, others = form.cleaned_data["people"], form.cleaned_data["guests"].splitlines()
        try:
            count = attendance.keep(row, people, others, by=who(request))
        except attendance.AttendanceError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{count} were there.")
            return redirect("meeting", row.pk)
    return _form(request, row, form, "Who was there", "Save")


@for_the_federation
@require_POST
def i_was_there(request: HttpRequest, row: Meeting) -> HttpResponse:
    """Say of oneself that one was there."""
    try:
        attendance.was_there(row, by=who(request))
    except attendance.AttendanceError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Noted: you were there.")
    return redirect("meeting", row.pk)


@for_the_federation
@require_POST
def promise(request: HttpRequest, row: Meeting) -> HttpResponse:
    """Keep what somebody will do."""
    form = ActionForm(request.POST)
    action = form.save_by(lambda values: action_items.add(row, values, by=who(request)))
    if action is None:
        return page_of(request, row, status=400, action_form=form)
    messages.success(request, f"“{action}” comes back on each agenda until it is done.")
    return redirect("meeting", row.pk)


@for_the_federation
def action(request: HttpRequest, row: Meeting, action_pk: int) -> HttpResponse:
    """Change what is to be done, say that it is done, or take it away."""
    found = get_object_or_404(ActionItem.objects.select_related("meeting", "owner"), pk=action_pk, meeting=row)
    action_items.require(who(request), found)
    verb = request.POST.get("verb", "")
    if verb in {"done", "open", "remove"}:
        return _settle(request, row, found, verb)
    form = ActionForm(request.POST or None, instance=found)
    saved = form.save_by(lambda values: action_items.edit(found, values, by=who(request), seen=form.seen_text))
    if saved is not None:
        messages.success(request, f"“{saved}” is saved.")
        return redirect("meeting", row.pk)
    return _form(request, row, form, "Change what will be done", "Save", action=found)


@never_cache
@login_required
def volunteer(request: HttpRequest) -> HttpResponse:
    """Who leads and who writes in turn, and whether one is among them."""
    person = who(request)
    if not meetings.takes_part(person):
        raise PermissionDenied("This is for the people of members, and you are not one of them.")
    own = RotaPerson.objects.filter(user=person).first()
    known = {"facilitates": own.facilitates, "takes_notes": own.takes_notes} if own else {}
    form = RotaForm(request.POST if request.method == "POST" else None, initial=known)
    if form.is_valid():
        rota.volunteer(person, **form.cleaned_data)
        messages.success(request, "Saved. Thank you." if any(form.cleaned_data.values()) else "Saved.")
        return redirect("meeting-rota")
    context = {"form": form, "turns": rota.turns(), "willing": rota.all_willing()}
    return render(request, "meetings/rota.html", {**context, "for_maintainers": access.is_maintainer(person)})


def _settle(request: HttpRequest, row: Meeting, found: ActionItem, verb: str) -> HttpResponse:
    try:
        if verb == "remove":
            action_items.remove(found, by=who(request))
            messages.success(request, f"“{found}” is gone.")
        else:
            action_items.settle(found, done=verb == "done", by=who(request))
            messages.success(request, f"“{found}” is done." if verb == "done" else f"“{found}” is open again.")
    except edits.EditError as error:
        messages.error(request, str(error))
    back = _number(request.POST.get("back", ""))
    return redirect("meeting", back or row.pk)


def _form(
    request: HttpRequest, row: Meeting, form: object, title: str, yes: str, action: ActionItem | None = None
) -> HttpResponse:
    context = {"meeting": row, "form": form, "title": title, "yes": yes, "action": action}
    return render(request, "meetings/form.html", context)


def _ticked(row: Meeting) -> dict[str, object]:
    """Who was there as far as we know: as ticked before, else who said they would come."""
    noted = list(row.attendance.all())
    if not noted:
        return {"people": list(row.rsvps.filter(answer="yes").values_list("address", flat=True))}
    guests = [each.name for each in noted if not each.address]
    return {"people": [each.address for each in noted if each.address], "guests": "\n".join(guests)}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
