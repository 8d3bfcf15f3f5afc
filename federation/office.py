"""How the admin looks and what its sidebar offers (django-unfold)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

WEIGHTS: Final = "admin:routing_weightchange_add"
MODELS: Final = (
    "admin:routing_weightchange",
    "admin:routing_ramp",
    "admin:routing_hub",
    "admin:routing_snapshotversion",
    "admin:routing_policy",
    "admin:routing_downtime",
    "admin:routing_incident",
    "admin:routing_checkround",
    "admin:routing_driftsource",
    "admin:routing_webhook",
    "admin:routing_delivery",
    "admin:members_notice",
    "admin:members_channel",
    "admin:members_member",
    "admin:members_contact",
    "admin:members_computeoffer",
    "admin:members_reviewedfield",
    "admin:members_report",
    "admin:members_federationreport",
    "admin:members_meetingseries",
    "admin:members_meeting",
    "admin:members_avoiddate",
    "admin:members_text",
    "admin:members_token",
    "admin:members_tokenuse",
    "admin:members_user",
    "admin:auth_group",
)
# The accent of the public pages (static/css/site.css), from light to dark.
ACCENT: Final = {
    "50": "oklch(97% .014 205)",
    "100": "oklch(94% .03 205)",
    "200": "oklch(89% .05 205)",
    "300": "oklch(82% .075 207)",
    "400": "oklch(76% .09 208)",
    "500": "oklch(62% .09 209)",
    "600": "oklch(46% .08 210)",
    "700": "oklch(41% .07 210)",
    "800": "oklch(35% .058 210)",
    "900": "oklch(30% .048 210)",
    "950": "oklch(23% .038 210)",
}


def environment(request: HttpRequest) -> list[str] | None:
    """The badge beside the title: none in production, where it would only be noise."""
    return None if settings.PRODUCTION else ["development", "warning"]


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _item(title: str, icon: str, link: str, permission: str) -> dict[str, Any]:
    # The theme would also light up History on the page of weights, whose address begins the same.
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(link),
        "permission": _may(permission),
        "active": lambda request: _section(request) == link,
    }


def _section(request: HttpRequest) -> str:
    """The sidebar's entry for a page: that of the list its model has, but for the page of weights itself."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    if name == WEIGHTS:
        return name
    return next((f"{model}_changelist" for model in MODELS if name.startswith(f"{model}_")), name)


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
    "COLORS": {"primary": ACCENT},
    "DASHBOARD_CALLBACK": "federation.dashboard.dashboard",
    "ACCOUNT": {"navigation": [{"title": "Your account", "link": reverse_lazy("account")}]},
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "title": "Traffic",
                "items": [
                    _item("Weights", "tune", WEIGHTS, "routing.add_weightchange"),
                    _item("History", "history", "admin:routing_weightchange_changelist", "routing.view_weightchange"),
                    _item("Ramps", "trending_up", "admin:routing_ramp_changelist", "routing.view_ramp"),
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
                "title": "Operations",
                "items": [
                    _item("Maintenance", "event_busy", "admin:routing_downtime_changelist", "routing.view_downtime"),
                    _item("Incidents", "warning", "admin:routing_incident_changelist", "routing.view_incident"),
                    _item(
                        "The portal itself",
                        "vital_signs",
                        "admin:routing_checkround_changelist",
                        "routing.view_checkround",
                    ),
                    _item(
                        "Lists elsewhere",
                        "difference",
                        "admin:routing_driftsource_changelist",
                        "routing.view_driftsource",
                    ),
                    _item("Webhooks", "webhook", "admin:routing_webhook_changelist", "routing.view_webhook"),
                    _item("Deliveries", "send", "admin:routing_delivery_changelist", "routing.view_delivery"),
                    _item("Outbox", "outbox", "admin:members_notice_changelist", "members.view_notice"),
                    _item("Channels", "campaign", "admin:members_channel_changelist", "members.view_channel"),
                ],
            },
            {
                "title": "Meetings",
                "items": [
                    _item("Meetings", "event", "admin:members_meeting_changelist", "members.view_meeting"),
                    _item(
                        "Series",
                        "event_repeat",
                        "admin:members_meetingseries_changelist",
                        "members.view_meetingseries",
                    ),
                    _item(
                        "Days to avoid", "beach_access", "admin:members_avoiddate_changelist", "members.view_avoiddate"
                    ),
                ],
            },
            {
                "title": "People",
                "items": [
                    _item("Applications", "how_to_reg", "applications", "members.view_application"),
                    _item("Members", "groups", "admin:members_member_changelist", "members.view_member"),
                    _item("Contacts", "contacts", "admin:members_contact_changelist", "members.view_contact"),
                    _item(
                        "Offers of compute",
                        "volunteer_activism",
                        "admin:members_computeoffer_changelist",
                        "members.view_computeoffer",
                    ),
                    _item(
                        "Looked at first",
                        "visibility",
                        "admin:members_reviewedfield_changelist",
                        "members.view_reviewedfield",
                    ),
                    _item("Members' reports", "inbox", "admin:members_report_changelist", "members.view_report"),
                    _item(
                        "Reports of the federation",
                        "newspaper",
                        "admin:members_federationreport_changelist",
                        "members.view_federationreport",
                    ),
                    _item("Words of the pages", "article", "admin:members_text_changelist", "members.view_text"),
                    _item("Tokens", "key", "admin:members_token_changelist", "members.view_token"),
                    _item(
                        "Written by programs", "terminal", "admin:members_tokenuse_changelist", "members.view_tokenuse"
                    ),
                    _item("Accounts", "person", "admin:members_user_changelist", "members.view_user"),
                    _item("Roles", "badge", "admin:auth_group_changelist", "auth.view_group"),
                ],
            },
        ],
    },
}
