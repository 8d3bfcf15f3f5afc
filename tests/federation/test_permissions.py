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
from tests.federation.page_table import AS_MANAGERS, MEETING_PAGES, OWN_PAGES, PAGES, PEOPLE
from tests.members.applying import make_application

pytestmark = pytest.mark.django_db


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
