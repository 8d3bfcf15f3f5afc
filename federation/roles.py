"""Who may do what: one group, made and kept by `manage.py migrate`.

The code is the truth: permissions that were added to the group by hand go away with the next migrate. Superusers may
do everything; everyone else may do nothing here. To log in to the admin a person also needs "staff status".
"""

from __future__ import annotations

from typing import Any, Final

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from members.services.recipients import MAINTAINERS

PERMISSIONS: Final = (
    "members.add_member",
    "members.change_member",
    "members.view_member",
    "members.add_contact",
    "members.change_contact",
    "members.delete_contact",
    "members.view_contact",
    "members.add_computeoffer",
    "members.change_computeoffer",
    "members.view_computeoffer",
    "members.change_application",
    "members.view_application",
    "members.add_channel",
    "members.change_channel",
    "members.delete_channel",
    "members.view_channel",
    "members.add_reviewedfield",
    "members.delete_reviewedfield",
    "members.view_reviewedfield",
    "members.change_report",  # To ask a member to look at it again; its words are the member's.
    "members.view_report",
    "members.add_federationreport",
    "members.change_federationreport",
    "members.view_federationreport",
    "members.add_meetingseries",
    "members.change_meetingseries",
    "members.view_meetingseries",
    "members.add_meeting",
    "members.change_meeting",
    "members.view_meeting",
    "members.add_avoiddate",
    "members.change_avoiddate",
    "members.delete_avoiddate",
    "members.view_avoiddate",
    "members.add_text",
    "members.change_text",
    "members.view_text",
    "members.change_notice",  # To send again or drop; no text is ever edited.
    "members.view_notice",
    "members.change_token",  # To revoke; nobody makes or edits one here.
    "members.view_token",
    "members.view_tokenuse",
    "routing.add_hub",
    "routing.change_hub",
    "routing.view_hub",
    "routing.add_driftsource",
    "routing.change_driftsource",
    "routing.delete_driftsource",
    "routing.view_driftsource",
    "routing.view_driftreport",
    "routing.add_downtime",
    "routing.change_downtime",
    "routing.view_downtime",
    "routing.add_incident",
    "routing.change_incident",
    "routing.view_incident",
    "routing.change_ramp",  # To hold, skip and stop; it begins with a weight change.
    "routing.view_ramp",
    "routing.add_webhook",
    "routing.change_webhook",
    "routing.delete_webhook",
    "routing.view_webhook",
    "routing.change_delivery",  # To send again.
    "routing.view_delivery",
    "routing.add_weightchange",
    "routing.view_weightchange",
    "routing.change_policy",
    "routing.view_policy",
    "routing.view_checkround",
    "routing.add_snapshotversion",  # To roll back: it adds a version.
    "routing.view_snapshotversion",
)


def make_roles(using: str = "default", **kwargs: Any) -> None:  # noqa: ANN401
    """Make the maintainers' group with exactly its permissions. A receiver of `post_migrate`; safe to run again."""
    for label in ("members", "routing"):
        create_permissions(apps.get_app_config(label), verbosity=0, using=using)
    wanted = Q()
    for name in PERMISSIONS:
        label, codename = name.split(".")
        wanted |= Q(content_type__app_label=label, codename=codename)
    group, _ = Group.objects.using(using).get_or_create(name=MAINTAINERS)
    group.permissions.set(Permission.objects.using(using).filter(wanted))
