"""Pages by cursor: a list that grows while it is read shows nothing twice and leaves nothing out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView


class CursorPaging(CursorPagination):
    """`?cursor=` as `next` and `previous` have it, `?limit=` up to 500, `?ordering=` as the list allows."""

    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 500
    offset_cutoff = 100_000

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """One page; NotFound for a cursor that was made up."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError, ArithmeticError, DataError, OverflowError):
            raise NotFound("Invalid cursor") from None

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        """As asked for, and among equals by number, so that the order is always the same."""
        found = tuple(super().get_ordering(request, queryset, view))
        return found if found[-1].lstrip("-") in {"pk", "id"} else (*found, "pk")
