"""The steps of an application, and what is written in its thread. Forms check input, nothing more."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

from django import forms
from django.conf import settings
from django.contrib.postgres.forms import SimpleArrayField

from foundation import texts, weblinks, zones
from foundation.addresses import why_refused
from members.models import Application, Member, Responsibility


class StepForm(forms.ModelForm):  # type: ignore[type-arg]
    """One step. `needed` are fields that a draft may lack, but no application that is sent."""

    needed: ClassVar[tuple[str, ...]] = ()

    class Meta:
        model = Application
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        for name in self.needed:
            self.fields[name].required = True

    def clean(self) -> dict[str, Any]:
        """Texts without what can't be seen."""
        values = super().clean() or self.cleaned_data
        for name, value in values.items():
            if isinstance(value, str):
                is_long = isinstance(self.fields[name].widget, forms.Textarea)
                values[name] = texts.clean(value) if is_long else texts.line(value)
        return values

    def values(self) -> dict[str, Any]:
        """What was typed, by field."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}


class OrganisationForm(StepForm):
    """Who asks."""

    needed = ("summary",)
    website = forms.URLField(
        required=False,
        assume_scheme="https",
        help_text="Such as https://example.org.",
        widget=forms.TextInput({"inputmode": "url"}),
    )

    class Meta(StepForm.Meta):
        fields: ClassVar = ["organisation", "website", "summary", "motivation", "contact_name", "email", "chat"]
        labels: ClassVar = {"summary": "Who you are, in one sentence"}
        help_texts: ClassVar = {
            "organisation": "As the public shall read it.",
            "motivation": "And what you would like to know from us.",
            "email": "We send a link there that leads back to this application, and our answer.",
            "chat": "Such as Zulip: Ada Lovelace; GitHub: @ada.",
        }
        widgets: ClassVar = {
            "organisation": forms.TextInput({"autocomplete": "organization"}),
            "contact_name": forms.TextInput({"autocomplete": "name"}),
            "email": forms.EmailInput({"autocomplete": "email"}),
            "motivation": forms.Textarea({"rows": 5}),
        }

    def clean_website(self) -> str:
        """An address that may be linked to."""
        return _weblink(self.cleaned_data["website"])


class BeginForm(OrganisationForm):
    """The first step of a new application. `fax` is a trap: people don't see it, programs fill it in."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    fax = forms.CharField(
        label="Leave this empty",
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"}),
    )

    def clean_fax(self) -> str:
        """Kind words, in case it was a person's browser."""
        if self.cleaned_data["fax"]:
            raise forms.ValidationError("Something filled in a field that is not meant for people. Try once more.")
        return ""


class OfferForm(StepForm):
    """What they offer."""

    mode = forms.ChoiceField(
        label="Who would operate it?",
        widget=forms.RadioSelect,
        choices=[
            (Member.Mode.TEAM, "The federation's team: we give access to a cluster or a cloud account"),
            (Member.Mode.MEMBER, "We ourselves: we run a BinderHub and look after it"),
        ],
    )
    regions = SimpleArrayField(
        forms.CharField(max_length=60),
        max_length=20,
        required=False,
        help_text="Where in the world, with commas between.",
    )

    class Meta(StepForm.Meta):
        fields: ClassVar = [
            "mode",
            "cpu_cores",
            "memory_gib",
            "concurrent_users",
            "provider",
            "regions",
            "starts",
            "ends",
            "restrictions",
        ]
        help_texts: ClassVar = {
            "concurrent_users": "How many you would like to have at most. A guess is fine.",
            "provider": "A cloud, or your own machine room.",
            "ends": "Leave it empty if it goes on.",
            "restrictions": "What we have to know, such as who may not use it.",
        }
        widgets: ClassVar = {
            "starts": forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
            "ends": forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
            "restrictions": forms.Textarea({"rows": 3}),
        }

    def clean(self) -> dict[str, Any]:
        """Some measure of how much it is."""
        values = super().clean()
        if not any(values.get(name) for name in ("cpu_cores", "memory_gib", "concurrent_users")) and not self.errors:
            self.add_error("cpu_cores", "Say how much it is: in cores, in memory or in users. A guess is fine.")
        return values

    def clean_regions(self) -> list[str]:
        """Each once."""
        return list(dict.fromkeys(filter(None, map(texts.line, self.cleaned_data["regions"]))))


