"""Tables that are written once: no row is changed or deleted, but a person who leaves may be taken out of it."""

from __future__ import annotations

import pgtrigger


def append_only(table: str) -> list[pgtrigger.Trigger]:
    """The triggers of an append-only table whose only mutable column is `by`, and that only to nobody."""
    return [
        pgtrigger.ReadOnly(name=f"{table}_is_written_once", exclude=["by"]),
        pgtrigger.Protect(
            name=f"{table}_keeps_its_author",
            operation=pgtrigger.Update,
            condition=pgtrigger.Q(old__by__df=pgtrigger.F("new__by"), new__by__isnull=False),
        ),
        pgtrigger.Protect(name=f"{table}_is_kept", operation=pgtrigger.Delete),
    ]
