"""Meetings in the office: plan one, move it, call it off; and the days on which it is better not to meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from foundation import reasons
from members.admin.records import RecordAdmin, RecordForm
from members.admin.writing import day, moment, number
from members.meeting_office_forms import MeetingForm, MoveForm, ReasonForm, TimeForm
from members.models import AvoidDate, Meeting
from members.services import access, avoid_dates, edits, meeting_series, meetings

REFUSED = (edits.EditError, reasons.NoReason, access.NotAllowed)
SHAPES = {"coming": ("◐", "coming"), "on": ("●", "on now"), "over": ("○", "over"), "cancelled": ("✕", "called off")}


class WhenFilter(admin.SimpleListFilter):
    """By whether they are over."""

    title, parameter_name = "when", "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        """Those to come, and those of which something is missing."""
        return [("coming", "to come"), ("past", "over"), ("unnoted", "over, without notes")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ANN401
        """As asked for."""
        now = timezone.now()
        match self.value():
            case "coming":
                return queryset.filter(ends_at__gt=now, cancelled_at=None)
            case "past":
                return queryset.filter(ends_at__lte=now, cancelled_at=None)
            case "unnoted":
                return queryset.filter(ends_at__lte=now, cancelled_at=None, notes="", notes_url="")
            case _:
                return queryset


@admin.register(Meeting)
class MeetingAdmin(RecordAdmin):
    """All of them. Series make them; one of its own is planned here."""

    form = RecordForm
    list_display = ("shown_start", "title", "shown_phase", "facilitator", "note_taker", "shown_change")
    list_filter = (WhenFilter, "series")
    search_fields = ("title", "notes", "change")
    list_select_related = ("facilitator", "note_taker")
    ordering = ("-starts_at", "-id")
    fields = ("shown_start", "shown_phase", "shown_against", "shown_change", "shown_page", "title", "place", "pad")
    readonly_fields = ("shown_start", "shown_phase", "shown_against", "shown_change", "shown_page")
    actions = None
    actions_detail = ["move", "cancel", "restore"]

    def has_delete_permission(self, request: HttpRequest, obj: Meeting | None = None) -> bool:
        """Nobody: others hold it in their calendars. It is called off instead."""
        return False

    def save_model(self, request: HttpRequest, obj: Meeting, form: Any, change: bool) -> None:  # noqa: ANN401
        """By the service."""
        by: Any = request.user
        meetings.edit(obj, form.record(), by=by, seen=form.cleaned_data["seen"] or None)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:  # noqa: ANN401
        """What, where and when."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form, when = MeetingForm(request.POST or None), TimeForm(request.POST or None)
        if when.is_valid():
            values = when.cleaned_data
            row = form.save_by(
                lambda typed: meetings.plan(
                    typed,
                    starts_at=values["starts_at"],
                    minutes=values["minutes"],
                    time_zone=values["zone"],
                    by=request.user,  # type: ignore[arg-type]
                )
            )
            if row is not None:
                messages.success(request, f"“{row}” is planned.")
                _warn(request, row)
                return redirect(_page(row))
        back = reverse("admin:members_meeting_changelist")
        said = ("A meeting outside of any series.",)
        return ask(self, request, "Plan a meeting", "Plan it", (form, when), back=back, said=said)

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:  # noqa: ANN401
        """Maintainers."""
        return access.is_maintainer(request.user)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:  # noqa: ANN401
        """What can be done with it as it stands."""
        row = Meeting.objects.filter(pk=number(str(object_id))).first()
        phase = row.phase(timezone.now()) if row else "over"
        verbs = {"coming": {"move", "cancel"}, "on": {"move", "cancel"}, "cancelled": {"restore"}}.get(phase, set())
        found = super().get_actions_detail(request, object_id)
        return [each for each in found if each.action_name.rpartition("members_meeting_")[2] in verbs]

    @action(description="Move", url_path="move", permissions=["decide"], icon="schedule")
    def move(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To another time."""
        row = get_object_or_404(Meeting, pk=number(object_id))
        now = {"starts": row.local_start.replace(tzinfo=None), "zone": row.time_zone, "minutes": row.minutes}
        form = MoveForm(request.POST or None, initial={**now, "sequence": row.sequence})
        return self._do(
            request,
            row,
            form,
            "Move it",
            lambda typed, by: meetings.move(
                row, starts_at=typed["starts_at"], minutes=typed["minutes"], reason=typed["reason"], by=by
            ),
        )

    @action(description="Call off", url_path="cancel", permissions=["decide"], icon="event_busy")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """It does not take place."""
        row = get_object_or_404(Meeting, pk=number(object_id))
        form = ReasonForm(request.POST or None, initial={"sequence": row.sequence})
        return self._do(
            request, row, form, "Call it off", lambda typed, by: meetings.cancel(row, reason=typed["reason"], by=by)
        )

    @action(description="It takes place after all", url_path="restore", permissions=["decide"], icon="undo")
    def restore(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Undo calling it off."""
        row = get_object_or_404(Meeting, pk=number(object_id))
        form = ReasonForm(request.POST or None, initial={"sequence": row.sequence})
        return self._do(
            request, row, form, "It takes place", lambda typed, by: meetings.restore(row, reason=typed["reason"], by=by)
        )

    def _do(
        self,
        request: HttpRequest,
        row: Meeting,
        form: forms.Form,
        yes: str,
        verb: Callable[[dict[str, Any], Any], Meeting],
    ) -> HttpResponse:
        """Ask, then do it; what is refused is said above the form."""
        if form.is_valid():
            try:
                _refuse_stale(row, form)
                changed = verb(form.cleaned_data, request.user)
            except REFUSED as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, f"{changed.title}: {changed.change}.")
                _warn(request, changed)
                return redirect(_page(row))
        said = (f"{row.title}, {row.local_start:%A %-d %B %Y, %H:%M} in {row.time_zone}, {row.minutes} minutes.",)
        return ask(self, request, f"{yes}: {row}", yes, (form,), back=_page(row), said=said)

    @display(description="When", ordering="starts_at")
    def shown_start(self, row: Meeting) -> SafeString:
        """In UTC."""
        return moment(row.starts_at)

    @display(description="State")
    def shown_phase(self, row: Meeting) -> SafeString:
        """A shape and a word."""
        shape, word = SHAPES[row.phase(timezone.now())]
        return format_html('<span aria-hidden="true">{}</span> {}', shape, word)

    @display(description="Against that day")
    def shown_against(self, row: Meeting) -> str:
        """Days to avoid, and other meetings then."""
        return ", ".join(meeting_series.against(row)) or "nothing"

    @display(description="Last change")
    def shown_change(self, row: Meeting) -> str:
        """Of time and place."""
        return row.change or "–"

    @display(description="Its page")
    def shown_page(self, row: Meeting) -> SafeString:
        """Where agenda and notes are."""
        link = reverse("meeting", args=[row.pk])
        return format_html('<a class="office-link" href="{}">Agenda, notes, who comes</a>', link)


