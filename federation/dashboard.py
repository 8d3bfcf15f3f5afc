"""The office's first page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from members.services import waiting as about_members
from routing.models import Hub
from routing.services import publishing, usage, weight_history, weights
from routing.services import waiting as about_hubs


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the office's first page shows: what waits for a person, who gets how much, what was changed last."""
    if not request.user.has_perm("routing.view_hub"):
        return context
    hubs = list(Hub.objects.published().select_related("member"))
    received = {each.hub.pk: each.received for each in usage.look(usage.WINDOWS["hour"]).hubs}
    page, _ = weight_history.page(1)
    return {
        **context,
        "title": "Now",
        "waiting": about_members.gather((*about_hubs.SOURCES, *about_members.SOURCES)),
        "rows": [(row, received.get(row.hub.pk)) for row in weights.preview(hubs, {})],
        "version": publishing.newest(),
        "edits": page.object_list[:5],
    }
