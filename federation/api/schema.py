"""What the OpenAPI document says beyond what each view says: parameters, errors and headers of all."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from members.api.resources import Resource

PROBLEM: Final = {
    "type": "object",
    "description": "A problem, as in RFC 9457. More members may follow.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, in words."},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "where": {"type": "string", "description": "A JSON pointer into the body; ?name for a parameter."},
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                },
                "required": ["where", "detail", "code"],
            },
        },
        "changes": {"type": "array", "items": {"type": "string"}, "description": "What happened meanwhile."},
    },
    "required": ["type", "title", "status", "detail", "code"],
}
READ_ERRORS: Final = {
    "400": "A parameter makes no sense.",
    "401": "The token is unknown, revoked or expired, or there is none.",
    "403": "This caller may not do that.",
    "404": "There is no such thing.",
    "406": "The API speaks JSON only.",
    "429": "Too often: see Retry-After.",
    "503": "The database does not answer: see Retry-After.",
}
WRITE_ERRORS: Final = {
    **READ_ERRORS,
    "409": "It is settled, or somebody else was first.",
    "412": "It was changed since the caller read it.",
    "413": "The body is too large.",
    "415": "The API reads JSON only.",
    "422": "Against a rule of the federation; or the Idempotency-Key was used for another request.",
}


class Schema(AutoSchema):
    """Adds the parameters that all resources have."""

    def get_summary(self) -> str | None:
        """The first sentence of what is said about it: what it does can be read without opening it."""
        said = " ".join((self.get_description() or "").split())
        return said.partition(". ")[0].partition(": ")[0].rstrip(".")[:120] or None

    def get_override_parameters(self) -> list[Any]:
        """Of reads `fields`, of writes their two headers."""
        if self.method not in {"GET", "HEAD"}:
            return [
                OpenApiParameter("Idempotency-Key", str, "header", description="Done once for each key."),
                OpenApiParameter("If-Match", str, "header", description="An ETag: 412 if it is another by now."),
            ]
        if isinstance(self.view, Resource):
            return [OpenApiParameter("fields", str, description="Only these fields, with commas between.")]
        return []


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes it."""

    target_class = "federation.api.authentication.BearerToken"
    name = "token"

    def get_security_definition(self, _auto_schema: object) -> dict[str, str]:
        """Of OpenAPI."""
        return {"type": "http", "scheme": "bearer", "description": "A token from /my/tokens/."}


def complete(result: dict[str, Any], **_how: Any) -> dict[str, Any]:  # noqa: ANN401
    """A hook of drf-spectacular: add the errors, and say that `fields` may leave out what is read."""
    components = result["components"].setdefault("schemas", {})
    for name, schema in components.items():
        if name.endswith("Request"):
            schema["additionalProperties"] = False
        elif name.endswith("Record"):
            schema.pop("required", None)  # `fields` may leave them out.
    components["Problem"] = PROBLEM
    for operations in result["paths"].values():
        for method, operation in operations.items():
            for status, about in (READ_ERRORS if method == "get" else WRITE_ERRORS).items():
                content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
                operation["responses"].setdefault(status, {"description": about, "content": content})
            if method == "get":
                operation["responses"].setdefault("304", {"description": "As the caller's If-None-Match has it."})
    return result
