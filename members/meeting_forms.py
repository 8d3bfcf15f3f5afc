"""Forms of meetings' pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms

from members.models import ActionItem, AgendaItem, Meeting
from members.row_forms import RowForm, link_field
from members.services import rota
from members.services.guests import Guest


class ItemForm(RowForm[AgendaItem]):
    """Something to talk about."""

    class Meta:
        model = AgendaItem
        fields: ClassVar = list(AgendaItem.RECORD)
        widgets: ClassVar = {"text": forms.Textarea({"rows": 4}), "seen_by": forms.RadioSelect}
        labels: ClassVar = {"title": "What about", "text": "More about it"}


class NotesForm(RowForm[Meeting]):
    """What was said."""

    notes_url = link_field("Where they stand, if not here.")

    class Meta:
        model = Meeting
        fields: ClassVar = ["notes", "notes_url", "notes_public"]
        widgets: ClassVar = {"notes": forms.Textarea({"rows": 18})}


class ActionForm(RowForm[ActionItem]):
    """What somebody will do until when."""

    class Meta:
        model = ActionItem
        fields: ClassVar = list(ActionItem.RECORD)
        labels: ClassVar = {"text": "What will be done", "owner": "By whom", "due_on": "Until"}
        widgets: ClassVar = {"due_on": forms.DateInput({"type": "date"}, "%Y-%m-%d")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        owner.queryset = rota.candidates()
        owner.empty_label = "somebody"


class AttendanceForm(forms.Form):
    """Who was there."""

    people = forms.MultipleChoiceField(label="Who was there", required=False, widget=forms.CheckboxSelectMultiple)
    guests = forms.CharField(
        required=False,
        max_length=4_000,
        help_text="Others who were there, one on each line.",
        widget=forms.Textarea({"rows": 3}),
    )

    def __init__(self, *args: Any, expected: Iterable[Guest], **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        people = self.fields["people"]
        assert isinstance(people, forms.MultipleChoiceField)
        people.choices = [(each.address, _name(each)) for each in expected]


class RotaForm(forms.Form):
    """What one is willing to do in turn."""

    facilitates = forms.BooleanField(label="I lead meetings in turn with others", required=False)
    takes_notes = forms.BooleanField(label="I take notes in turn with others", required=False)


def _name(guest: Guest) -> str:
    name = guest.name or guest.address
    return f"{name}, {guest.member}" if guest.member else name
