"""What the records that people edit have in common in the office: services write them, and no edit undoes another."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from import_export.admin import ExportActionMixin, ImportMixin
from import_export.tmp_storages import CacheStorage
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from members.seen_forms import SeenForm
from members.services import access, edits

MOST_BYTES = 1_000_000
DAY = 86_400
SAID = (
    "You see each row before anything is written. A member that is new here is being taken in, and not public, "
    "unless the column “state” says active."
)
REFUSED = (ValidationError, edits.EditError, access.NotAllowed)


class RecordForm(SeenForm):
    """A record that a service writes."""

    def clean(self) -> dict[str, Any]:
        """Say what the service would refuse while the form is there."""
        super().clean()
        edits.different(self.instance, self.record())
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

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list; who may not see the row is told so, whether there is one or not."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def history_form_view(
        self,
        request: HttpRequest,
        object_id: str,
        version_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """All that was is in the list, for who may see the row."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return redirect(admin_urlname(self.opts, "history"), object_id)  # type: ignore[arg-type]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401
        """With the fingerprint, where a form has one and somebody may edit."""
        found = list(super().get_fieldsets(request, obj))
        if obj is None or "seen" not in self.form.base_fields or not self.has_change_permission(request, obj):
            return found
        return [*found, (None, {"fields": ("seen",)})]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: ANN401
        """The form; after a refusal one that says it."""
        form = super().get_form(request, obj, change, **kwargs)
        said = getattr(request, "refused", "")
        return type(form.__name__, (form,), {"refused": said}) if said else form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401
        """The form; what a service refuses in the last moment is said in it, with all that was typed."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except REFUSED as error:
            request.refused = _said(error)  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)


class RecordAdmin(HistoryAdmin):
    """Records that services write."""

    list_per_page = 50
    list_filter_submit = True
    warn_unsaved_form = True
    change_form_show_cancel_button = True

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:  # noqa: ANN401
        """An address without a scheme is one with https."""
        if isinstance(db_field, models.URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401
        """The question; what a service refuses is said."""
        try:
            return super().delete_view(request, *args, **kwargs)
        except REFUSED as error:
            messages.error(request, _said(error))
            return redirect(request.get_full_path())


def _said(error: Exception) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


class SmallImportForm(ImportForm):
    """A file that a person could have written."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        # What is larger than any upload may be does not come through at all.
        said = f"Choose a file of at most {MOST_BYTES:,} bytes."
        self.fields["import_file"].error_messages["required"] = said
        self.fields["import_file"].help_text = SAID

    def clean_import_file(self) -> Any:  # noqa: ANN401
        """At most a megabyte."""
        file = self.cleaned_data["import_file"]
        if file.size > MOST_BYTES:
            raise ValidationError(f"This file has {file.size:,} bytes; {MOST_BYTES:,} are the most. Split it.")
        return file


class TableAdmin(ImportMixin, ExportActionMixin, RecordAdmin):
    """Records that can be had, all or some of them, and brought as a table."""

    import_export_change_list_template = "admin/import_export/change_list_import_export.html"

    import_form_class = SmallImportForm
    export_form_class = ExportForm
    resource_classes: ClassVar[list[type]] = []

    def get_valid_export_item_pks(self, request: HttpRequest) -> Any:  # noqa: ANN401
        """Those that can be seen can be had."""
        return self.get_queryset(request).values_list("pk", flat=True)

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:  # noqa: ANN401
        """What was looked at and confirmed, once; who may is asked before anything else."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        if not _claim(request.POST.get("import_file_name", "")[:100]):
            messages.error(request, "This table was imported already, or was looked at too long ago: choose it again.")
            return redirect(admin_urlname(self.opts, "import"))  # type: ignore[arg-type]
        return super().process_import(request, **kwargs)

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401
        """All rows or none, also where one broke a rule only after the preview."""
        return {**super().get_import_data_kwargs(**kwargs), "rollback_on_validation_errors": True}

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:  # noqa: ANN401
        """What came of it; nothing was written if one row can't be any more."""
        if result.has_errors() or result.has_validation_errors():
            said = "Nothing was written: the records changed since the preview. Choose the table again."
            messages.error(request, said)
            return redirect(admin_urlname(self.opts, "import"))  # type: ignore[arg-type]
        return super().process_result(result, request)


def _claim(name: str) -> bool:
    """Whether what was looked at is still there, and no second click brings it in at this moment."""
    return CacheStorage(name=name).read() is not None and cache.add(f"table-{name}", 1, timeout=DAY)
