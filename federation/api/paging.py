"""Pages by cursor: a list that grows while it is read shows nothing twice and leaves nothing out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
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
        """One page; a ValidationError for a cursor that was made up."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (DjangoValidationError, ValueError, ArithmeticError, DataError, OverflowError):
            raise _damaged() from None

    def get_page_size(self, request: Request) -> int:
        """As asked for; a ValidationError for what is no such number, because another page than asked for misleads."""
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if not (asked.isascii() and asked.isdigit() and len(asked) < 5 and 1 <= int(asked) <= self.max_page_size):
            raise ValidationError({f"?{self.page_size_query_param}": [f"A number from 1 to {self.max_page_size}."]})
        return int(asked)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The place to go on from; a ValidationError for one that is damaged: a reader would begin anew for ever."""
        try:
            found = super().decode_cursor(request)
        except NotFound:
            raise _damaged() from None
        asked = request.query_params.get(self.cursor_query_param)
        if asked is not None and (found is None or (found.position is None and not found.offset and not found.reverse)):
            raise _damaged()
        return found

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        """As asked for, and among equals by number, so that the order is always the same."""
        found = tuple(super().get_ordering(request, queryset, view))
        return found if found[-1].lstrip("-") in {"pk", "id"} else (*found, "pk")


def _damaged() -> ValidationError:
    return ValidationError({"?cursor": ["It is not whole. Take it from `next` or `previous`, or begin without one."]})
