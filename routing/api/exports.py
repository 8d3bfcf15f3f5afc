"""Exports: the lists that others keep of the federation's hubs, as files."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from members.api.answers import Answers
from members.api.callers import require_scope
from members.services import visibility
from routing.services import exports

CONTENT_TYPES = sorted({form.content_type.partition(";")[0] for each in exports.ALL for form in each.forms})


class ExportRecord(serializers.Serializer[Any]):
    """One list that others keep, and the addresses where it is."""

    name = serializers.CharField()
    title = serializers.CharField()
    purpose = serializers.CharField()
    public = serializers.BooleanField(
        help_text="If not, a token needs the scope `exports`, and rows are those you see."
    )
    files = serializers.ListField(child=serializers.URLField())


class Exports(Answers):
    """What can be exported."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=ExportRecord(many=True), operation_id="exports_list")
    def get(self, request: Request) -> Response:
        """Each list with the addresses of its forms."""
        known: list[tuple[exports.Export | exports.PrivateTable, bool, list[str]]]
        known = [(each, True, [form.extension for form in each.forms]) for each in exports.ALL]
        known += [(each, False, ["csv"]) for each in exports.PRIVATE.values()]
        return Response(
            [
                {
                    "name": each.name,
                    "title": each.title,
                    "purpose": each.purpose,
                    "public": public,
                    "files": [
                        request.build_absolute_uri(reverse("api:export", args=[each.name, form])) for form in forms
                    ],
                }
                for each, public, forms in known
            ]
        )


class ExportFile(Answers):
    """One export in one form."""

    permission_classes = (AllowAny,)

    @extend_schema(responses={(200, kind): OpenApiTypes.STR for kind in CONTENT_TYPES}, operation_id="exports_retrieve")
    def get(self, request: Request, name: str, extension: str) -> HttpResponse:
        """The file as it is now. What is not public is written for whoever asks, as far as they see it."""
        if name in exports.PRIVATE and extension == "csv":
            return self._private(request, name)
        try:
            form = exports.find(name).form(extension)
        except exports.NoSuchExport:
            raise Http404 from None
        response = HttpResponse(exports.write(name, extension), content_type=form.content_type)
        response["Content-Disposition"] = f'inline; filename="{name}.{extension}"'
        return self.tagged(response)

    def _private(self, request: Request, name: str) -> HttpResponse:
        if not request.user.is_authenticated:
            raise NotAuthenticated("This table is not public: log in, or show a token with the scope “exports”.")
        require_scope(request, "exports")
        body = exports.PRIVATE[name].write(visibility.viewer(request.user))
        response = HttpResponse(body, content_type=exports.CSV)
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        response["Cache-Control"] = "private, no-cache"
        return self.tagged(response)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """A file has the type it has."""
        return super().perform_content_negotiation(request, force=True)
