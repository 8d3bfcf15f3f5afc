"""Forms check input, nothing more; services do the work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.models import LogEntry
from unfold.widgets import INPUT_CLASSES, UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from members.seen_forms import SeenForm
from routing.addresses import tidy
from routing.models import MAX_WEIGHT, RECORD, Hub, Policy

FIELDS = tuple(name.removesuffix("_id") for name in RECORD)
AT_ONCE, RAMP = "at once", "ramp"
DERIVED = {"health_url": "/health", "versions_url": "/versions"}


def reason_field() -> forms.CharField:
    """Why: required wherever something changes that redirectors obey."""
    return forms.CharField(
        max_length=400,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text="One sentence, for those who read the history later.",
    )


def begin_field() -> forms.ChoiceField:
    """How a hub that comes into rotation begins."""
    return forms.ChoiceField(
        label="When it becomes active it begins with",
        required=False,
        choices=[
            (RAMP, "1 % and more, step by step over hours, guarded: a ramp"),
            (AT_ONCE, "its whole weight, after the slow start of minutes"),
        ],
        initial=RAMP,
        widget=UnfoldAdminRadioSelectWidget,
    )


class ReasonForm(forms.Form):
    """A confirmation that asks why."""

    reason = reason_field()


class HubForm(forms.ModelForm):
    """The record of a hub. Addresses that are left out are made from the hub's own."""

    reason = reason_field()
    # What the editor saw: the record may move under them.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Hub
        fields: ClassVar = [*FIELDS]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        for name in DERIVED.keys() & self.fields.keys():
            self.fields[name].required = False
            self.fields[name].help_text = f"Leave it empty for the hub's address and {DERIVED[name]}."
        if self.instance.pk and "seen" in self.fields:
            self.initial["seen"] = self.instance.fingerprint

    def clean_url(self) -> str:
        """The address without slashes at its end."""
        return tidy(self.cleaned_data["url"])

    def clean(self) -> dict[str, Any]:
        """Fill in the addresses, and refuse to write over what somebody else changed meanwhile."""
        values = super().clean() or self.cleaned_data
        for name in DERIVED.keys() & self.fields.keys() - self.errors.keys():
            values[name] = tidy(values.get(name) or "")
            if not values[name] or self._followed_the_address(name):
                values[name] = f"{values.get('url', '')}{DERIVED[name]}"
        if self.instance.pk and values.get("seen"):
            self._refuse_stale(values["seen"])
        return values

    def changes(self) -> dict[str, Any]:
        """The fields of the record that the person changed."""
        values = {name: self.cleaned_data[name] for name in FIELDS if name in self.cleaned_data}
        return {name: value for name, value in values.items() if getattr(value, "pk", value) != self.initial.get(name)}

    def _followed_the_address(self, name: str) -> bool:
        """Whether the person changed the hub's address and left this one, which was made from it, alone."""
        made = f"{self.initial.get('url', '')}{DERIVED[name]}"
        return "url" in self.changed_data and name not in self.changed_data and self.initial.get(name) == made

    def _refuse_stale(self, seen: str) -> None:
        stored = Hub.objects.filter(pk=self.instance.pk).first()
        if stored is None or stored.fingerprint == seen:
            return
        # Shown again with what was typed; the next save knows what it replaces.
        data: dict[str, Any] = self.data.copy()  # type: ignore[attr-defined]
        data[self.add_prefix("seen")] = stored.fingerprint
        self.data = data
        raise forms.ValidationError(
            f"{_who_changed(stored)} this hub since you opened the page. It is {stored.name} of {stored.member} now, "
            f"at {stored.url}, with headroom {stored.pod_headroom}. Nothing was saved. Save again to replace that."
        )


class NewHubForm(HubForm):
    """A hub that comes in, with its first weight."""

    # A hub begins its life in one of these.
    state = forms.ChoiceField(
        choices=[each for each in Hub.State.choices if each[0] in {Hub.State.ONBOARDING, Hub.State.ACTIVE}],
        widget=UnfoldAdminRadioSelectWidget,
        initial=Hub.State.ONBOARDING,
        help_text="A hub that is onboarding gets no launches, whatever its weight.",
    )
    begin = begin_field()

    class Meta(HubForm.Meta):
        fields: ClassVar = [*FIELDS, "key", "weight", "state"]


class PolicyForm(SeenForm):
    """How redirectors choose and check."""

    reason = reason_field()

    class Meta:
        model = Policy
        exclude: ClassVar = ["id"]


class WeightsForm(forms.Form):
    """The weights of several hubs on one page, what the editor saw beside each, and one reason for all."""

    reason = reason_field()

    def __init__(self, hubs: Iterable[Hub], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.hubs = list(hubs)
        for hub in self.hubs:
            self.fields[f"weight-{hub.pk}"] = forms.DecimalField(
                min_value=0,
                max_value=MAX_WEIGHT,
                max_digits=9,
                decimal_places=3,
                initial=f"{hub.weight.normalize():f}",
                widget=forms.NumberInput(
                    {
                        "class": " ".join(INPUT_CLASSES),
                        "aria-label": f"Weight of {hub.name}",
                        "step": "any",
                        "inputmode": "decimal",
                        "data-weight": "",
                    }
                ),
            )

    def new(self) -> dict[int, Decimal]:
        """The weights that were typed, by hub; only those that are numbers."""
        typed = {hub.pk: self.cleaned_data.get(f"weight-{hub.pk}") for hub in self.hubs}
        return {pk: weight for pk, weight in typed.items() if weight is not None}

    def seen(self) -> dict[int, Decimal]:
        """The weights that the page showed when it was opened."""
        shown = {hub.pk: str(self.data.get(f"seen-{hub.pk}", "")) for hub in self.hubs}
        return {pk: Decimal(text) for pk, text in shown.items() if _is_weight(text)}


def _is_weight(text: str) -> bool:
    return text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit() and len(text) < 20


def _who_changed(hub: Hub) -> str:
    entry = LogEntry.objects.filter(object_id=str(hub.pk), content_type__model="hub").select_related("user").first()
    return f"{entry.user} changed (at {entry.action_time:%H:%M} UTC)" if entry else "Somebody changed"
