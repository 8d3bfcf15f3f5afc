"""What the records that people edit have in common in the office: services write them, and no edit undoes another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from import_export.admin import ImportExportMixin
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from members.models.editing import Editable
from members.services import access, edits

MOST_BYTES = 1_000_000


class RecordForm(forms.ModelForm):
    """A record, and the fingerprint of it that the editor saw."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        if self.instance.pk and "seen" in self.fields:
            self.fields["seen"].initial = self.instance.fingerprint

    def clean(self) -> dict[str, Any]:
        """Tell the second of two editors that the first was there; what they typed stays in the form."""
        seen = self.cleaned_data.get("seen")
        if self.instance.pk and seen and seen != self.instance.fingerprint:
            typed: Any = self.data
            self.data = typed.copy()
            self.data["seen"] = self.instance.fingerprint  # type: ignore[index]
            raise ValidationError(
                "Somebody changed this since you opened it. What you typed is still here: compare it with the history, "
                "then save again."
            )
        edits.different(self.instance, self.record())  # Says what the service would refuse while the form is there.
        return self.cleaned_data

    def record(self) -> dict[str, Any]:
        """What was typed, by field of the record."""
        kept: tuple[str, ...] = self._meta.model.RECORD
        return {name: value for name, value in self.cleaned_data.items() if name in kept}


class HistoryAdmin(SimpleHistoryAdmin, ModelAdmin):
    """Rows with a history that can be read: who, when, what, why. Nothing is changed from there."""

    object_history_list_template = "admin/history_rows.html"
    history_list_per_page = 50

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        """What was is looked at, not brought back: services know what may be changed."""
        return True

    def history_form_view(
        self,
        request: HttpRequest,
        object_id: str,
        version_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """All that was is in the list."""
        return redirect(admin_urlname(self.opts, "history"), object_id)  # type: ignore[arg-type]


class RecordAdmin(HistoryAdmin):
    """Records that services write."""

    list_per_page = 50
    list_filter_submit = True
    warn_unsaved_form = True
    change_form_show_cancel_button = True

    def get_fieldsets(self, request: HttpRequest, obj: Editable | None = None) -> Any:  # noqa: ANN401
        """With the fingerprint, where somebody may edit."""
        found = list(super().get_fieldsets(request, obj))
        return [*found, (None, {"fields": ("seen",)})] if obj and self.has_change_permission(request, obj) else found

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:  # noqa: ANN401
        """An address without a scheme is one with https."""
        if isinstance(db_field, models.URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401
        """The form; what a service refuses in the last moment is said, not thrown."""
        view = super().changeform_view
        return _said(request, lambda: view(request, *args, **kwargs))

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401
        """The question; as above."""
        view = super().delete_view
        return _said(request, lambda: view(request, *args, **kwargs))


def _said(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return view()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except (edits.EditError, access.NotAllowed) as error:
        messages.error(request, str(error))
    return redirect(request.get_full_path())


class SmallImportForm(ImportForm):
    """A file that a person could have written."""

    def clean_import_file(self) -> Any:  # noqa: ANN401
        """At most a megabyte."""
        file = self.cleaned_data["import_file"]
        if file.size > MOST_BYTES:
            raise ValidationError(f"This file has {file.size:,} bytes; {MOST_BYTES:,} are the most. Split it.")
        return file


class TableAdmin(ImportExportMixin, RecordAdmin):
    """Records that can be had and brought as a table."""

    import_form_class = SmallImportForm
    export_form_class = ExportForm
    resource_classes: ClassVar[list[type]] = []

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:  # noqa: ANN401
        """What was looked at and confirmed; who may is asked before anything else."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        return super().process_import(request, **kwargs)
