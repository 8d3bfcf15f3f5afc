"""The words of the public pages: read by the pages, edited in the office, shipped with the portal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone

from members.models import Text
from members.services import edits, history
from members.services.shipped_texts import SHIPPED

if TYPE_CHECKING:
    from members.models import User

WORDS = Text.RECORD


def read(*parts: Text.Part) -> dict[str, list[Text]]:
    """The texts of these parts in their order, in one query; of those without words only a part's first is kept."""
    found: dict[str, list[Text]] = {part.value: [] for part in parts}
    for text in Text.objects.filter(part__in=parts):
        if text.body or not found[text.part]:
            found[text.part].append(text)
    return found


@transaction.atomic
def add(values: Mapping[str, Any], *, by: User) -> Text:
    """One more, of a maintainer's own."""
    text = Text(edited_at=timezone.now())
    for name, value in edits.different(text, values).items():
        setattr(text, name, value)
    text.full_clean()
    history.save(text, by=by)
    return text


@transaction.atomic
def edit(text: Text, values: Mapping[str, Any], *, by: User, seen: str | None = None) -> tuple[str, ...]:
    """Keep what a maintainer wrote; from now on no release changes it. The names of what is other now.

    `seen` is the fingerprint the editor saw: edits.Stale if it is another by now.
    """
    row = edits.locked(text)
    if not row.history.exists():  # As it came with the portal: what it was before is told by that.
        history.note([row], by=None, reason="as it came with the portal", created=True)
    changed = edits.apply(row, values, seen=seen)
    if changed:
        row.edited_at = timezone.now()
        history.save(row, by=by, fields=[*changed, "edited_at"])
    return changed


def is_as_shipped(text: Text) -> bool:
    """Whether its words are those that came with the portal."""
    shipped = _shipped().get(text.key)
    return shipped is not None and all(getattr(text, name) == getattr(shipped, name) for name in WORDS)


@transaction.atomic
def restore(text: Text, *, by: User | None = None) -> bool:
    """Give it back the words that came with the portal; whether it has any."""
    shipped = _shipped().get(text.key)
    if shipped is None:
        return False
    row = edits.locked(text)
    for name in WORDS:
        setattr(row, name, getattr(shipped, name))
    row.edited_at = None
    history.save(row, by=by, reason="the words that came with the portal", fields=[*WORDS, "edited_at"])
    return True


@transaction.atomic
def ship(**_kwargs: Any) -> None:  # noqa: ANN401
    """Bring the texts up to this release, but those that a maintainer edited. A receiver of `post_migrate`."""
    tables = {Text._meta.db_table, Text.history.model._meta.db_table}
    if not tables <= set(connection.introspection.table_names()):
        return  # Somebody migrated back to before there were any.
    shipped = _shipped()
    known = {text.key: text for text in Text.objects.exclude(key="")}
    Text.objects.bulk_create(text for key, text in shipped.items() if key not in known)
    for text in known.values():
        if text.edited_at is None and not is_as_shipped(text) and not restore(text):
            history.delete(text, by=None, reason="no release has it any more")


def _shipped() -> dict[str, Text]:
    places: dict[str, int] = {}
    found = {}
    for key, part, title, body in SHIPPED:
        places[part] = places.get(part, 0) + 10
        found[key] = Text(key=key, part=part, position=places[part], title=title, body=body)
    return found
