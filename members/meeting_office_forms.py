"""The office's forms about meetings. A slot is chosen in words, or typed as a rule of RFC 5545."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from django import forms
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from foundation import zones
from members.models import Meeting, MeetingSeries
from members.row_forms import RowForm, link_field
from members.services import recurrence
from members.services.recurrence import Slot

MOST_SLOTS: Final = 4
WEEKS: Final = [
    ("1", "the first"),
    ("2", "the second"),
    ("3", "the third"),
    ("4", "the fourth"),
    ("-1", "the last"),
    ("weekly", "every"),
]
DAYS: Final = [
    *(("MO", "Monday"), ("TU", "Tuesday"), ("WE", "Wednesday"), ("TH", "Thursday"), ("FR", "Friday")),
    *(("SA", "Saturday"), ("SU", "Sunday")),
]
MONTHLY: Final = re.compile(r"FREQ=MONTHLY(?:;INTERVAL=(\d+))?;BYDAY=(-1|[1-4])(MO|TU|WE|TH|FR|SA|SU)")
WEEKLY: Final = re.compile(r"FREQ=WEEKLY(?:;INTERVAL=(\d+))?;BYDAY=(MO|TU|WE|TH|FR|SA|SU)")
PLAIN: Final = {"class": " ".join(INPUT_CLASSES)}
MOMENT: Final = "%Y-%m-%dT%H:%M"


def zone_field() -> forms.ChoiceField:
    """The zone whose clocks a time is of."""
    choices = [(name, name.replace("_", " ")) for name in zones.names()]
    return forms.ChoiceField(label="Time zone", choices=choices, initial="UTC", widget=UnfoldAdminSelectWidget)


class OfficeLink(forms.URLInput):
    """A web address as the office types it."""

    def __init__(self) -> None:
        super().__init__(PLAIN)


class SeriesForm(RowForm[MeetingSeries]):
    """What a series is about, and where it meets."""

    place = link_field("Members see it, the public does not.")
    pad = link_field("Where all write. YYYY-MM-DD in it becomes the day: each meeting has a pad of its own.")

    class Meta:
        model = MeetingSeries
        fields: ClassVar = list(MeetingSeries.RECORD)
        widgets: ClassVar = {"title": UnfoldAdminTextInputWidget, "about": UnfoldAdminTextareaWidget({"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        for name, label in (("place", "Video link"), ("pad", "Agenda pad")):
            self.fields[name].widget, self.fields[name].label = OfficeLink(), label


class SlotForm(forms.Form):
    """One slot of a series."""

    week = forms.ChoiceField(label="On", choices=WEEKS, initial="3", widget=UnfoldAdminSelectWidget)
    day = forms.ChoiceField(label="Day", choices=DAYS, initial="TU", widget=UnfoldAdminSelectWidget)
    interval = forms.IntegerField(
        label="Each so many months, or weeks",
        initial=1,
        min_value=1,
        max_value=60,
        widget=forms.NumberInput(PLAIN),
        help_text="2 for slots that take turns.",
    )
    first_on = forms.DateField(
        label="From",
        widget=forms.DateInput({"type": "date", **PLAIN}, "%Y-%m-%d"),
        help_text="Of two that take turns the second begins a month later.",
    )
    local_time = forms.TimeField(label="At", widget=forms.TimeInput({"type": "time", **PLAIN}, "%H:%M"))
    time_zone = zone_field()
    minutes = forms.IntegerField(initial=60, min_value=5, max_value=1440, widget=forms.NumberInput(PLAIN))
    rule = forms.CharField(
        label="Or a rule of RFC 5545",
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off", "placeholder": "FREQ=MONTHLY;BYDAY=1TU,3TU"}),
        help_text="Instead of the first three.",
    )

    def clean_rule(self) -> str:
        """What was typed, tidied; refused in words."""
        typed: str = self.cleaned_data["rule"]
        if not typed.strip():
            return ""
        try:
            return recurrence.checked(typed)
        except recurrence.RuleError as error:
            raise forms.ValidationError(str(error)) from error

    def slot(self) -> Slot:
        """What it says."""
        values = self.cleaned_data
        rule = values["rule"] or _rule(values["week"], values["day"], values["interval"])
        return Slot(rule, values["first_on"], values["local_time"], values["time_zone"], values["minutes"])


class SlotForms(forms.BaseFormSet):  # type: ignore[type-arg]
    """The slots of a series; one at least."""

    def slots(self) -> list[Slot]:
        """Those that were filled in and not taken away."""
        gone = self.deleted_forms
        return [form.slot() for form in self.forms if form not in gone and form.cleaned_data.get("first_on")]

    def clean(self) -> None:
        """At least one."""
        if not any(self.errors) and not self.slots():
            raise forms.ValidationError("A series needs a slot: say on which days and when.")


SlotFormSet: type[SlotForms] = forms.formset_factory(  # type: ignore[assignment]
    SlotForm, formset=SlotForms, extra=1, max_num=MOST_SLOTS, validate_max=True, can_delete=True
)


def initial_of(slots: Sequence[Slot]) -> list[dict[str, Any]]:
    """Slots as the form shows them."""
    return [
        {
            "first_on": each.first_on,
            "local_time": each.local_time,
            "time_zone": each.time_zone,
            "minutes": each.minutes,
            **_words(each.rule),
        }
        for each in slots
    ]


class MeetingForm(RowForm[Meeting]):
    """What a meeting is called and where it is."""

    place = link_field("Members see it, the public does not.")
    pad = link_field()

    class Meta:
        model = Meeting
        fields: ClassVar = ["title", "place", "pad"]
        widgets: ClassVar = {"title": UnfoldAdminTextInputWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        for name, label in (("place", "Video link"), ("pad", "Agenda pad")):
            self.fields[name].widget, self.fields[name].label = OfficeLink(), label


class TimeForm(forms.Form):
    """When a meeting is, by the clocks of a zone."""

    starts = forms.DateTimeField(
        widget=forms.DateTimeInput({"type": "datetime-local", **PLAIN}, MOMENT),
        input_formats=[MOMENT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )
    zone = zone_field()
    minutes = forms.IntegerField(initial=60, min_value=5, max_value=1440, widget=forms.NumberInput(PLAIN))

    def clean(self) -> dict[str, Any]:
        """Turn what was typed into a moment."""
        values = super().clean() or self.cleaned_data
        if values.get("starts") and values.get("zone"):
            try:
                values["starts_at"] = zones.moment(values["starts"].replace(tzinfo=None), values["zone"])
            except zones.ZoneError as error:
                self.add_error("starts", str(error))
        return values


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        max_length=400,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text="Everybody reads it: it is in letters, and on the public page.",
    )
    # What calendars count a meeting's changes by: tells that somebody changed it since the form was opened.
    sequence = forms.IntegerField(required=False, widget=forms.HiddenInput)


class MoveForm(TimeForm, ReasonForm):
    """Another time, and why."""

    field_order = ("starts", "zone", "minutes", "reason", "sequence")


def _rule(week: str, day: str, interval: int) -> str:
    each = f";INTERVAL={interval}" if interval > 1 else ""
    return f"FREQ=WEEKLY{each};BYDAY={day}" if week == "weekly" else f"FREQ=MONTHLY{each};BYDAY={week}{day}"


def _words(rule: str) -> dict[str, Any]:
    if found := MONTHLY.fullmatch(rule):
        return {"interval": int(found[1] or 1), "week": found[2], "day": found[3]}
    if found := WEEKLY.fullmatch(rule):
        return {"interval": int(found[1] or 1), "week": "weekly", "day": found[2]}
    return {"rule": rule}
