"""Resources: lists by pages, single records with the version that If-Match is about, strict and sparse fields."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

from django.db.models import Model
from rest_framework import serializers, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from members.api.answers import Answers
from members.api.problems import Stale
from members.services import traces

ALWAYS: Final = frozenset({"fields", "format"})
OF_LISTS: Final = frozenset({"cursor", "limit", "ordering"})
SINCE: Final = "updated_since"


class Record(serializers.Serializer[Any]):
    """What is read. With `?fields=a,b` only these; writes refuse fields that it does not know."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """All of them, or those that were asked for."""
        fields = super().get_fields()
        wanted = self.context.get("fields") if self.parent is None or self.parent.parent is None else None
        return fields if wanted is None else {name: each for name, each in fields.items() if name in wanted}


class Order(serializers.Serializer[Any]):
    """What is written: a field that is not one of these is a mistake, never silently left out."""

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401
        """The values; ValidationError for each unknown field too."""
        if isinstance(data, Mapping):
            unknown = sorted(str(name) for name in data if name not in self.fields)
            if unknown:
                known = f"There is no such field here. There are: {', '.join(sorted(self.fields))}."
                raise ValidationError({name: [known] for name in unknown[:20]})
        return super().to_internal_value(data)


class Resource(Answers, viewsets.GenericViewSet[Any]):
    """A kind of thing: listed, shown, and written by actions that call services."""

    # Of the filterset, for the documentation and for refusing what is none.
    ordering_fields: Sequence[str] = ()
    # The name under which the database traces changes of its rows; empty: it does not, and rows are never changed.
    traced = ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Refuse parameters that mean nothing here: a misspelt filter would list everything."""
        super().initial(request, *args, **kwargs)
        known = self._parameters()
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            said = f"There is no such parameter here. There are: {', '.join(sorted(known - {'format'}))}."
            raise ValidationError({f"?{name}": [said] for name in unknown[:20]})

    def list(self, request: Request, **_where: Any) -> Response:  # noqa: ANN401
        """One page. With `updated_since` just what changed, and `gone`: what is not there for this caller any more."""
        visible, since = self.get_queryset(), self._since()
        rows = self.filter_queryset(visible)
        if since is not None:
            rows = traces.changed(rows, self.traced, self.lookup_column, since)
        response = self.get_paginated_response(self.represent(self.paginate_queryset(rows) or []))
        if since is not None:
            # On the first page only.
            first = "cursor" not in request.query_params
            found = traces.gone(visible, self.traced, self.lookup_column, since) if first else []
            once = {str(name) for name in self.once_seen([each["name"] for each in found])} if found else set()
            response.data["gone"] = [each for each in found if each["name"] in once]
        return response

    def once_seen(self, names: Sequence[str]) -> Iterable[Any]:
        """Those of the names that this caller may ever have seen: of others they are not told that they are gone."""
        return names

    def retrieve(self, request: Request, **_where: Any) -> Response:  # noqa: ANN401
        """One of them."""
        return self.shown(self.get_object())

    def represent(self, rows: Iterable[Any]) -> Sequence[Mapping[str, Any]]:
        """These rows as they are told, only with the fields that were asked for."""
        context = {**self.get_serializer_context(), "fields": self.wanted_fields()}
        return cast("Sequence[Mapping[str, Any]]", self._record(rows, many=True, context=context).data)

    def shown(self, row: Any, status: int = 200, **headers: str) -> Response:  # noqa: ANN401
        """One row as an answer, with its version for the ETag."""
        [found] = self.represent([row])
        response = Response(found, status=status, headers=headers or None)
        response.record = self.version(row)  # type: ignore[attr-defined]
        return response

    def version(self, row: Any) -> str:  # noqa: ANN401
        """Changes with the record of the row; If-Match compares it. Empty: the resource is never written."""
        return ""

    def require_fresh(self, row: Any) -> None:  # noqa: ANN401
        """Refuse with 412 if the caller's If-Match names another version of the row."""
        asked = self.request.headers.get("If-Match", "")
        tags = [each.strip().strip('"') for each in asked.split(",") if each.strip()]
        if not tags or "*" in tags:
            return
        if self.version(row) not in {each.partition(".")[0] for each in tags}:
            raise Stale("It was changed since you read it. Read it again, then decide; nothing was changed now.")

    def order(self, kind: type[Order]) -> dict[str, Any]:
        """What the body asks for, checked."""
        found = kind(data=self.request.data, context=self.get_serializer_context())
        found.is_valid(raise_exception=True)
        return dict(found.validated_data)

    def wanted_fields(self) -> frozenset[str] | None:
        """Those of `?fields=`; None is all."""
        asked = self.request.query_params.get("fields")
        if asked is None or self.request.method not in {"GET", "HEAD"}:
            return None
        wanted = frozenset(each.strip() for each in asked.split(",") if each.strip())
        known = self._record().get_fields()
        if not wanted or not wanted <= set(known):
            raise ValidationError({"?fields": [f"Name some of: {', '.join(known)}."]})
        return wanted

    @property
    def _record(self) -> type[Record]:
        return cast("type[Record]", self.serializer_class)

    @property
    def lookup_column(self) -> str:
        """What names a row."""
        return "id" if self.lookup_field == "pk" else self.lookup_field

    def _since(self) -> datetime | None:
        asked = self.request.query_params.get(SINCE)
        if asked is None:
            return None
        try:
            return cast("datetime", serializers.DateTimeField().run_validation(asked))
        except ValidationError as error:
            raise ValidationError({f"?{SINCE}": error.detail}) from error

    def _parameters(self) -> frozenset[str]:
        if self.request.method not in {"GET", "HEAD"}:
            return frozenset({"format"})
        if self.action != "list":
            return ALWAYS
        filters = getattr(getattr(self, "filterset_class", None), "base_filters", {})
        return ALWAYS | OF_LISTS | frozenset(filters) | (frozenset({SINCE}) if self.traced else frozenset())


def version_of(row: Model, *names: str) -> str:
    """A version that changes with these fields of the row."""
    shown = [(name, getattr(row, name)) for name in names]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
