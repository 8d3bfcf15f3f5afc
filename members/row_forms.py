"""Forms of rows that several people edit: what was typed is never lost, whatever the service says of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from foundation import reasons, zones
from foundation.markdown import HINT
from members.models import ComputeOffer, Contact, Editable, Member, Report
from members.services import edits, records

Row = TypeVar("Row", bound=Editable)
Result = TypeVar("Result")

PUBLIC = format_html(' <span class="badge">{}</span>', "public")
REVIEWED = format_html(' <span class="badge">{}</span>', "looked at first")


class RowForm(forms.ModelForm, Generic[Row]):  # type: ignore[type-arg]
    """A record. `seen` is what the editor saw of it; services refuse to write over what others changed meanwhile."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        zone = self.fields.get("time_zone")
        if isinstance(zone, forms.ChoiceField):
            zone.choices = [("", "not said"), *zones.choices(self.instance.time_zone)]
        if self.instance.pk:
            self.initial["seen"] = self.instance.fingerprint

    def changes(self) -> dict[str, Any]:
        """What was typed, by field; services find out what of it is new."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or () if name in self.cleaned_data}

    def _post_clean(self) -> None:
        """Nothing: the service checks the row as it is by then, not as the form made it up."""

    def save_by(self, verb: Callable[[dict[str, Any]], Result]) -> Result | None:
        """What the service made of it; None if it refused, and then the form says why, with all that was typed."""
        if not self.is_valid():
            return None
        try:
            return verb(self.changes())
        except edits.Stale as error:
            self.add_error(None, str(error))
            self._see(error)
        except ValidationError as error:
            self._blame(error)
        except (edits.EditError, reasons.NoReason) as error:
            self.add_error(None, str(error))
        return None

    @property
    def seen_text(self) -> str | None:
        """The fingerprint that came with the form."""
        return self.cleaned_data.get("seen") or None

    def _see(self, stale: edits.Stale) -> None:
        """The next save knows what it replaces: what only others changed is taken over, the rest shown beside."""
        data = self.data.copy()  # type: ignore[attr-defined]
        data[self.add_prefix("seen")] = stale.row.fingerprint
        for name in stale.changes:
            if name not in self.cleaned_data:
                continue
            typed, now = edits.tidy(stale.row, name, self.cleaned_data[name]), getattr(stale.row, name)
            if stale.before is not None and typed == getattr(stale.before, name):
                data.setlist(self.add_prefix(name), _as_typed(now))
            elif typed != now:
                shown = f"“{', '.join(_as_typed(now))}”" if now not in (None, "", []) else "nothing"
                self.add_error(name, f"It says {shown} now. If you save again, yours takes its place.")
        self.data = data

    def _blame(self, error: ValidationError) -> None:
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, found in error.error_dict.items():
            self.add_error(name if name in self.fields else None, found)


def _as_typed(value: Any) -> list[str]:  # noqa: ANN401
    """A value as a browser would send it."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return ["" if each is None else str(getattr(each, "pk", each)) for each in values]


def zone_field(help_text: str) -> forms.ChoiceField:
    """A time zone to choose, or none."""
    return forms.ChoiceField(required=False, help_text=help_text)


def link_field(help_text: str = "") -> forms.URLField:
    """A web address; https where nothing else was typed."""
    # Not of type url: browsers would refuse what has no scheme, which is added here.
    return forms.URLField(
        required=False,
        max_length=200,
        assume_scheme="https",
        help_text=help_text,
        widget=forms.TextInput({"inputmode": "url"}),
    )


