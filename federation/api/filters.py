"""`?state=active&ordering=-weight`: filters and orders, refused with a word where they make no sense."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView


class Filters(DjangoFilterBackend):
    """The resource's filters; a value that can't be is 400, field by field."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        """The rows that pass."""
        try:
            return super().filter_queryset(request, queryset, view)
        except ValidationError as error:
            raise ValidationError({f"?{name}": found for name, found in dict(error.detail).items()}) from error  # type: ignore[arg-type]


class Ordering(OrderingFilter):
    """By one of the resource's fields, with a minus backwards."""

    def remove_invalid_fields(
        self, queryset: QuerySet[Any], fields: Iterable[str], view: APIView, request: Request
    ) -> list[str]:
        """Refuse instead of ignoring: a list in another order than asked for is a trap for whoever pages through it."""
        wanted = list(fields)
        known = [name for name, _ in self.get_valid_fields(queryset, view, {"request": request})]
        if len(wanted) != 1 or wanted[0].removeprefix("-") not in known:
            raise ValidationError({"?ordering": [f"One of {', '.join(known)}, or with a minus before it."]})
        return wanted
