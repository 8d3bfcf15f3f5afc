"""The office's first page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from routing.models import Hub, Incident
from routing.services import publishing, weight_history, weights


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the office's first page shows: who gets how much, what is in use, what was changed last."""
    if not request.user.has_perm("routing.view_hub"):
        return context
    hubs = list(Hub.objects.published().select_related("member"))
    page, _ = weight_history.page(1)
    return {
        **context,
        "title": "Now",
        "rows": weights.preview(hubs, {}),
        "version": publishing.newest(),
        "edits": page.object_list[:5],
        "drafts": Incident.objects.drafts().count(),
    }
