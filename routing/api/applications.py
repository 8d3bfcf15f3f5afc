"""Applications, with the yes: it makes a member, its contact, offer, first account and hub at once."""

from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from members.api import applications
from members.api.applications import ApplicationRecord
from members.api.callers import writer
from members.api.resources import Order
from routing.addresses import hub_address, tidy
from routing.services import admissions


class Terms(Order):
    """How the member and its hub are to be called. What is not said is made from the application."""

    name = serializers.CharField(required=False, max_length=100, help_text="The member's name.")
    slug = serializers.CharField(required=False, max_length=63, help_text="In the address of its page.")
    hub_name = serializers.CharField(required=False, max_length=100)
    key = serializers.CharField(
        required=False, max_length=63, help_text="The hub's key, for ever: it feeds the hash that picks repositories."
    )
    url = serializers.CharField(required=False, max_length=300, help_text="The hub's address.")

    def validate_url(self, url: str) -> str:
        """An address that a hub may have."""
        url = tidy(url)
        hub_address(url)
        return url


class Applications(applications.Applications):
    """Who wants to join. Drafts belong to their applicants alone."""

    @extend_schema(request=Terms, responses=ApplicationRecord)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Say yes: a member with its contact, offer, invitation, hub and checklist. The applicant is told."""
        row, wanted = self._fresh(), self.order(Terms)
        terms = admissions.Terms(**{**asdict(admissions.proposal(row)), **wanted})
        if not terms.url:
            raise ValidationError({"url": ["They named no hub: say which address it is to have."]})
        with applications.undecided():
            admissions.admit(row, terms, by=writer(request))
        return self.shown(self.get_object())
