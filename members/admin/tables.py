"""Members and contacts as tables: out to a spreadsheet, and back with a look before anything is written.

Rows are written by the services that the pages use, so the same rules hold; a row that breaks one says so by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from import_export import fields, resources, widgets
from import_export.results import Error

from foundation import spreadsheets
from members.models import Contact, Member, User
from members.models.editing import Editable
from members.services import contacts, records

MOST_ROWS = 2_000


class ListWidget(widgets.Widget):
    """Several words in one cell."""

    def clean(self, value: Any, row: Any = None, **_kwargs: Any) -> list[str]:  # noqa: ANN401
        """By commas."""
        return [each.strip() for each in str(value or "").split(",") if each.strip()]

    def render(self, value: Any, obj: Any = None, **_kwargs: Any) -> str:  # noqa: ANN401
        """By commas."""
        return ", ".join(value or [])


class MemberWidget(widgets.ForeignKeyWidget):
    """A member by its slug."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Member | None:  # noqa: ANN401
        """The member; in words that there is none."""
        try:
            return super().clean(value, row, **kwargs)
        except Member.DoesNotExist:
            raise ValueError(f"No member has the slug “{value}”.") from None


class Refusal(Error):
    """What is wrong, in words; where in the code that was found out is nobody's business."""

    traceback = ""


class RecordResource(resources.ModelResource):
    """A table of records."""

    by: User
    columns: set[str]

    @classmethod
    def get_error_result_class(cls) -> type[Error]:
        """Ours."""
        return Refusal

    def import_data(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Look at no row of what can't be taken at all."""
        refusal = self._refusal(dataset)
        if refusal:
            result = self.get_result_class()()
            result.append_base_error(self.get_error_result_class()(ValueError(refusal)))
            return result
        return super().import_data(dataset, *args, **kwargs)

    def _refusal(self, dataset: Any) -> str:  # noqa: ANN401
        if len(dataset) > MOST_ROWS:
            return f"There are {len(dataset):,} rows, and {MOST_ROWS:,} are the most. Split the file."
        unknown = set(dataset.headers or ()) - {field.column_name for field in self.get_import_fields()}
        return f"No such column: {', '.join(sorted(map(str, unknown)))}." if unknown else ""

    def before_import(self, dataset: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Who brings it, and what it speaks of."""
        self.columns = set(dataset.headers or ())
        self.by = kwargs["user"]

    def before_import_row(self, row: Any, **_kwargs: Any) -> None:  # noqa: ANN401
        """Take off what kept spreadsheets from calculating."""
        for column, cell in row.items():
            if isinstance(cell, str):
                row[column] = spreadsheets.unguard(cell)

    def export_resource(self, instance: Any, selected_fields: Any = None, **kwargs: Any) -> list[str]:  # noqa: ANN401
        """A row that no spreadsheet calculates with."""
        return [spreadsheets.guard(str(cell)) for cell in super().export_resource(instance, selected_fields, **kwargs)]

    def record(self, instance: Editable) -> dict[str, Any]:
        """What the table says of it; what has no column stays as it is."""
        return {name: getattr(instance, name) for name in instance.RECORD if name in self.columns}


class MemberResource(RecordResource):
    """Members by slug. The state is that of new ones: nobody becomes public, or leaves, by a line in a table."""

    states: Mapping[str, str]

    class Meta:
        model = Member
        import_id_fields = ("slug",)
        fields = ("slug", "state", *Member.RECORD)
        skip_unchanged = True

    def before_import(self, dataset: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """How far those are that are here already."""
        super().before_import(dataset, **kwargs)
        self.states = dict(Member.objects.values_list("slug", "state"))

    def before_import_row(self, row: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Whoever comes without a state is being taken in: not public until somebody says so."""
        super().before_import_row(row, **kwargs)
        row["state"] = row.get("state") or self.states.get(row.get("slug", ""), Member.State.ONBOARDING)

    def do_instance_save(self, instance: Member, is_create: bool) -> None:
        """As the form does it."""
        if is_create:
            records.add(instance, by=self.by)
        elif instance.state != self.states[instance.slug]:
            was = Member.State(self.states[instance.slug]).label
            raise ValidationError({"state": f"It is {was}. Change that on its own pages, where one says why."})
        else:
            records.edit(instance, self.record(instance), by=self.by)


class ContactResource(RecordResource):
    """Contacts by their member and e-mail address."""

    member = fields.Field("member", "member", MemberWidget(Member, field="slug"))
    roles = fields.Field("roles", "roles", ListWidget())

    class Meta:
        model = Contact
        import_id_fields = ("member", "email")
        fields = ("member", *Contact.RECORD)
        skip_unchanged = True

    def get_instance(self, instance_loader: Any, row: Any) -> Contact | None:  # noqa: ANN401
        """The contact of a row; of several with one address, which desks and people may share, the one of that name."""
        slug, email = (str(row.get(name) or "").strip() for name in ("member", "email"))
        found = Contact.objects.filter(member__slug=slug, email__iexact=email).select_related("member")
        if len(found) < 2:
            return found.first()
        named = [each for each in found if each.name == str(row.get("name") or "").strip()]
        if len(named) != 1:
            raise ValueError(f"{slug} has several contacts with the address {email}: change them by hand.")
        return named[0]

    def do_instance_save(self, instance: Contact, is_create: bool) -> None:
        """As the form does it."""
        if is_create:
            contacts.add(instance.member, self.record(instance), by=self.by, looked_at=False)
        else:
            contacts.edit(instance, self.record(instance), by=self.by, looked_at=False)
