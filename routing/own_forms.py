"""Forms of what members ask and plan for their hubs, on the portal's own pages."""

from __future__ import annotations

from typing import Any

from django import forms

from foundation import zones
from members.models import Member
from members.row_forms import OfferForm
from routing.downtime_forms import FORMAT, ZonedForm
from routing.models import MAX_USERS, MAX_WEIGHT, Downtime, Hub


def plain_time(*, required: bool, help_text: str = "") -> forms.DateTimeField:
    """A day and a time, in the zone that the form's `zone` says."""
    formats = [FORMAT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]
    widget = forms.DateTimeInput({"type": "datetime-local"}, FORMAT)
    return forms.DateTimeField(required=required, widget=widget, input_formats=formats, help_text=help_text)


def why(*, required: bool = True) -> forms.CharField:
    """One sentence."""
    return forms.CharField(
        label="Why",
        max_length=400,
        required=required,
        help_text="One sentence. Everybody can read it: it stands in the hub's public history.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )


class OwnZonedForm(ZonedForm):
    """A form with times, its zone chosen as the portal's own pages do it; at first that of the person or the member."""

    def __init__(self, *args: Any, zone: str = "", **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        field = self.fields["zone"]
        assert isinstance(field, forms.ChoiceField)
        field.widget = forms.Select()
        field.choices = zones.choices(zone)
        self.initial.setdefault("zone", zone if zone in zones.names() else "UTC")


class PlanForm(OwnZonedForm):
    """Planned maintenance of a member's hubs."""

    moments = ("starts", "ends")

    hubs = forms.ModelMultipleChoiceField(Hub.objects.none(), widget=forms.CheckboxSelectMultiple)
    severity = forms.ChoiceField(
        label="What it means for launches",
        choices=Downtime.Severity.choices,
        initial=Downtime.Severity.OUTAGE,
        widget=forms.RadioSelect,
    )
    starts = plain_time(required=False, help_text="Leave it empty to begin now.")
    ends = plain_time(required=True)
    text = forms.CharField(
        label="What happens",
        max_length=500,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text="One sentence for everybody: it is shown on the status page and in the feeds.",
    )

    field_order = ("hubs", "severity", "starts", "ends", "zone", "text")

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        own = Hub.objects.published().filter(member=member)
        field = self.fields["hubs"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = own
        if own.count() == 1:
            self.initial.setdefault("hubs", [own[0].pk])


class LaterForm(OwnZonedForm):
    """A later end."""

    moments = ("ends",)

    ends = plain_time(required=True)
    reason = why(required=False)

    field_order = ("ends", "zone", "reason")


class WeightForm(forms.Form):
    """Another weight for a hub."""

    weight = forms.DecimalField(
        min_value=0,
        max_value=MAX_WEIGHT,
        max_digits=9,
        decimal_places=3,
        widget=forms.NumberInput({"step": "any", "inputmode": "decimal"}),
    )
    reason = why()


class LimitForm(forms.Form):
    """Not more than so many users."""

    users = forms.IntegerField(
        label="Not more than so many users at the same time",
        min_value=1,
        max_value=MAX_USERS,
        required=False,
        help_text="Empty: as many as its quota allows.",
    )
    reason = why()


class HubOfferForm(OfferForm):
    """An offer, and the hubs that run on it."""

    hubs = forms.ModelMultipleChoiceField(
        Hub.objects.none(), label="Hubs that run on it", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, member=member, **kwargs)
        field = self.fields["hubs"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = Hub.objects.published().filter(member=member)
        if self.instance.pk:
            self.initial["hubs"] = list(self.instance.hubs.all())
