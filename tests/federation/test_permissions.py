"""Who may open which page: every address of the portal is in the table below, or the first test fails.

An address with a member, hub or other row of a member in it is one of the member "ours": a viewer, editor or manager is
one of its people, a stranger is a manager of another member.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group
from django.template.backends.django import Template
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from members.models import Access, AvoidDate, Member, ReviewedField, Text, User
from members.services import application_links
from routing.models import WeightChange
from routing.services import federation_reports, onboarding, publishing
from tests.factories import (
    change_weights,
    make_channel,
    make_contact,
    make_delivery,
    make_downtime,
    make_drift_source,
    make_federation_report,
    make_hub,
    make_incident,
    make_invitation,
    make_maintainer,
    make_meeting,
    make_member,
    make_notice,
    make_offer,
    make_ramp,
    make_report,
    make_series,
    make_timed_change,
    make_token,
    make_usage,
    make_user,
)
from tests.members.applying import make_application

pytestmark = pytest.mark.django_db

EVERYBODY, PERSON, OF_A_MEMBER, VIEWER, EDITOR, MANAGER, STAFF, MAINTAINER, SUPERUSER, NOBODY = range(10)
PEOPLE = {
    "outsider": {EVERYBODY},
    "person": {EVERYBODY, PERSON},
    "stranger": {EVERYBODY, PERSON, OF_A_MEMBER},
    "viewer": {EVERYBODY, PERSON, OF_A_MEMBER, VIEWER},
    "editor": {EVERYBODY, PERSON, OF_A_MEMBER, VIEWER, EDITOR},
    "manager": {EVERYBODY, PERSON, OF_A_MEMBER, VIEWER, EDITOR, MANAGER},
    "staff": {EVERYBODY, PERSON, STAFF},
    "maintainer": set(range(SUPERUSER)),
    "superuser": set(range(NOBODY)),
}

# The least a person must be to get in.
AS_MANAGERS = {"person", "stranger", "viewer", "editor"}
PAGES = {
    "home": EVERYBODY,
    "members": EVERYBODY,
    "member": EVERYBODY,
    "how-it-works": EVERYBODY,
    "join": EVERYBODY,
    "snapshot": EVERYBODY,
    "status": EVERYBODY,
    "metrics": MAINTAINER,
    "status-json": EVERYBODY,
    "status-feed": EVERYBODY,
    "maintenance-feed": EVERYBODY,
    "badge": EVERYBODY,
    "health": EVERYBODY,
    "hub": EVERYBODY,
    "hub-json": EVERYBODY,
    "hub-badge": EVERYBODY,
    "contact-confirm": EVERYBODY,
    "contact-check-in": EVERYBODY,
    "own-letters": PERSON,
    "calendars": EVERYBODY,
    "calendar-act": PERSON,
    "public-calendar": EVERYBODY,
    "personal-calendar": EVERYBODY,  # With the secret address.
    "letters": EVERYBODY,
    "letters-stop": EVERYBODY,
    "logo": EVERYBODY,
    "my": PERSON,
    "my-data": PERSON,
    "tokens": PERSON,
    "token": PERSON,
    "token-revoke": PERSON,
    "my-data-export": PERSON,
    "my-data-erase": PERSON,
    "my-member": VIEWER,
    "my-history": VIEWER,
    "my-contacts": VIEWER,
    "my-offers": VIEWER,
    "my-maintenance": VIEWER,
    "my-record": EDITOR,
    "my-record-decide": EDITOR,
    "my-logo": EDITOR,
    "my-contact-add": EDITOR,
    "my-contact": EDITOR,
    "my-contact-act": EDITOR,
    "my-offer-add": EDITOR,
    "my-offer": EDITOR,
    "my-offer-act": EDITOR,
    "my-hub": EDITOR,
    "my-wish-decide": EDITOR,
    "my-maintenance-plan": EDITOR,
    "my-downtime": EDITOR,
    "my-state": MANAGER,
    "my-people": VIEWER,
    "my-person": VIEWER,  # One's own access; that of others is tested with the service.
    "my-invitation": MANAGER,
    "invitation": EVERYBODY,  # With the link that was mailed.
    "meetings": EVERYBODY,
    "meeting": EVERYBODY,
    "meeting-calendar": EVERYBODY,
    "meeting-answer": EVERYBODY,  # With the link that was mailed.
    "meeting-rota": OF_A_MEMBER,
    "meeting-propose": OF_A_MEMBER,
    "meeting-rsvp": OF_A_MEMBER,
    "meeting-duty": OF_A_MEMBER,  # To take what nobody has; the rest is tested with the service.
    "meeting-there": OF_A_MEMBER,
    "meeting-item": MAINTAINER,  # And who proposed it, who leads, who takes notes.
    "meeting-item-act": OF_A_MEMBER,  # What of it they may is for the service to say.
    "meeting-notes": MAINTAINER,  # And who leads or takes notes.
    "meeting-attendance": MAINTAINER,
    "meeting-promise": OF_A_MEMBER,
    "meeting-action": MAINTAINER,  # And whose it is, who leads, who takes notes.
    "usage": EVERYBODY,
    "usage-json": EVERYBODY,
    "usage-csv": EVERYBODY,
    "usage-repositories": EVERYBODY,
    "traffic-reports": EVERYBODY,
    "traffic-report": EVERYBODY,
    "reports": EVERYBODY,
    "reports-feed": EVERYBODY,
    "report": EVERYBODY,
    "report-markdown": EVERYBODY,
    "my-reports": VIEWER,
    "my-report": VIEWER,  # Who may write it is for the service to say.
    "my-report-act": EDITOR,
    "exports": EVERYBODY,
    "export": EVERYBODY,
    "apply": EVERYBODY,
    "apply-check": EVERYBODY,
    "apply-send": EVERYBODY,
    "apply-sent": EVERYBODY,
    "apply-step": EVERYBODY,
    "apply-again": EVERYBODY,
    "applications": MAINTAINER,
    "application-review": MAINTAINER,
    "application-take-up": MAINTAINER,
    "application-ask": MAINTAINER,
    "application-look": MAINTAINER,
    "application-decline": MAINTAINER,
    "application-admit": MAINTAINER,
    "onboarding": VIEWER,
    "onboarding-step": VIEWER,  # What of it they may tick is for the service to say.
    "onboarding-record": MAINTAINER,
    "onboarding-start": MAINTAINER,
    "application": EVERYBODY,  # With the link that was mailed, as the three that follow.
    "application-confirm": EVERYBODY,
    "application-withdraw": EVERYBODY,
    "application-say": EVERYBODY,
    "account": PERSON,
    "session-end": PERSON,
    "account_login": EVERYBODY,
    "account_logout": EVERYBODY,
    "account_inactive": EVERYBODY,
    "account_signup": EVERYBODY,  # It says that nobody can.
    "account_reauthenticate": NOBODY,  # For who has a password or second factor; so are those of mfa.
    "account_email": PERSON,
    "account_email_verification_sent": EVERYBODY,
    "account_confirm_email": EVERYBODY,
    "account_change_password": PERSON,
    "account_set_password": PERSON,
    "account_reset_password": EVERYBODY,
    "account_reset_password_done": EVERYBODY,
    "account_reset_password_from_key": EVERYBODY,
    "account_reset_password_from_key_done": EVERYBODY,
    "account_request_login_code": EVERYBODY,
    "account_confirm_login_code": EVERYBODY,
    "mfa_index": PERSON,
    "mfa_authenticate": PERSON,  # While logging in; others are sent there.
    "mfa_reauthenticate": NOBODY,
    "mfa_activate_totp": PERSON,
    "mfa_deactivate_totp": PERSON,
    "mfa_view_recovery_codes": PERSON,
    "mfa_generate_recovery_codes": PERSON,
    "mfa_download_recovery_codes": PERSON,
    "mfa_list_webauthn": PERSON,
    "mfa_add_webauthn": PERSON,
    "mfa_edit_webauthn": PERSON,
    "mfa_remove_webauthn": PERSON,
    "mfa_reauthenticate_webauthn": NOBODY,
    "mfa_login_webauthn": PERSON,  # A script's, for outsiders; as a page it sends them to the login.
    "usersessions_list": PERSON,
    "socialaccount_login_cancelled": EVERYBODY,
    "socialaccount_login_error": NOBODY,  # Everybody may read it; it answers 401, which is what it is about.
    "socialaccount_signup": NOBODY,
    "socialaccount_connections": PERSON,
    "github_login": EVERYBODY,
    "github_callback": EVERYBODY,
    "admin:login": STAFF,
    "admin:logout": EVERYBODY,
    "admin:index": STAFF,
    "admin:search": STAFF,
    "admin:jsi18n": STAFF,
    "admin:autocomplete": MAINTAINER,
    "admin:password_change": STAFF,
    "admin:password_change_done": STAFF,
    "admin:app_list": STAFF,
    "admin:view_on_site": STAFF,
    "admin:members_member_changelist": MAINTAINER,
    "admin:members_member_add": MAINTAINER,
    "admin:members_member_change": MAINTAINER,
    "admin:members_member_history": MAINTAINER,
    "admin:members_member_delete": SUPERUSER,
    "admin:members_member_simple_history": MAINTAINER,
    "admin:members_member_import": MAINTAINER,
    "admin:members_member_process_import": MAINTAINER,
    "admin:members_member_export": MAINTAINER,
    "admin:members_contact_changelist": MAINTAINER,
    "admin:members_contact_add": MAINTAINER,
    "admin:members_contact_change": MAINTAINER,
    "admin:members_contact_history": MAINTAINER,
    "admin:members_contact_delete": MAINTAINER,
    "admin:members_contact_simple_history": MAINTAINER,
    "admin:members_contact_import": MAINTAINER,
    "admin:members_contact_process_import": MAINTAINER,
    "admin:members_contact_export": MAINTAINER,
    "admin:members_computeoffer_changelist": MAINTAINER,
    "admin:members_computeoffer_add": MAINTAINER,
    "admin:members_computeoffer_change": MAINTAINER,
    "admin:members_computeoffer_history": MAINTAINER,
    "admin:members_computeoffer_simple_history": MAINTAINER,
    "admin:members_computeoffer_accept_one": MAINTAINER,
    "admin:members_computeoffer_decline_one": MAINTAINER,
    "admin:members_computeoffer_delete": NOBODY,
    "admin:members_channel_changelist": MAINTAINER,
    "admin:members_channel_add": MAINTAINER,
    "admin:members_channel_change": MAINTAINER,
    "admin:members_channel_history": MAINTAINER,
    "admin:members_channel_simple_history": MAINTAINER,
    "admin:members_channel_send_test": MAINTAINER,
    "admin:members_channel_delete": MAINTAINER,
    "admin:members_notice_changelist": MAINTAINER,
    "admin:members_notice_change": MAINTAINER,
    "admin:members_notice_history": MAINTAINER,
    "admin:members_notice_reader": MAINTAINER,
    "admin:members_notice_letter": MAINTAINER,
    "admin:members_notice_add": NOBODY,
    "admin:members_notice_delete": NOBODY,
    "admin:members_meeting_changelist": MAINTAINER,
    "admin:members_meeting_add": MAINTAINER,
    "admin:members_meeting_change": MAINTAINER,
    "admin:members_meeting_history": MAINTAINER,
    "admin:members_meeting_simple_history": MAINTAINER,
    "admin:members_meeting_move": MAINTAINER,
    "admin:members_meeting_cancel": MAINTAINER,
    "admin:members_meeting_restore": MAINTAINER,
    "admin:members_meeting_delete": NOBODY,
    "admin:members_meetingseries_changelist": MAINTAINER,
    "admin:members_meetingseries_add": MAINTAINER,
    "admin:members_meetingseries_change": MAINTAINER,
    "admin:members_meetingseries_history": MAINTAINER,
    "admin:members_meetingseries_simple_history": MAINTAINER,
    "admin:members_meetingseries_end": MAINTAINER,
    "admin:members_meetingseries_delete": NOBODY,
    "admin:members_avoiddate_changelist": MAINTAINER,
    "admin:members_avoiddate_add": MAINTAINER,
    "admin:members_avoiddate_change": MAINTAINER,
    "admin:members_avoiddate_history": MAINTAINER,
    "admin:members_avoiddate_simple_history": MAINTAINER,
    "admin:members_avoiddate_delete": MAINTAINER,
    "admin:members_reviewedfield_changelist": MAINTAINER,
    "admin:members_reviewedfield_add": MAINTAINER,
    "admin:members_reviewedfield_change": MAINTAINER,
    "admin:members_reviewedfield_history": MAINTAINER,
    "admin:members_reviewedfield_simple_history": MAINTAINER,
    "admin:members_reviewedfield_delete": MAINTAINER,
    "admin:members_report_changelist": MAINTAINER,
    "admin:members_report_change": MAINTAINER,
    "admin:members_report_history": MAINTAINER,
    "admin:members_report_simple_history": MAINTAINER,
    "admin:members_report_on_its_page": MAINTAINER,
    "admin:members_report_reopen": MAINTAINER,
    "admin:members_report_add": NOBODY,
    "admin:members_report_delete": NOBODY,
    "admin:members_federationreport_changelist": MAINTAINER,
    "admin:members_federationreport_add": MAINTAINER,
    "admin:members_federationreport_change": MAINTAINER,
    "admin:members_federationreport_history": MAINTAINER,
    "admin:members_federationreport_simple_history": MAINTAINER,
    "admin:members_federationreport_take_in": MAINTAINER,
    "admin:members_federationreport_publish": MAINTAINER,
    "admin:members_federationreport_take_back": MAINTAINER,
    "admin:members_federationreport_delete": NOBODY,
    "admin:members_text_changelist": MAINTAINER,
    "admin:members_text_add": MAINTAINER,
    "admin:members_text_change": MAINTAINER,
    "admin:members_text_history": MAINTAINER,
    "admin:members_text_simple_history": MAINTAINER,
    "admin:members_text_delete": NOBODY,
    "admin:routing_checkround_changelist": MAINTAINER,
    "admin:members_user_changelist": SUPERUSER,
    "admin:members_user_add": SUPERUSER,
    "admin:members_user_change": SUPERUSER,
    "admin:members_user_history": SUPERUSER,
    "admin:members_user_simple_history": SUPERUSER,
    "admin:members_user_delete": SUPERUSER,
    "admin:auth_user_password_change": SUPERUSER,
    "admin:auth_group_changelist": SUPERUSER,
    "admin:auth_group_add": NOBODY,
    "admin:auth_group_change": SUPERUSER,
    "admin:auth_group_history": SUPERUSER,
    "admin:auth_group_delete": NOBODY,
    "admin:routing_hub_changelist": MAINTAINER,
    "admin:routing_hub_add": MAINTAINER,
    "admin:routing_hub_change": MAINTAINER,
    "admin:routing_hub_history": MAINTAINER,
    "admin:routing_hub_simple_history": MAINTAINER,
    "admin:routing_hub_make_prime": MAINTAINER,
    "admin:routing_hub_change_state": MAINTAINER,
    "admin:routing_hub_drain": MAINTAINER,
    "admin:routing_hub_undrain": MAINTAINER,
    "admin:routing_hub_delete": NOBODY,
    "admin:routing_downtime_changelist": MAINTAINER,
    "admin:routing_downtime_add": MAINTAINER,
    "admin:routing_downtime_change": MAINTAINER,
    "admin:routing_downtime_history": MAINTAINER,
    "admin:routing_downtime_simple_history": MAINTAINER,
    "admin:routing_downtime_extend": MAINTAINER,
    "admin:routing_downtime_end_early": MAINTAINER,
    "admin:routing_downtime_cancel": MAINTAINER,
    "admin:routing_downtime_delete": NOBODY,
    "admin:routing_incident_changelist": MAINTAINER,
    "admin:routing_incident_add": MAINTAINER,
    "admin:routing_incident_change": MAINTAINER,
    "admin:routing_incident_history": MAINTAINER,
    "admin:routing_incident_simple_history": MAINTAINER,
    "admin:routing_incident_update": MAINTAINER,
    "admin:routing_incident_reopen": MAINTAINER,
    "admin:routing_incident_accept": MAINTAINER,
    "admin:routing_incident_discard": MAINTAINER,
    "admin:routing_incident_delete": NOBODY,
    "admin:routing_ramp_changelist": MAINTAINER,
    "admin:routing_ramp_change": MAINTAINER,
    "admin:routing_ramp_history": MAINTAINER,
    "admin:routing_ramp_simple_history": MAINTAINER,
    "admin:routing_ramp_hold": MAINTAINER,
    "admin:routing_ramp_resume": MAINTAINER,
    "admin:routing_ramp_skip": MAINTAINER,
    "admin:routing_ramp_stop": MAINTAINER,
    "admin:routing_ramp_add": NOBODY,
    "admin:routing_ramp_delete": NOBODY,
    "admin:routing_weightchange_timed": MAINTAINER,
    "admin:routing_driftsource_changelist": MAINTAINER,
    "admin:routing_driftsource_add": MAINTAINER,
    "admin:routing_driftsource_change": MAINTAINER,
    "admin:routing_driftsource_history": MAINTAINER,
    "admin:routing_driftsource_simple_history": MAINTAINER,
    "admin:routing_driftsource_delete": MAINTAINER,
    "admin:routing_driftsource_report": MAINTAINER,
    "admin:routing_driftsource_all_exports": MAINTAINER,
    "admin:routing_weightchange_changelist": MAINTAINER,
    "admin:routing_weightchange_add": MAINTAINER,
    "admin:routing_weightchange_change": MAINTAINER,
    "admin:routing_weightchange_history": MAINTAINER,
    "admin:routing_weightchange_undo": MAINTAINER,
    "admin:routing_weightchange_delete": NOBODY,
    "admin:routing_snapshotversion_changelist": MAINTAINER,
    "admin:routing_snapshotversion_change": MAINTAINER,
    "admin:routing_snapshotversion_history": MAINTAINER,
    "admin:routing_snapshotversion_roll_back": MAINTAINER,
    "admin:routing_snapshotversion_add": NOBODY,
    "admin:routing_snapshotversion_delete": NOBODY,
    "admin:members_token_changelist": MAINTAINER,
    "admin:members_token_change": MAINTAINER,
    "admin:members_token_history": MAINTAINER,
    "admin:members_token_add": NOBODY,
    "admin:members_token_delete": NOBODY,
    "admin:members_tokenuse_changelist": MAINTAINER,
    "admin:members_tokenuse_add": NOBODY,
    "admin:members_tokenuse_change": NOBODY,
    "admin:members_tokenuse_history": NOBODY,
    "admin:members_tokenuse_delete": NOBODY,
    "admin:routing_webhook_changelist": MAINTAINER,
    "admin:routing_webhook_add": MAINTAINER,
    "admin:routing_webhook_change": MAINTAINER,
    "admin:routing_webhook_history": MAINTAINER,
    "admin:routing_webhook_simple_history": MAINTAINER,
    "admin:routing_webhook_test": MAINTAINER,
    "admin:routing_webhook_deliveries": MAINTAINER,
    "admin:routing_webhook_delete": MAINTAINER,
    "admin:routing_delivery_changelist": MAINTAINER,
    "admin:routing_delivery_change": MAINTAINER,
    "admin:routing_delivery_history": MAINTAINER,
    "admin:routing_delivery_add": NOBODY,
    "admin:routing_delivery_delete": NOBODY,
    "admin:routing_policy_changelist": MAINTAINER,
    "admin:routing_policy_change": MAINTAINER,
    "admin:routing_policy_history": MAINTAINER,
    "admin:routing_policy_simple_history": MAINTAINER,
    "admin:routing_policy_add": NOBODY,
    "admin:routing_policy_delete": NOBODY,
}


# Those below /my/ whose address names nothing but the member.
OWN_PAGES = (
    "people",
    *("member", "history", "contacts", "offers", "maintenance", "record", "logo", "contact-add", "offer-add"),
    *("maintenance-plan", "state", "reports"),
)


MEETING_PAGES = ("", "-calendar", "-propose", "-rsvp", "-duty", "-there", "-notes", "-attendance", "-promise")


@dataclass(frozen=True)
class Page:
    name: str
    route: str


def pages_of(resolver: URLResolver, space: str = "", route: str = "") -> Iterator[Page]:
    for each in resolver.url_patterns:
        here = route + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from pages_of(each, f"{space}{each.namespace}:" if each.namespace else space, here)
        elif isinstance(each, URLPattern):
            yield Page(f"{space}{each.name}" if each.name else "", here)


def test_every_address_is_in_the_table():
    # Those of the API have a table of their own: tests/api/test_permissions.py.
    pages = [page for page in pages_of(get_resolver()) if not page.name.startswith("api:")]
    assert {page.name for page in pages if page.name} == set(PAGES)
    # Django's and allauth's own: redirects to pages in the table, and the admin's catch-all for what is no page.
    nameless = [page.route for page in pages if not page.name and not page.route.startswith("accounts/social/")]
    assert all(route.endswith(("/<path:object_id>/", "(?P<url>.*)$")) for route in nameless)


@pytest.fixture
def addresses(redis_url) -> dict[str, str]:
    """An address that exists, for each page."""
    hub = make_hub("a", weight=2, member=make_member("ours"))
    publishing.publish("first")
    batch = change_weights(a=3)
    publishing.publish("second")
    contact, offer = make_contact(hub.member), make_offer(hub.member)
    make_usage(hub, timezone.now(), 1)
    report, told = make_report(hub.member), make_federation_report()
    federation_reports.publish(told, by=make_maintainer())
    today = timezone.now().date()
    keys = {
        "members_member": hub.member_id,
        "members_contact": contact.pk,
        "members_computeoffer": offer.pk,
        "members_reviewedfield": ReviewedField.objects.create(field="name").pk,
        "members_channel": make_channel().pk,
        "members_notice": make_notice().pk,
        "members_token": (token := make_token()).pk,
        "members_tokenuse": token.uses.create(method="POST", path="/api/v1/drift/", status=200).pk,
        "routing_webhook": (delivery := make_delivery()).webhook_id,
        "routing_delivery": delivery.pk,
        "members_report": report.pk,
        "members_federationreport": told.pk,
        "members_text": Text.objects.earliest("pk").pk,
        "members_meeting": (meeting := make_meeting()).pk,
        "members_meetingseries": make_series().pk,
        "members_avoiddate": AvoidDate.objects.create(title="Rest", starts_on=today, ends_on=today).pk,
        "members_user": make_user().pk,
        "auth_group": Group.objects.get(name="maintainers").pk,
        "routing_hub": hub.pk,
        "routing_downtime": make_downtime(hub).pk,
        "routing_incident": make_incident(hub).pk,
        "routing_driftsource": make_drift_source().pk,
        "routing_weightchange": WeightChange.objects.get().pk,
        "routing_snapshotversion": 1,
        "routing_ramp": make_ramp(make_hub("b")).pk,
        "routing_policy": 1,
    }
    secret = application_links.secret(make_application())
    application = make_application()
    secret = application_links.secret(application)
    onboarding.begin(hub)
    item = meeting.items.create(title="Costs")
    special = {
        "apply-step": ["offer"],
        **{
            f"application-{verb}": [application.pk] for verb in ("review", "take-up", "ask", "look", "decline", "admit")
        },
        "onboarding": [hub.member.slug],
        "onboarding-record": [hub.member.slug, "a"],
        "onboarding-start": [hub.member.slug, "a"],
        "onboarding-step": [hub.member.slug, "a", "announced"],
        "application": [secret],
        "application-confirm": [secret],
        "application-withdraw": [secret],
        "application-say": [secret],
        "session-end": [1],
        "token": [1],
        "token-revoke": [1],
        **{f"meeting{each}": [meeting.pk] for each in MEETING_PAGES},
        "meeting-item": [meeting.pk, item.pk],
        "meeting-item-act": [meeting.pk, item.pk],
        "meeting-action": [meeting.pk, meeting.actions.create(text="Do it").pk],
        "meeting-answer": ["secret"],
        "personal-calendar": ["secret"],
        "account_confirm_email": ["key"],
        "account_reset_password_from_key": ["1", "key"],
        "mfa_edit_webauthn": [1],
        "mfa_remove_webauthn": [1],
        "admin:app_list": ["routing"],
        "member": [hub.member.slug],
        "hub": ["a"],
        "hub-json": ["a"],
        "hub-badge": ["a"],
        **{f"my-{page}": ["ours"] for page in OWN_PAGES},
        "logo": [64 * "0"],
        "my-person": ["ours", Access.objects.create(member=hub.member, user=make_user(), role="viewer").pk],
        "my-invitation": ["ours", make_invitation(hub.member).pk],
        "invitation": ["secret"],
        "my-record-decide": ["ours", 1],
        "my-contact": ["ours", contact.pk],
        "my-contact-act": ["ours", contact.pk],
        "my-offer": ["ours", offer.pk],
        "my-offer-act": ["ours", offer.pk],
        "my-hub": ["ours", "a"],
        "my-wish-decide": ["ours", 1],
        "my-downtime": ["ours", keys["routing_downtime"]],
        "admin:routing_webhook_simple_history": [delivery.webhook_id, delivery.webhook.history.get().pk],
        "contact-confirm": ["secret"],
        "contact-check-in": ["secret"],
        "letters": ["secret"],
        "letters-stop": ["secret", "alerts"],
        "export": ["hosts", "json"],
        "report": ["2026-10"],
        "report-markdown": ["2026-10"],
        "my-report": ["ours", "2026-10"],
        "my-report-act": ["ours", "2026-10"],
        "traffic-reports": ["ours"],
        "traffic-report": ["ours", f"{timezone.now():%Y-%m}"],
        "admin:view_on_site": [1, 1],
        "admin:auth_user_password_change": [keys["members_user"]],
        "admin:routing_weightchange_undo": [batch],
        "admin:routing_weightchange_timed": [make_timed_change(make_hub("c")).batch],
    }
    found = {}
    for name in PAGES:
        model = next((each for each in keys if name.startswith(f"admin:{each}_")), "")
        needs_key = model and not name.endswith(
            ("_changelist", "_add", "_import", "_export", "_all_exports", "_reader")
        )
        version = [1] if name.endswith("_simple_history") else []
        found[name] = reverse(name, args=special.get(name) or ([keys[model], *version] if needs_key else []))
    found["admin:autocomplete"] += "?app_label=routing&model_name=hub&field_name=member"
    return found


@pytest.fixture
def log_in(client):
    """A client that is one of the people."""

    def with_role(role: str, member: str):
        user = make_user()
        Access.objects.create(user=user, member=Member.objects.get(slug=member), role=role)
        return user

    def do(who: str):
        make = {
            "person": make_user,
            "stranger": lambda: with_role("manager", make_member("theirs").slug),
            "viewer": lambda: with_role("viewer", "ours"),
            "editor": lambda: with_role("editor", "ours"),
            "manager": lambda: with_role("manager", "ours"),
            "staff": lambda: make_user(is_staff=True),
            "maintainer": make_maintainer,
            "superuser": lambda: User.objects.create_superuser("root", "root@example.org"),
        }
        if who != "outsider":
            client.force_login(make[who]())
        return client

    return do


@pytest.fixture
def quick(monkeypatch):
    """No page is written and nothing logged: who may is decided before, and there are thousands of requests."""
    monkeypatch.setattr(Template, "render", lambda *_args, **_kwargs: "")
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def is_refused(response) -> bool:
    logins = {"/admin/login/", "/accounts/login/"}
    return response.status_code in {401, 403} or (
        response.status_code == 302 and urlsplit(response["Location"]).path in logins
    )


@pytest.mark.parametrize("who", PEOPLE)
def test_each_kind_of_person_gets_into_their_pages_and_no_others(who, addresses, log_in, quick):
    client = log_in(who)
    # The office asks whether somebody is staff before all else: of those who are not, the outsider, who is nobody, and
    # the manager, who may do most, knock at each of its doors for all.
    pages = {name for name in PAGES if who not in AS_MANAGERS or not name.startswith("admin:")}
    theirs = {name for name in pages if PAGES[name] in PEOPLE[who]}
    sent = {name: client.post(addresses[name], {"reason": "let me"}) for name in pages - theirs}
    # Last, because they end the session.
    names = sorted(pages, key=lambda name: name.endswith("logout"))
    got_in = {name for name in names if not is_refused(client.get(addresses[name]))}
    assert got_in == theirs
    assert {name for name, answer in sent.items() if not is_refused(answer) and answer.status_code != 405} == set()


def test_what_is_ours_is_not_found_below_the_address_of_another_member(addresses, log_in, quick):
    client = log_in("stranger")
    ours = {name: url for name, url in addresses.items() if re.search(r"/ours/\S+/(a|\d+)/", url)}
    forged = {name: url.replace("/ours/", "/theirs/") for name, url in ours.items()}
    found = {name: (client.get(url).status_code, client.post(url).status_code) for name, url in forged.items()}
    assert {name for name, codes in found.items() if not set(codes) <= {403, 404, 405}} == set()
    assert "my-contact" in found


def test_a_maintainer_who_loses_the_role_is_out_at_once(client, addresses):
    person = make_maintainer()
    client.force_login(person)
    assert client.get(addresses["admin:routing_weightchange_add"]).status_code == 200
    person.groups.clear()
    assert client.get(addresses["admin:routing_weightchange_add"]).status_code == 403


def test_a_person_with_the_role_but_without_staff_status_is_out(client, addresses):
    person = make_maintainer()
    User.objects.filter(pk=person.pk).update(is_staff=False)
    client.force_login(person)
    assert is_refused(client.get(addresses["admin:routing_weightchange_add"]))
