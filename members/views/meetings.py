"""When, where and what about: the list of meetings, and one meeting's page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from members.meeting_forms import ActionForm, ItemForm
from members.models import AgendaItem, Meeting, Member, User
from members.services import access, action_items, agendas, guests, meeting_calendar, meetings, rota, rsvps

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Meeting, Arguments], HttpResponse]
PAST_PER_PAGE = 24


@never_cache
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """The next one first, then what comes and what was."""
    now, user = timezone.now(), request.user
    takes_part = meetings.takes_part(user)
    coming = list(Meeting.objects.ahead(now).select_related("facilitator", "note_taker")[:13])
    first = next((each for each in coming if each.cancelled_at is None), None)
    past = Paginator(Meeting.objects.past(now), PAST_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "next": first,
        "on": first is not None and first.phase(now) == "on",
        "coming": [each for each in coming if each != first],
        "past": past,
        "takes_part": takes_part,
        "for_maintainers": access.is_maintainer(user),
        "zone": _zone(user),
        "zones": _zones() if first else [],
        "items": agendas.items(first, user) if first else [],
        "promised": action_items.open_of(cast(User, user)) if takes_part else [],
        "today": now.date(),
        "answers": rsvps.ANSWERS.choices,
        "answer": rsvps.answer_of(cast(User, user), first) if takes_part and first else "",
    }
    return render(request, "meetings/meetings.html", context)


@never_cache
@require_safe
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """One meeting: agenda, answers, notes, and what was promised there."""
    rows = Meeting.objects.select_related("series", "facilitator", "note_taker", "changed_by")
    return page_of(request, get_object_or_404(rows, pk=pk))


def page_of(request: HttpRequest, row: Meeting, *, status: int = 200, **forms: Any) -> HttpResponse:  # noqa: ANN401
    """The page of a meeting; a form that was wrong takes the place of an empty one."""
    now, user = timezone.now(), request.user
    phase, takes_part, runs = row.phase(now), meetings.takes_part(user), meetings.runs(user, row)
    items = list(agendas.items(row, user))
    context = {
        "meeting": row,
        "phase": phase,
        "takes_part": takes_part,
        "runs": runs,
        "for_maintainers": access.is_maintainer(user),
        "items": [(each, phase in {"coming", "on"} and _may(user, row, each)) for each in items],
        "minutes": sum(each.minutes for each in items),
        **_actions(user, row, takes_part=takes_part),
        "zone": _zone(user),
        "zones": _zones(),
        "reads_notes": takes_part or row.notes_public,
        "item_form": ItemForm(),
        "action_form": ActionForm(),
        **(_for_members(cast(User, user), row) if takes_part else {}),
        **forms,
    }
    return render(request, "meetings/meeting.html", context, status=status)


@require_safe
def calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """One meeting as a file for calendars; people of members get its links, too."""
    row = get_object_or_404(Meeting, pk=pk)
    body = meeting_calendar.single(row, links=meetings.takes_part(request.user))
    answer = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="meeting-{row.local_start:%Y-%m-%d}.ics"'
    answer["Cache-Control"] = "private, no-cache"
    return answer


def for_the_federation(view: View[Arguments]) -> Callable[..., HttpResponse]:
    """Let in people of members and maintainers, with the meeting in the address."""

    @wraps(view)
    @never_cache
    @login_required
    def answer(request: HttpRequest, pk: int, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
        if not meetings.takes_part(request.user):
            raise PermissionDenied("This is for the people of members, and you are not one of them.")
        row = get_object_or_404(Meeting.objects.select_related("facilitator", "note_taker"), pk=pk)
        try:
            return view(request, row, *args, **kwargs)
        except access.NotAllowed as error:
            raise PermissionDenied(str(error)) from error

    return answer


def _may(user: Any, row: Meeting, item: AgendaItem) -> bool:  # noqa: ANN401
    item.meeting = row
    return agendas.may_edit(user, item)


def _for_members(user: User, row: Meeting) -> dict[str, Any]:
    """What only people of the federation see of it."""
    answered = rsvps.counted([row])[row.pk]
    return {
        "answer": rsvps.answer_of(user, row),
        "answers": rsvps.ANSWERS.choices,
        "answered": [
            (label, [each for each in answered if each.answer == value]) for value, label in rsvps.ANSWERS.choices
        ],
        "there": list(row.attendance.select_related("member")),
        "was_there": row.attendance.filter(address=user.email.lower()).exists() if user.email else False,
        "duties": [(duty, words, getattr(row, duty)) for duty, words in rota.WORDS.items()],
        "candidates": rota.candidates() if meetings.runs(user, row) else [],
    }


def _actions(user: Any, row: Meeting, *, takes_part: bool) -> dict[str, Any]:  # noqa: ANN401
    """What was promised here and is open from before, and which of it this person may change."""
    earlier = list(action_items.open_before(row)) if takes_part else []
    own = list(row.actions.select_related("owner")) if takes_part or row.notes_public else []
    for each in own:
        each.meeting = row
    may = action_items.may_edit(user)
    mine = {each.pk for each in (*earlier, *own) if may(each)}
    return {"earlier": earlier, "actions": own, "mine": mine, "today": timezone.now().date()}


def _zone(user: Any) -> str:  # noqa: ANN401
    """The zone this person chose, if any."""
    return getattr(user, "time_zone", "") or ""


def _zones() -> list[str]:
    """Where the members are."""
    found = Member.objects.filter(state__in=guests.TAKING_PART).exclude(time_zone="")
    return sorted(set(found.values_list("time_zone", flat=True)))
