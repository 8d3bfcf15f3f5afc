"""Traces: when which row changed last, and which rows are gone. Left by the database itself, whatever wrote the row."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models


class Trace(models.Model):
    """The last change of one row: of which resource, under which name, when, and whether the row is gone."""

    resource = models.CharField(max_length=20)
    name = models.CharField(max_length=63)
    at = models.DateTimeField()
    gone = models.BooleanField(default=False)

    class Meta:
        ordering = ("-at", "-id")
        indexes: ClassVar = [models.Index(fields=["resource", "at"], name="trace_newest")]
        constraints: ClassVar = [models.UniqueConstraint(fields=["resource", "name"], name="trace_once")]

    def __str__(self) -> str:
        return f"{self.resource}/{self.name} {'gone' if self.gone else 'changed'} {self.at}"


def traced(resource: str, column: str, *, part: bool = False) -> list[pgtrigger.Trigger]:
    """The trigger of a table whose rows are told as this resource, named by this column; or of a part of them."""
    whole = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete
    return [
        pgtrigger.Trigger(
            name=f"{resource}_leave_traces",
            when=pgtrigger.After,
            operation=pgtrigger.Insert | pgtrigger.Update if part else whole,
            declare=[("named", "TEXT")],
            func=f"""
                IF TG_OP = 'DELETE' THEN named := OLD.{column}::text; ELSE named := NEW.{column}::text; END IF;
                INSERT INTO members_trace (resource, name, at, gone)
                VALUES ('{resource}', named, clock_timestamp(), TG_OP = 'DELETE')
                ON CONFLICT (resource, name) DO UPDATE SET at = EXCLUDED.at, gone = EXCLUDED.gone;
                RETURN NULL;
            """,  # noqa: S608 The names are ours.
        )
    ]