class RecordForm(RowForm[Member]):
    """What the public reads of a member."""

    website = link_field()
    funded_by_url = link_field()
    run_by_url = link_field()
    time_zone = zone_field("Of your team.")

    class Meta:
        model = Member
        fields: ClassVar = list(records.OWN)
        help_texts: ClassVar = {"story": f"Why you take part. {HINT}"}
        widgets: ClassVar = {"story": forms.Textarea({"rows": 10}), "mode": forms.RadioSelect}

    def __init__(self, *args: Any, reviewed: frozenset[str] = frozenset(), **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        for name, label in (("funded_by_url", "Funder's website"), ("run_by_url", "Operator's website")):
            self.fields[name].label = label
        for name in self._meta.fields or ():
            field = self.fields[name]
            words = str(field.label or Member.label(name).capitalize())
            field.label = format_html("{}{}{}", words, PUBLIC, REVIEWED if name in reviewed else "")


class ContactForm(RowForm[Contact]):
    """Whom to call."""

    roles = forms.MultipleChoiceField(
        label="What for", choices=Contact.Role.choices, widget=forms.CheckboxSelectMultiple
    )
    time_zone = zone_field("When may one call?")

    class Meta:
        model = Contact
        fields: ClassVar = list(Contact.RECORD)
        labels: ClassVar = {"visibility": "Who sees this contact"}
        widgets: ClassVar = {"visibility": forms.RadioSelect, "phone": forms.TextInput({"type": "tel"})}
        help_texts: ClassVar = {
            "email": "We send a link there to confirm it. Alerts go to confirmed addresses only.",
            "position": "Who is called first is number 1; the next ones if it lasts.",
        }


class OfferForm(RowForm[ComputeOffer]):
    """What a member gives."""

    class Meta:
        model = ComputeOffer
        fields: ClassVar = list(ComputeOffer.RECORD)
        labels: ClassVar = {"cpu_cores": "CPU cores", "memory_gib": "Memory (GiB)"}
        help_texts: ClassVar = {
            "billing_account": "Maintainers and your managers see this, nobody else.",
            "regions": "With commas between, such as eu-west, us-east.",
            "ends": "Its last day. Empty: it goes on.",
        }
        widgets: ClassVar = {
            "starts": forms.DateInput({"type": "date"}, "%Y-%m-%d"),
            "ends": forms.DateInput({"type": "date"}, "%Y-%m-%d"),
            "restrictions": forms.Textarea({"rows": 4}),
        }

    def __init__(self, *args: Any, member: Member, fields: tuple[str, ...], **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        for name in set(self._meta.fields or ()) - set(fields):
            del self.fields[name]
        contacts = self.fields["team_contact"]
        assert isinstance(contacts, forms.ModelChoiceField)
        contacts.queryset = member.contacts.all()
        contacts.empty_label = "nobody"


class ReportForm(RowForm[Report]):
    """What a member tells of its month."""

    class Meta:
        model = Report
        fields: ClassVar = list(Report.RECORD)
        widgets: ClassVar = {name: forms.Textarea({"rows": 5}) for name in Report.RECORD}

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        for name in Report.RECORD:
            self.fields[name].label = Report.label(name).capitalize()


class LogoForm(forms.Form):
    """A picture. What is in it is looked at, not what it is called."""

    picture = forms.FileField(
        label="Picture",
        help_text="PNG, WebP or SVG, at most 2 MB. It is made small and shown on white.",
        widget=forms.FileInput({"accept": ".png,.webp,.svg,image/png,image/webp,image/svg+xml"}),
    )


class LeaveForm(forms.Form):
    """Why, and that it is meant."""

    reason = forms.CharField(
        label="Why",
        max_length=reasons.MAX_LENGTH,
        help_text="One sentence. Your own people and maintainers read it, nobody else.",
    )
    sure = forms.CharField(widget=forms.TextInput({"autocomplete": "off"}))

    def __init__(self, slug: str, data: Any = None) -> None:  # noqa: ANN401
        super().__init__(data)
        self.slug = slug
        self.fields["sure"].label = f"Type {slug} to show that you mean it"

    def clean_sure(self) -> str:
        """The slug."""
        typed = str(self.cleaned_data["sure"]).strip()
        if typed.lower() != self.slug:
            raise ValidationError(f"Type {self.slug} here, or stay.")
        return typed


class WhyForm(forms.Form):
    """Why something is done."""

    reason = forms.CharField(
        label="Why",
        max_length=400,
        help_text="One sentence. Your own people and maintainers read it, nobody else.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
