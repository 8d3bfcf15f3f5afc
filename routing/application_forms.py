"""What maintainers fill in about an application, and people about a hub that comes in. Forms check input, no more."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django import forms
from django.core.validators import RegexValidator

from foundation import texts
from members.models import SLUG
from routing.addresses import hub_address, tidy
from routing.models import MAX_WEIGHT, NAMES, Hub
from routing.models.hubs import KEY_SHAPE
from routing.services.admissions import Terms
from routing.services.evidence import TEST_SPEC

REASON_LENGTH = 400


class QuestionForm(forms.Form):
    """What a maintainer asks or says."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    text = forms.CharField(
        label="Ask or say something",
        max_length=10_000,
        widget=forms.Textarea({"rows": 4}),
        help_text="They get it by e-mail, and answer on their page. Markdown.",
    )


class EvidenceForm(forms.Form):
    """Whether to launch something at their hub as well."""

    test = forms.BooleanField(label="With a test launch", required=False)

    def spec(self) -> str:
        """What to launch there; nothing without a tick."""
        return TEST_SPEC if self.cleaned_data["test"] else ""


class DeclineForm(forms.Form):
    """Why not."""

    reason = forms.CharField(
        label="Why",
        max_length=2_000,
        widget=forms.Textarea({"rows": 4}),
        help_text="They read this: be kind, and say what would have to be different.",
    )


class AdmitForm(forms.Form):
    """How the new member and its hub are called."""

    name = forms.CharField(label="The member's name", max_length=100)
    slug = forms.CharField(
        label="In addresses", max_length=63, validators=[SLUG], help_text="Part of its page's address."
    )
    hub_name = forms.CharField(label="The hub's name", max_length=100)
    key = forms.CharField(
        label="The hub's key",
        max_length=63,
        validators=[RegexValidator(KEY_SHAPE.replace("$", r"\Z"), "Lower-case letters, digits and hyphens.")],
        help_text="It picks the repositories that go there, and can never be changed.",
    )
    url = forms.CharField(
        label="The hub's address",
        max_length=300,
        help_text="Their own, or a name in the federation's domain; it need not be there yet.",
    )

    def clean_url(self) -> str:
        """An address that a hub may have."""
        url = tidy(self.cleaned_data["url"])
        hub_address(url)
        return url

    def terms(self) -> Terms:
        """All of it."""
        said = {name: texts.line(value) for name, value in self.cleaned_data.items()}
        return Terms(**said)


class NamesForm(forms.ModelForm):  # type: ignore[type-arg]
    """A hub's names elsewhere, and where its names in DNS lead."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Hub
        fields: ClassVar = ["ip_address", *NAMES]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.initial["seen"] = Hub.objects.get(pk=self.instance.pk).fingerprint

    def changes(self) -> dict[str, Any]:
        """What is other now."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name != "seen"}


class StartForm(forms.Form):
    """The first weight."""

    weight = forms.DecimalField(min_value=0, max_value=MAX_WEIGHT, max_digits=9, decimal_places=3, initial=1)
    reason = forms.CharField(label="Why", max_length=REASON_LENGTH, initial="Onboarding is complete")


class StepForm(forms.Form):
    """What to do with one step, and a word about it."""

    verb = forms.ChoiceField(choices=[(each, each) for each in ("done", "skip", "reopen")])
    note = forms.CharField(max_length=REASON_LENGTH, required=False)
