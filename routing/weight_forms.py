"""Forms of weights that move by themselves: for a time, or step by step."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from routing.downtime_forms import ZonedForm, time_field
from routing.forms import AT_ONCE, RAMP, begin_field, reason_field
from routing.models import Hub
from routing.services import ramps

UNTIL: Final = "until"
HOW: Final = [
    (AT_ONCE, "at once, for good"),
    (UNTIL, "at once, and back by itself at the time below"),
    (RAMP, "step by step, guarded: a ramp, for hubs that gain weight"),
]
STEPS_HELP: Final = (
    "Percent of the way up, and how long. 100 % comes after the last step. A step counts only the time in which all is "
    "well: the hub answers, its launches succeed, it has room."
)


def steps_field() -> forms.CharField:
    """The steps of a ramp, as people write them."""
    return forms.CharField(
        label="Steps",
        required=False,
        max_length=300,
        initial=ramps.said_steps(ramps.DEFAULT),
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text=STEPS_HELP,
    )


class StepsForm(forms.Form):
    """A form with a ramp's steps; without any they are the usual ones."""

    steps = steps_field()

    def clean_steps(self) -> tuple[ramps.Step, ...]:
        """The steps."""
        text = self.cleaned_data["steps"]
        try:
            return ramps.read_steps(text) if text.strip() else ramps.DEFAULT
        except ramps.RampsError as error:
            raise forms.ValidationError(str(error)) from error


class HowForm(ZonedForm, StepsForm):
    """How new weights come: at once, for a time, or step by step."""

    moments = ("until",)

    how = forms.ChoiceField(
        label="How", choices=HOW, initial=AT_ONCE, required=False, widget=UnfoldAdminRadioSelectWidget
    )
    until = time_field(required=False, help_text="At this time the hubs get back the weights they have now.")

    field_order = ("how", "until", "zone", "steps")

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.fields["zone"].required = False

    def clean(self) -> dict[str, Any]:
        """A time where one is needed."""
        values = super().clean()
        values["how"] = values.get("how") or AT_ONCE
        if values["how"] == UNTIL and not values.get("until") and "until" not in self.errors:
            self.add_error("until", "Say until when.")
        return values

    def clean_zone(self) -> str:
        """UTC, where none was sent."""
        return str(self.cleaned_data["zone"] or "UTC")


class StateForm(StepsForm):
    """To which state a hub goes, how it begins if that is an active one, and why."""

    state = forms.ChoiceField(choices=Hub.State.choices, widget=UnfoldAdminRadioSelectWidget)
    begin = begin_field()
    reason = reason_field()

    field_order = ("state", "begin", "steps", "reason")


class TimedForm(ZonedForm):
    """What becomes of a timed change."""

    moments = ("until",)

    what = forms.ChoiceField(
        label="What",
        choices=[
            ("return", "go back to the weights of before, now"),
            ("keep", "keep these weights for good"),
            ("extend", "go back at another time"),
        ],
        initial="return",
        widget=UnfoldAdminRadioSelectWidget,
    )
    until = time_field(required=False, help_text="For another time.")
    reason = reason_field()

    field_order = ("what", "until", "zone", "reason")

    def clean(self) -> dict[str, Any]:
        """A time where one is needed."""
        values = super().clean()
        if values.get("what") == "extend" and not values.get("until") and "until" not in self.errors:
            self.add_error("until", "Say until when.")
        return values


class StopForm(forms.Form):
    """Where a ramp leaves its hub, and why."""

    stay = forms.ChoiceField(
        label="The hub's weight becomes",
        choices=[("back", "what it had before"), ("stay", "what it has come up to")],
        initial="back",
        widget=UnfoldAdminRadioSelectWidget,
    )
    reason = reason_field()
