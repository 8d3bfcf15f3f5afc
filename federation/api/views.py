"""The API's own pages: what there is, who I am, the schema and the page that explains it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from members.api.answers import Answers
from members.api.callers import People, token_of, writer
from members.models import Access, Token
from members.services import access


class MembershipRecord(serializers.Serializer[Any]):
    """One member that the caller may act for."""

    member = serializers.CharField(help_text="The member's slug.")
    role = serializers.ChoiceField(["viewer", "editor", "manager"])


class MeRecord(serializers.Serializer[Any]):
    """Who calls."""

    name = serializers.CharField()
    maintainer = serializers.BooleanField()
    members = MembershipRecord(many=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(Token.Scope.choices))
    token_expires_at = serializers.DateTimeField(allow_null=True)


class Root(Answers):
    """What there is."""

    permission_classes = (AllowAny,)

    @extend_schema(responses={200: {"type": "object", "additionalProperties": {"type": "string"}}}, operation_id="root")
    def get(self, request: Request) -> Response:
        """The addresses of all resources."""
        from federation.api.urls import router

        lists = {prefix: f"api:{name}-list" for prefix, _, name in router.registry}
        own = {name: f"api:{name}" for name in ("usage", "exports", "me", "schema", "docs")}
        names = {**lists, **own, "snapshot": "snapshot"}
        return Response({name: request.build_absolute_uri(reverse(view)) for name, view in names.items()})


class Me(Answers):
    """Who calls, and what they may do."""

    permission_classes = (People,)

    @extend_schema(responses=MeRecord, operation_id="me")
    def get(self, request: Request) -> Response:
        """The caller's name, roles and scopes."""
        user, token = writer(request), token_of(request)
        roles = Access.objects.filter(user=user).order_by("member__slug").values_list("member__slug", "role")
        return Response(
            {
                "name": str(user),
                "maintainer": access.is_maintainer(user),
                "members": [{"member": slug, "role": role} for slug, role in roles],
                "scopes": token.scopes if token else list(Token.Scope.values),
                "token_expires_at": token.expires_at if token else None,
            }
        )


class SchemaDocument(Answers, SpectacularAPIView):
    """The OpenAPI document; it is made once in the life of a process."""

    renderer_classes = [OpenApiJsonRenderer2, OpenApiYamlRenderer2]
    schema = AutoSchema()
    _made: dict[str, Any] | None = None

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """The document."""
        if SchemaDocument._made is None:
            generator = self.generator_class(urlconf="federation.api.schema_urls")
            SchemaDocument._made = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        return Response(SchemaDocument._made)


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The page that explains the API, and lets people try it."""
    return render(request, "api/docs.html")
