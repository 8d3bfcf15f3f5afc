"""Series of meetings in the office: what they would make is looked at before they are saved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from unfold.decorators import action, display

from members.admin.meetings import REFUSED, ask
from members.admin.records import HistoryAdmin
from members.admin.writing import number
from members.meeting_office_forms import ReasonForm, SeriesForm, SlotForms, SlotFormSet, initial_of
from members.models import MeetingSeries, Member
from members.services import access, guests, meeting_series, recurrence
from members.services.meeting_series import Planned
from members.services.recurrence import Slot

# Where people look at their clocks, besides the members' own zones.
CITIES: Final = ("America/Los_Angeles", "Europe/London", "Asia/Kolkata", "Australia/Sydney")
# From then until then by local clocks people are awake and at work, or nearly so.
AWAKE: Final = range(8, 20)


@dataclass(frozen=True)
class Clock:
    """What clocks show somewhere when a meeting begins."""

    shown: str
    awake: bool


@admin.register(MeetingSeries)
class SeriesAdmin(HistoryAdmin):
    """What comes again and again."""

    list_display = ("title", "shown_slots", "shown_state")
    search_fields = ("title",)
    actions = None
    actions_detail = ["end"]

    def get_queryset(self, request: HttpRequest) -> Any:  # noqa: ANN401
        """With their slots."""
        return super().get_queryset(request).prefetch_related("slots")

    def has_delete_permission(self, request: HttpRequest, obj: MeetingSeries | None = None) -> bool:
        """Nobody: it ends, and its meetings stay."""
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:  # noqa: ANN401
        """A new one."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._page(request, None)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,  # noqa: ANN401
    ) -> HttpResponse:
        """What it is about, its slots, and what they make."""
        row = get_object_or_404(MeetingSeries, pk=number(object_id))
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        return self._page(request, row)

    @action(description="End the series", url_path="end", permissions=["decide"], icon="event_busy")
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """No more of its meetings."""
        row = get_object_or_404(MeetingSeries, pk=number(object_id))
        form, back = ReasonForm(request.POST or None), reverse("admin:members_meetingseries_changelist")
        if form.is_valid():
            try:
                meeting_series.end(row, reason=form.cleaned_data["reason"], by=request.user)  # type: ignore[arg-type]
            except REFUSED as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, f"“{row}” is over.")
                return redirect(back)
        said = ("Its meetings to come are called off, and those who were invited are told. Past ones stay.",)
        return ask(self, request, f"End it: {row}", "End it", (form,), back=back, said=said)

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:  # noqa: ANN401
        """Maintainers."""
        return access.is_maintainer(request.user)

    def _page(self, request: HttpRequest, row: MeetingSeries | None) -> HttpResponse:
        known = initial_of(meeting_series.slots_of(row)) if row else None
        form, slots = SeriesForm(request.POST or None, instance=row), SlotFormSet(request.POST or None, initial=known)
        planned = self._planned(form, slots, row) if request.method == "POST" else []
        token = _token(slots.slots()) if planned else ""
        if planned and "save" in request.POST and request.POST.get("looked_at") == token:
            saved = form.save_by(lambda values: self._save(request, row, values, slots.slots(), form.seen_text))
            if saved is not None:
                messages.success(request, f"“{saved}” is saved, with its next {len(planned)} meetings.")
                return redirect("admin:members_meetingseries_change", saved.pk)
        zones = _zones()
        return ask(
            self,
            request,
            f"Series: {row}" if row else "New series of meetings",
            "Save it",
            (form,),
            back=reverse("admin:members_meetingseries_changelist"),
            template="admin/members/series.html",
            series=row,
            slots=slots,
            planned=[(each, _local(each), _clocks(each, zones)) for each in planned],
            becomes=meeting_series.consequences(row, slots.slots()) if row and planned else [],
            clashing=sum(bool(each.clashes) for each in planned),
            cities=[zone.rpartition("/")[2].replace("_", " ") for zone in zones],
            token=token,
            unseen="save" in request.POST and bool(planned) and request.POST.get("looked_at") != token,
        )

    def _planned(self, form: SeriesForm, slots: SlotForms, row: MeetingSeries | None) -> list[Planned]:
        """What the slots would make; nothing, and the form says why, if they make nothing."""
        if not (form.is_valid() & slots.is_valid()):
            return []
        try:
            return meeting_series.preview(slots.slots(), series=row)
        except recurrence.RuleError as error:
            form.add_error(None, str(error))
            return []

    def _save(
        self,
        request: HttpRequest,
        row: MeetingSeries | None,
        values: dict[str, Any],
        slots: Sequence[Slot],
        seen: str | None,
    ) -> MeetingSeries:
        by: Any = request.user
        try:
            if row is None:
                return meeting_series.create(values, slots, by=by)
            return meeting_series.edit(row, values, slots, by=by, seen=seen)
        except recurrence.RuleError as error:
            raise ValidationError(str(error)) from error

    @display(description="Slots")
    def shown_slots(self, row: MeetingSeries) -> str:
        """What clocks show, where."""
        return "; ".join(str(each) for each in row.slots.all())

    @display(description="State", ordering="ended_at")
    def shown_state(self, row: MeetingSeries) -> str:
        """Whether it goes on."""
        return "○ over" if row.ended_at else "● goes on"


def _token(slots: Sequence[Slot]) -> str:
    """Stands for the slots: only who has looked at what just these make may save them."""
    return hashlib.sha256(repr(slots).encode()).hexdigest()[:16]


def _zones() -> list[str]:
    own = Member.objects.filter(state__in=guests.TAKING_PART).exclude(time_zone="").values_list("time_zone", flat=True)
    return list(dict.fromkeys([*CITIES, *sorted(set(own))]))[:7]


def _local(planned: Planned) -> str:
    at = planned.at.starts_at.astimezone(ZoneInfo(planned.at.time_zone))
    return f"{at:%a %-d %b %Y, %H:%M}"


def _clocks(planned: Planned, zones: Sequence[str]) -> list[Clock]:
    found = [planned.at.starts_at.astimezone(ZoneInfo(zone)) for zone in zones]
    same = planned.at.day
    return [
        Clock(f"{each:%H:%M}" + ("" if each.date() == same else f" {each:%a}"), each.hour in AWAKE) for each in found
    ]
