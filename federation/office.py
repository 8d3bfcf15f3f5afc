"""How the admin looks and what its sidebar offers (django-unfold)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def environment(request: HttpRequest) -> list[str] | None:
    """The badge beside the title: none in production, where it would only be noise."""
    return None if settings.PRODUCTION else ["development", "warning"]


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _item(title: str, icon: str, link: str, permission: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(link), "permission": _may(permission)}


UNFOLD: Final[dict[str, Any]] = {
    "SITE_TITLE": "Federation office",
    "SITE_HEADER": "Federation office",
    "SITE_SUBHEADER": "Hubs, weights, members",
    "SITE_SYMBOL": "hub",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("favicon.svg")}],
    "SHOW_VIEW_ON_SITE": True,
    "ENVIRONMENT": "federation.office.environment",
    "STYLES": [lambda request: static("office/office.css")],
    "BORDER_RADIUS": "6px",
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "title": "Traffic",
                "items": [
                    _item("Weights", "tune", "admin:routing_weightchange_add", "routing.add_weightchange"),
                    _item("History", "history", "admin:routing_weightchange_changelist", "routing.view_weightchange"),
                    _item("Hubs", "dns", "admin:routing_hub_changelist", "routing.view_hub"),
                    _item(
                        "Snapshots",
                        "inventory_2",
                        "admin:routing_snapshotversion_changelist",
                        "routing.view_snapshotversion",
                    ),
                    _item("Policy", "rule", "admin:routing_policy_changelist", "routing.view_policy"),
                ],
            },
            {
                "title": "People",
                "items": [
                    _item("Members", "groups", "admin:members_member_changelist", "members.view_member"),
                    _item("Accounts", "person", "admin:members_user_changelist", "members.view_user"),
                    _item("Roles", "badge", "admin:auth_group_changelist", "auth.view_group"),
                ],
            },
        ],
    },
}
