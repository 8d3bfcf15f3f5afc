"""Forms of maintenance and incidents. Times are typed in a zone that is named beside them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django import forms
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from foundation import zones
from routing.forms import reason_field
from routing.models import Downtime, Hub, IncidentUpdate
from routing.models.incidents import TEXT_LENGTH, TITLE_LENGTH

FORMAT: Final = "%Y-%m-%dT%H:%M"
PHASES: Final = [
    ("investigating", "investigating: we look for the cause"),
    ("identified", "identified: we know the cause"),
    ("monitoring", "monitoring: we did something and watch"),
]
MARKDOWN: Final = "Markdown: **bold**, lists, `code`, [links](https://…). Everybody can read it."


def time_field(*, required: bool, help_text: str = "") -> forms.DateTimeField:
    """A day and a time, in the zone that the form's `zone` says."""
    widget = forms.DateTimeInput({"type": "datetime-local", "class": " ".join(INPUT_CLASSES)}, FORMAT)
    formats = [FORMAT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]
    return forms.DateTimeField(required=required, widget=widget, input_formats=formats, help_text=help_text)


def text_field(help_text: str, *, rows: int = 6) -> forms.CharField:
    """Several lines for everybody to read."""
    return forms.CharField(
        max_length=TEXT_LENGTH, widget=UnfoldAdminTextareaWidget({"rows": rows}), help_text=help_text
    )


def hubs_field(*, required: bool, help_text: str = "") -> forms.ModelMultipleChoiceField[Hub]:
    """Hubs, to tick."""
    return forms.ModelMultipleChoiceField(
        Hub.objects.published(), required=required, widget=UnfoldAdminCheckboxSelectMultipleWidget, help_text=help_text
    )


class ZonedForm(forms.Form):
    """A form with times in a zone; `moments` names them. They come out as moments in UTC."""

    moments: tuple[str, ...] = ()

    zone = forms.ChoiceField(
        label="Time zone",
        choices=zones.choices(),
        initial="UTC",
        widget=UnfoldAdminSelectWidget,
        help_text="Of the times in this form. When clocks are set back, a time that comes twice is the earlier one.",
    )

    def clean(self) -> dict[str, Any]:
        """Turn what was typed into moments."""
        values = super().clean() or self.cleaned_data
        for name in self.moments:
            if values.get(name) and values.get("zone"):
                values[name] = self._moment(name, values[name], values["zone"])
        return values

    def _moment(self, name: str, typed: datetime, zone: str) -> datetime | None:
        try:
            return zones.moment(typed.replace(tzinfo=None), zone)
        except zones.ZoneError as error:
            self.add_error(name, str(error))
            return None


class DowntimeForm(ZonedForm):
    """Planned maintenance of one or several hubs."""

    moments = ("starts", "ends")

    hubs = hubs_field(required=True)
    severity = forms.ChoiceField(
        choices=Downtime.Severity.choices, initial=Downtime.Severity.OUTAGE, widget=UnfoldAdminRadioSelectWidget
    )
    starts = time_field(required=False, help_text="Leave it empty to begin now.")
    ends = time_field(required=True)
    text = forms.CharField(
        label="What happens",
        max_length=500,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text="One sentence for everybody: it is shown on the status page and in the feeds.",
    )

    field_order = ("hubs", "severity", "starts", "ends", "zone", "text")


class ExtendForm(ZonedForm):
    """A later end."""

    moments = ("ends",)

    ends = time_field(required=True)
    reason = reason_field()

    field_order = ("ends", "zone", "reason")


class DrainForm(ZonedForm):
    """Why a hub is drained at once, and until when."""

    moments = ("until",)

    reason = reason_field()
    until = time_field(required=False, help_text="Leave it empty to drain it until somebody undrains it.")

    field_order = ("reason", "until", "zone")


class IncidentForm(forms.Form):
    """Something that visitors notice."""

    title = forms.CharField(
        max_length=TITLE_LENGTH,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text="What visitors notice: “Launches are slow”.",
    )
    hubs = hubs_field(required=False, help_text="None, if it is not about a hub.")
    phase = forms.ChoiceField(choices=PHASES, widget=UnfoldAdminRadioSelectWidget, initial="investigating")
    text = text_field(MARKDOWN)


class UpdateForm(forms.Form):
    """What is new about an incident."""

    phase = forms.ChoiceField(
        choices=[*PHASES, (IncidentUpdate.Phase.RESOLVED, "resolved: it is over")], widget=UnfoldAdminRadioSelectWidget
    )
    text = text_field(MARKDOWN)


class ReopenForm(forms.Form):
    """Why an incident is not over."""

    text = text_field(MARKDOWN, rows=4)


class AcceptForm(forms.Form):
    """A draft's title."""

    title = forms.CharField(max_length=TITLE_LENGTH, widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}))