class PeopleForm(StepForm):
    """Who would look after it."""

    needed = ("hours_per_month",)
    time_zone = forms.ChoiceField(label="Time zone of your people")

    class Meta(StepForm.Meta):
        fields: ClassVar = ["hours_per_month", "time_zone", "experience"]
        labels: ClassVar = {"hours_per_month": "Hours your people have for it each month"}
        help_texts: ClassVar = {
            "hours_per_month": "All of them together, in a quiet month. 0 is an answer too.",
            "experience": "With Kubernetes, JupyterHub, BinderHub, or none yet.",
        }
        widgets: ClassVar = {"experience": forms.Textarea({"rows": 5})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        field = self.fields["time_zone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Choose one"), *zones.choices(self.instance.time_zone)]


class HubForm(StepForm):
    """The hub that runs already, if one does."""

    class Meta(StepForm.Meta):
        fields: ClassVar = ["hub_url"]
        help_texts: ClassVar = {
            "hub_url": "Such as https://hub.example.org. We then look at it once your application is here: its name in "
            "DNS, its certificate, what it says of its health and its versions."
        }
        widgets: ClassVar = {"hub_url": forms.URLInput({"inputmode": "url"})}

    def clean_hub_url(self) -> str:
        """An address that the portal may ask."""
        typed = self.cleaned_data["hub_url"].strip()
        typed = f"https://{typed}" if typed and "://" not in typed else typed
        url = _weblink(typed).rstrip("/")
        wrong = why_refused(url, allow_private=settings.ALLOW_PRIVATE_HUBS) if url else ""
        if wrong or "?" in url or "#" in url:
            raise forms.ValidationError(f"This {wrong or 'has a query or a fragment: leave out what follows ? or #'}.")
        return url


class PromisesForm(StepForm):
    """What the federation asks."""

    accepted = forms.MultipleChoiceField(
        label="What we ask of everybody who joins",
        help_text="Each now and then, not each day, and a little more if you operate the hub yourselves. There is no "
        "contract.",
        required=False,
        choices=Responsibility.choices,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta(StepForm.Meta):
        fields: ClassVar = ["accepted"]

    def clean_accepted(self) -> list[str]:
        """All of them."""
        accepted = self.cleaned_data["accepted"]
        if set(accepted) != set(Responsibility.values):
            raise forms.ValidationError("We ask for each of them. What you ticked is still ticked.")
        return list(accepted)


@dataclass(frozen=True)
class Step:
    """One page of the form."""

    name: str
    title: str
    form: type[StepForm]


STEPS: Final = (
    Step("organisation", "Who you are", OrganisationForm),
    Step("offer", "What you offer", OfferForm),
    Step("people", "Who looks after it", PeopleForm),
    Step("hub", "Your hub", HubForm),
    Step("promises", "What we ask", PromisesForm),
)


class MessageForm(forms.Form):
    """Something to say in the thread."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    text = forms.CharField(label="Your message", max_length=10_000, widget=forms.Textarea({"rows": 4}))


class AgainForm(forms.Form):
    """Where a link that was lost shall go once more."""

    email = forms.EmailField(label="Your e-mail", widget=forms.EmailInput({"autocomplete": "email"}))


def answers(application: Application) -> list[tuple[Step, list[tuple[str, Any]]]]:
    """What an application says, step by step, for reading: labels and values, without what was left empty."""
    return [(step, list(_answers(step, application))) for step in STEPS]


def _answers(step: Step, application: Application) -> Iterable[tuple[str, Any]]:
    form = step.form(instance=application)
    for name, field in form.fields.items():
        value = getattr(application, name)
        if value in (None, "", []):
            continue
        yield str(form[name].label), _spoken(field, value)


def _spoken(field: forms.Field, value: Any) -> Any:  # noqa: ANN401
    if isinstance(field, forms.ChoiceField):
        words = dict(cast("Iterable[tuple[str, str]]", field.choices))
        return [words.get(each, each) for each in value] if isinstance(value, list) else words.get(value, value)
    return ", ".join(value) if isinstance(value, list) else value


def _weblink(typed: str) -> str:
    if not typed:
        return ""
    try:
        return weblinks.plain(typed)
    except weblinks.BadLink as error:
        raise forms.ValidationError(str(error)) from None
