"""The words of the public pages: read by the pages, edited in the office, shipped with the portal."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from members.models import Text
from members.services.shipped_texts import SHIPPED

WORDS = ("part", "position", "title", "body")


def read(*parts: Text.Part) -> dict[str, list[Text]]:
    """The texts of these parts in their order, in one query; of those without words only a part's first is kept."""
    found: dict[str, list[Text]] = {part.value: [] for part in parts}
    for text in Text.objects.filter(part__in=parts):
        if text.body or not found[text.part]:
            found[text.part].append(text)
    return found


def edit(text: Text) -> None:
    """Keep what a maintainer wrote; from now on no release changes it."""
    text.edited_at = timezone.now()
    text.save()


def is_as_shipped(text: Text) -> bool:
    """Whether its words are those that came with the portal."""
    shipped = _shipped().get(text.key)
    return shipped is not None and all(getattr(text, name) == getattr(shipped, name) for name in WORDS)


def restore(text: Text) -> bool:
    """Give it back the words that came with the portal; whether it has any."""
    shipped = _shipped().get(text.key)
    if shipped is None:
        return False
    values = {name: getattr(shipped, name) for name in WORDS}
    return bool(Text.objects.filter(pk=text.pk).update(**values, edited_at=None))


@transaction.atomic
def ship(**_kwargs: Any) -> None:  # noqa: ANN401
    """Bring the texts up to this release, but those that a maintainer edited. A receiver of `post_migrate`."""
    if Text._meta.db_table not in connection.introspection.table_names():
        return  # Somebody migrated back to before there were any.
    shipped = _shipped()
    known = {text.key: text for text in Text.objects.exclude(key="")}
    Text.objects.bulk_create(text for key, text in shipped.items() if key not in known)
    for text in known.values():
        if text.edited_at is None and not is_as_shipped(text) and not restore(text):
            text.delete()  # No release has it any more.


def _shipped() -> dict[str, Text]:
    places: dict[str, int] = {}
    found = {}
    for key, part, title, body in SHIPPED:
        places[part] = places.get(part, 0) + 10
        found[key] = Text(key=key, part=part, position=places[part], title=title, body=body)
    return found