@admin.register(AvoidDate)
class AvoidDateAdmin(RecordAdmin):
    """Holidays and conferences."""

    form = RecordForm
    list_display = ("title", "kind", "shown_from", "shown_to")
    list_filter = ("kind",)
    search_fields = ("title",)
    ordering = ("-starts_on",)
    fields = ("title", "kind", ("starts_on", "ends_on"), "url")

    def save_model(self, request: HttpRequest, obj: AvoidDate, form: Any, change: bool) -> None:  # noqa: ANN401
        """By the service."""
        by: Any = request.user
        if change:
            avoid_dates.edit(obj, form.record(), by=by, seen=form.cleaned_data["seen"] or None)
        else:
            obj.pk = avoid_dates.add(form.record(), by=by).pk
        met = avoid_dates.met_on(AvoidDate.objects.get(pk=obj.pk), timezone.now())
        if met:
            said = "; ".join(str(each) for each in met)
            messages.warning(request, f"Planned on these days already: {said}. They stay, unless you move them.")

    def delete_model(self, request: HttpRequest, obj: AvoidDate) -> None:
        """By the service."""
        avoid_dates.remove(obj, by=request.user)  # type: ignore[arg-type]

    @display(description="From", ordering="starts_on")
    def shown_from(self, row: AvoidDate) -> SafeString:
        """Its first day."""
        return day(row.starts_on)

    @display(description="To", ordering="ends_on")
    def shown_to(self, row: AvoidDate) -> SafeString:
        """Its last day."""
        return day(row.ends_on)


def _refuse_stale(row: Meeting, form: forms.Form) -> None:
    """Tell the second of two who move a meeting, or call it off; then their form is about the meeting as it is."""
    if form.cleaned_data["sequence"] in {None, row.sequence}:
        return
    form.data = form.data.copy()  # type: ignore[attr-defined]
    form.data["sequence"] = row.sequence  # type: ignore[index]
    who = row.changed_by or "Somebody"
    raise edits.EditError(f"{who} was here since you opened this: {row.change}. Look at it again before you go on.")


def ask(
    model_admin: Any,  # noqa: ANN401
    request: HttpRequest,
    title: str,
    yes: str,
    found: tuple[forms.BaseForm, ...],
    *,
    back: str,
    said: tuple[str, ...] = (),
    template: str = "admin/members/ask.html",
    **more: Any,  # noqa: ANN401
) -> HttpResponse:
    """A page that asks, in the office's frame."""
    frame = model_admin.admin_site.each_context(request)
    context = {"title": title, "yes": yes, "forms": found, "back": back, "said": said, "model_admin": model_admin}
    return TemplateResponse(request, template, {**frame, **context, **more})


def _warn(request: HttpRequest, row: Meeting) -> None:
    """Say what is on the day of a meeting. Nothing is forbidden."""
    found = meeting_series.against(row) if row.cancelled_at is None else []
    if found:
        messages.warning(request, f"On that day: {', '.join(found)}. That is allowed; it can be moved.")


def _page(row: Meeting) -> str:
    return reverse("admin:members_meeting_change", args=[row.pk])
