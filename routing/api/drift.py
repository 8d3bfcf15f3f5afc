"""Drift: how a list that somebody keeps differs from the portal. Nothing is stored."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from members.api.answers import Answers
from members.api.callers import People
from members.api.resources import Order
from routing.services import drift
from routing.services.drift import reports

# What a body may hold at most.
MOST: Final = 262_144


class Comparison(Order):
    """A list as it stands elsewhere."""

    name = serializers.CharField(max_length=200, help_text="What the sentences call it, such as federation.yml.")
    content = serializers.CharField(
        max_length=MOST, allow_blank=True, trim_whitespace=False, help_text="The whole file."
    )


class FindingRecord(serializers.Serializer[Any]):
    """One thing that differs."""

    list = serializers.CharField(help_text="The list, by the name of its export.")
    kind = serializers.ChoiceField(["missing", "extra", "url", "weight", "prime", "past", "other"])
    hub = serializers.CharField(help_text="The hub's key; empty for what is no hub of ours.")
    member = serializers.CharField(help_text="The member's slug, or empty.")
    text = serializers.CharField(help_text="A sentence.")


class ComparisonRecord(serializers.Serializer[Any]):
    """What differs."""

    name = serializers.CharField()
    lists = serializers.ListField(child=serializers.CharField(), help_text="Which lists it holds.")
    problem = serializers.CharField(allow_null=True, help_text="Why it could not be compared.")
    summary = serializers.CharField()
    findings = FindingRecord(many=True)


class Drift(Answers):
    """Compare a list with the portal."""

    permission_classes = (People,)
    scope = "exports"

    @extend_schema(request=Comparison, responses={200: ComparisonRecord}, operation_id="drift")
    def post(self, request: Request) -> Response:
        """What differs, in sentences. The list is recognised by what is in it, and not kept."""
        asked = Comparison(data=request.data)
        asked.is_valid(raise_exception=True)
        report = _compared(asked.validated_data["name"], asked.validated_data["content"])
        return Response(
            {
                "name": report.name,
                "lists": list(report.lists),
                "problem": report.problem or None,
                "summary": report.summary,
                "findings": [vars(each) for each in report.findings],
            }
        )


def _compared(name: str, content: str) -> reports.Report:
    try:
        outcome = drift.compare(content.encode(), name)
    except drift.Unreadable as error:
        return reports.Report(name, problem=str(error))
    return reports.Report(name, outcome.lists, outcome.findings)
