"""Which facts of a record a maintainer looks at before they are public. Each is one row here."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from members.admin.records import HistoryAdmin
from members.models import Member, ReviewedField
from members.services import records


class ReviewForm(forms.ModelForm):
    """One fact."""

    field = forms.ChoiceField(
        label="Fact",
        widget=UnfoldAdminSelectWidget,
        choices=[(name, Member.label(name).capitalize()) for name in records.OWN],
        help_text="When a member changes it, the change waits until a maintainer accepts it. All else shows at once.",
    )

    class Meta:
        model = ReviewedField
        fields: ClassVar = ["field"]


@admin.register(ReviewedField)
class ReviewedFieldAdmin(HistoryAdmin):
    """Chosen by adding, let go by deleting; there is nothing to edit."""

    form = ReviewForm
    list_display = ("shown_fact",)
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: ReviewedField | None = None) -> bool:
        """A row says nothing but its fact."""
        return False

    def save_model(self, request: HttpRequest, obj: ReviewedField, form: Any, change: bool) -> None:  # noqa: ANN401
        """By the service."""
        records.review({*_fields(), obj.field}, by=request.user)  # type: ignore[arg-type]
        obj.pk = ReviewedField.objects.get(field=obj.field).pk

    def delete_model(self, request: HttpRequest, obj: ReviewedField) -> None:
        """By the service."""
        records.review(_fields() - {obj.field}, by=request.user)  # type: ignore[arg-type]

    @display(description="Fact")
    def shown_fact(self, row: ReviewedField) -> str:
        """As people call it."""
        return str(row).capitalize()


def _fields() -> set[str]:
    return set(ReviewedField.objects.values_list("field", flat=True))
