"""Rows that several people edit by forms, one after the other and sometimes at once."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from django.db import models


class Editable(models.Model):
    """A row with a record that people edit: RECORD names its fields, by attribute."""

    RECORD: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    @classmethod
    def label(cls, name: str) -> str:
        """A field as people call it."""
        return str(getattr(cls._meta.get_field(name), "verbose_name", name))

    @property
    def fingerprint(self) -> str:
        """Changes when the record does: tells an editor that it moved under them."""
        shown = [(name, str(getattr(self, name))) for name in self.RECORD]
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
