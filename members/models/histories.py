"""History of rows: which saves leave a row of it, and which do not."""

from __future__ import annotations

from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords


class Histories(HistoricalRecords):  # type: ignore[misc]  # It has no types.
    """History that keeps quiet about what it does not keep, and hears of relations from both of their ends.

    A save of named fields leaves a row only if one of them is kept: not each log-in, nor each look at a ramp.
    """

    def post_save(self, instance: models.Model, created: bool, using: str | None = None, **kwargs: Any) -> None:  # noqa: ANN401
        """After a save."""
        named = kwargs.get("update_fields")
        if created or named is None or set(named) & self._kept(instance):
            super().post_save(instance, created, using=using, **kwargs)

    def m2m_changed(
        self,
        instance: models.Model,
        action: str,
        attr: str,
        pk_set: set[int] | None,
        reverse: bool,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """After a row was related to another, or was not any more."""
        if not reverse:
            super().m2m_changed(instance, action, attr, pk_set, reverse, **kwargs)
        elif action in {"post_add", "post_remove"}:
            for row in kwargs["model"]._default_manager.filter(pk__in=pk_set):
                for name in ("_history_user", "_change_reason"):
                    if hasattr(instance, name):
                        setattr(row, name, getattr(instance, name))
                self.create_historical_record(row, "~")

    def _kept(self, instance: models.Model) -> set[str]:
        return {name for field in self.fields_included(instance) for name in (field.name, field.attname)}
