"""Every endpoint × every kind of caller. A new endpoint that is not in the table fails the first test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from members.models import Member, Role, Token
from members.services import tokens
from routing.models import LaunchTest
from routing.services import publishing, webhooks
from tests.api.conftest import Caller, caller_for
from tests.factories import (
    change_weights,
    make_checked_hub,
    make_contact,
    make_delivery,
    make_downtime,
    make_federation_report,
    make_flips,
    make_incident,
    make_maintainer,
    make_meeting,
    make_member,
    make_offer,
    make_person,
    make_ramp,
    make_report,
    make_samples,
)
from tests.members.applying import make_application

pytestmark = pytest.mark.django_db

EVERYBODY, OTHER, VIEWER, EDITOR, MANAGER, MAINTAINER = range(6)
KINDS = {
    "outsider": EVERYBODY,
    "other member": OTHER,
    "viewer": VIEWER,
    "editor": EDITOR,
    "manager": MANAGER,
    "maintainer": MAINTAINER,
}


@dataclass(frozen=True)
class Ask:
    """The least caller that is let in, the scope that its token needs, and something sensible to send."""

    least: int
    scope: str = ""
    body: Any = None


WHY = {"reason": "as agreed"}
SOON = (timezone.now() + timedelta(days=2)).isoformat()
LATER = (timezone.now() + timedelta(days=3)).isoformat()
NEW_HUB = {"key": "new", "name": "New", "member": "ovh", "url": "https://new.example.org", **WHY}
PLAN = {"hubs": ["a"], "starts_at": SOON, "ends_at": LATER, "text": "new disks"}
NEW_CONTACT = {"member": "ovh", "name": "Ada", "roles": ["technical"], "email": "ada@example.org"}
NEW_WEBHOOK = {"name": "Chat", "url": "https://hooks.example.org/", "events": ["hub.flipped"]}
SAID = {"phase": "monitoring", "text": "It is better."}

TABLE = {
    "GET /": Ask(EVERYBODY),
    "GET /me/": Ask(OTHER, "read"),
    "GET /exports/": Ask(EVERYBODY),
    "GET /exports/{name}.{extension}": Ask(EVERYBODY),
    "POST /drift/": Ask(OTHER, "exports", {"name": "status.js", "content": "var fedUrls = [];"}),
    "GET /hubs/": Ask(EVERYBODY),
    "POST /hubs/": Ask(MAINTAINER, "hubs", NEW_HUB),
    "GET /hubs/{key}/": Ask(EVERYBODY),
    "PATCH /hubs/{key}/": Ask(MAINTAINER, "hubs", {"name": "Heron", **WHY}),
    "POST /hubs/{key}/state/": Ask(MAINTAINER, "weights", {"state": "drained", **WHY}),
    "POST /hubs/{key}/prime/": Ask(MAINTAINER, "weights", WHY),
    "POST /hubs/{key}/drain/": Ask(EDITOR, "health", WHY),
    "POST /hubs/{key}/undrain/": Ask(EDITOR, "health", {}),
    "POST /hubs/{key}/wish/": Ask(EDITOR, "weights", {"weight": 1, **WHY}),
    "GET /weight-changes/": Ask(EVERYBODY),
    "POST /weight-changes/": Ask(MAINTAINER, "weights", {"weights": {"a": 7}, **WHY}),
    "GET /weight-changes/{id}/": Ask(EVERYBODY),
    "GET /ramps/": Ask(EVERYBODY),
    "POST /ramps/": Ask(MAINTAINER, "weights", {"weights": {"a": 7}, **WHY}),
    "GET /ramps/{id}/": Ask(EVERYBODY),
    "POST /ramps/{id}/hold/": Ask(MAINTAINER, "weights", WHY),
    "POST /ramps/{id}/resume/": Ask(MAINTAINER, "weights", {}),
    "POST /ramps/{id}/skip/": Ask(MAINTAINER, "weights", {}),
    "POST /ramps/{id}/stop/": Ask(MAINTAINER, "weights", WHY),
    "GET /snapshots/": Ask(EVERYBODY),
    "GET /snapshots/{version}/": Ask(EVERYBODY),
    "POST /snapshots/{version}/roll-back/": Ask(MAINTAINER, "weights", WHY),
    "GET /downtimes/": Ask(EVERYBODY),
    "POST /downtimes/": Ask(EDITOR, "health", PLAN),
    "GET /downtimes/{id}/": Ask(EVERYBODY),
    "POST /downtimes/{id}/extend/": Ask(EDITOR, "health", {"ends_at": LATER}),
    "POST /downtimes/{id}/end/": Ask(EDITOR, "health", {}),
    "POST /downtimes/{id}/cancel/": Ask(EDITOR, "health", WHY),
    "GET /incidents/": Ask(EVERYBODY),
    "POST /incidents/": Ask(MAINTAINER, "health", {"title": "Slow", "text": "We look into it."}),
    "GET /incidents/{id}/": Ask(EVERYBODY),
    "POST /incidents/{id}/updates/": Ask(MAINTAINER, "health", SAID),
    "POST /incidents/{id}/reopen/": Ask(MAINTAINER, "health", {"text": "It is back."}),
    "POST /incidents/{id}/accept/": Ask(MAINTAINER, "health", {}),
    "POST /incidents/{id}/discard/": Ask(MAINTAINER, "health", {}),
    "GET /flips/": Ask(EVERYBODY),
    "GET /flips/{id}/": Ask(EVERYBODY),
    "GET /checks/": Ask(EVERYBODY),
    "GET /checks/{id}/": Ask(EVERYBODY),
    "GET /check-hours/": Ask(EVERYBODY),
    "GET /check-hours/{id}/": Ask(EVERYBODY),
    "GET /launch-tests/": Ask(EVERYBODY),
    "GET /launch-tests/{id}/": Ask(EVERYBODY),
    "GET /uptime/": Ask(EVERYBODY),
    "GET /uptime/{key}/": Ask(EVERYBODY),
    "GET /members/": Ask(EVERYBODY),
    "GET /members/{slug}/": Ask(EVERYBODY),
    "PATCH /members/{slug}/": Ask(EDITOR, "members", {"summary": "We give."}),
    "GET /member-changes/": Ask(EVERYBODY),
    "GET /member-changes/{id}/": Ask(EVERYBODY),
    "GET /contacts/": Ask(EVERYBODY),
    "POST /contacts/": Ask(EDITOR, "members", NEW_CONTACT),
    "GET /contacts/{id}/": Ask(EVERYBODY),
    "PATCH /contacts/{id}/": Ask(EDITOR, "members", {"phone": "112"}),
    "DELETE /contacts/{id}/": Ask(EDITOR, "members"),
    "POST /contacts/{id}/still-right/": Ask(EDITOR, "members", {}),
    "GET /offers/": Ask(EVERYBODY),
    "POST /offers/": Ask(EDITOR, "members", {"member": "ovh", "title": "Credits"}),
    "GET /offers/{id}/": Ask(VIEWER, "read"),
    "PATCH /offers/{id}/": Ask(EDITOR, "members", {"title": "More credits"}),
    "DELETE /offers/{id}/": Ask(EDITOR, "members"),
    "POST /offers/{id}/accept/": Ask(MAINTAINER, "members", {}),
    "POST /offers/{id}/decline/": Ask(MAINTAINER, "members", WHY),
    "POST /members/{slug}/state/": Ask(MANAGER, "members", {"state": "paused", **WHY}),
    "GET /applications/": Ask(MAINTAINER, "read"),
    "GET /applications/{id}/": Ask(MAINTAINER, "read"),
    "POST /applications/{id}/take-up/": Ask(MAINTAINER, "members", {}),
    "POST /applications/{id}/ask/": Ask(MAINTAINER, "members", {"text": "How many nodes?"}),
    "POST /applications/{id}/approve/": Ask(MAINTAINER, "members", {"url": "https://drift.example.org"}),
    "POST /applications/{id}/decline/": Ask(MAINTAINER, "members", WHY),
    "GET /usage/": Ask(EVERYBODY),
    "GET /usage/repositories/": Ask(EVERYBODY),
    "GET /meetings/": Ask(EVERYBODY),
    "POST /meetings/": Ask(MAINTAINER, "members", {"title": "Retreat", "starts_at": SOON}),
    "GET /meetings/{id}/": Ask(EVERYBODY),
    "PATCH /meetings/{id}/": Ask(MAINTAINER, "members", {"title": "Team meeting"}),
    "POST /meetings/{id}/move/": Ask(MAINTAINER, "members", {"starts_at": SOON, **WHY}),
    "POST /meetings/{id}/cancel/": Ask(MAINTAINER, "members", WHY),
    "POST /meetings/{id}/restore/": Ask(MAINTAINER, "members", WHY),
    "POST /meetings/{id}/notes/": Ask(MAINTAINER, "members", {"notes": "We met."}),
    "POST /meetings/{id}/rsvp/": Ask(OTHER, "members", {"answer": "yes"}),
    "POST /meetings/{id}/agenda/": Ask(OTHER, "members", {"title": "New disks"}),
    "GET /agenda-items/": Ask(EVERYBODY),
    "GET /agenda-items/{id}/": Ask(EVERYBODY),
    "PATCH /agenda-items/{id}/": Ask(MAINTAINER, "members", {"minutes": 9}),
    "DELETE /agenda-items/{id}/": Ask(MAINTAINER, "members"),
    "GET /reports/": Ask(OTHER, "read"),
    "GET /reports/{id}/": Ask(VIEWER, "read"),
    "PATCH /reports/{id}/": Ask(EDITOR, "members", {"news": "New disks."}),
    "POST /reports/{id}/submit/": Ask(EDITOR, "members", {"news": "New disks."}),
    "POST /reports/{id}/skip/": Ask(EDITOR, "members", {}),
    "POST /reports/{id}/resume/": Ask(EDITOR, "members", {}),
    "POST /reports/{id}/reopen/": Ask(MAINTAINER, "members", WHY),
    "GET /federation-reports/": Ask(EVERYBODY),
    "POST /federation-reports/": Ask(MAINTAINER, "members", {"month": "2026-08"}),
    "GET /federation-reports/{month}/": Ask(EVERYBODY),
    "PATCH /federation-reports/{month}/": Ask(MAINTAINER, "members", {"news": "New disks."}),
    "POST /federation-reports/{month}/take-in/": Ask(MAINTAINER, "members", {}),
    "POST /federation-reports/{month}/publish/": Ask(MAINTAINER, "members", {}),
    "POST /federation-reports/{month}/take-back/": Ask(MAINTAINER, "members", WHY),
    "GET /webhooks/": Ask(MAINTAINER, "read"),
    "POST /webhooks/": Ask(MAINTAINER, "webhooks", NEW_WEBHOOK),
    "GET /webhooks/{id}/": Ask(MAINTAINER, "read"),
    "PATCH /webhooks/{id}/": Ask(MAINTAINER, "webhooks", {"enabled": False}),
    "DELETE /webhooks/{id}/": Ask(MAINTAINER, "webhooks"),
    "POST /webhooks/{id}/test/": Ask(MAINTAINER, "webhooks", {}),
    "GET /webhook-deliveries/": Ask(MAINTAINER, "read"),
    "GET /webhook-deliveries/{uid}/": Ask(MAINTAINER, "read"),
    "POST /webhook-deliveries/{uid}/send-again/": Ask(MAINTAINER, "webhooks", {}),
}


def test_every_endpoint_is_in_the_table(anybody):
    paths = anybody.get("schema/").json()["paths"]
    found = {f"{method.upper()} {path.removeprefix('/api/v1')}" for path, each in paths.items() for method in each}
    assert found == set(TABLE)


@pytest.fixture
def world(redis_url) -> dict[str, Any]:
    """One of everything; by the path's beginning what to put into the address."""
    member = make_member("ovh")
    hub = make_checked_hub("a", member=member, weight=2)
    publishing.publish("first")
    change_weights(a=3)
    publishing.publish("second")
    now = timezone.now()
    meeting = make_meeting()
    make_federation_report(month=date(2026, 9, 1), state="published")
    make_federation_report(month=date(2026, 8, 1))
    report = make_report(member)
    make_flips(hub, (now, "out"))
    make_samples(hub, 0.1)
    make_contact(member, roles=["technical"], visibility="public")
    contact = make_contact(member, roles=["technical"], visibility="public")
    webhook = webhooks.add(**NEW_WEBHOOK, by=make_maintainer())
    return {
        "failed": make_delivery(state="failed").uid,
        "uid": webhooks.send_test(webhook, by=webhook.created_by).uid,
        "/webhooks/": webhook.pk,
        "/applications/": make_application().pk,
        "/meetings/": meeting.pk,
        "/meetings/{id}/restore/": make_meeting(cancelled_at=now).pk,
        "/meetings/{id}/notes/": make_meeting(starts=-1).pk,
        "/agenda-items/": meeting.items.create(title="Disks").pk,
        "/reports/": report.pk,
        "/reports/{id}/resume/": make_report(member, month=date(2026, 9, 1), state="skipped").pk,
        "/reports/{id}/reopen/": make_report(member, month=date(2026, 8, 1), state="submitted").pk,
        "month": "2026-09",
        "draft": "2026-08",
        "key": "a",
        "slug": "ovh",
        "version": 1,
        "name": "hosts",
        "extension": "json",
        "/weight-changes/": hub.weight_changes.get().pk,
        "/ramps/": make_ramp().pk,
        "/ramps/{id}/resume/": make_ramp(held="person", held_since=now).pk,
        "/downtimes/": make_downtime(hub, starts=24, ends=25).pk,
        "/downtimes/{id}/e": make_downtime(hub, starts=-1, ends=1).pk,
        "/hubs/{key}/undrain/": make_downtime(make_checked_hub("b", member=member), emergency=True, ends=None) and "b",
        "/incidents/": make_incident(hub).pk,
        "/incidents/{id}/reopen/": make_incident(hub, resolved_at=now).pk,
        "/incidents/{id}/accept/": make_incident(hub, draft=True).pk,
        "/incidents/{id}/discard/": make_incident(hub, draft=True).pk,
        "/flips/": hub.flips.get().pk,
        "/checks/": _only("HealthSample"),
        "/check-hours/": hub.hours.create(hour=now, samples=1, good=1).pk,
        "/launch-tests/": LaunchTest.objects.create(hub=hub, spec="gh/a/b/HEAD").pk,
        "/member-changes/": member.changes.create(to_state="active", reason="welcome").pk,
        "/contacts/": contact.pk,
        "/offers/": make_offer(member, state="proposed").pk,
    }


def _only(name: str) -> int:
    from routing import models

    return getattr(models, name).objects.get().pk


def address(path: str, world: dict[str, Any]) -> str:
    special = max((each for each in world if each.startswith("/") and path.startswith(each)), key=len, default="")
    names = {**world, "id": world.get(special), **({"key": world[special]} if "undrain" in path else {})}
    names |= {"month": world["draft"]} if path.endswith(("take-in/", "publish/")) else {}
    names |= {"uid": world["failed"]} if "send-again" in path else {}
    return path.format(**{name: found for name, found in names.items() if not name.startswith("/")}).lstrip("/")


def answers(caller: Caller, world: dict[str, Any], names: Iterable[str] = TABLE) -> dict[str, int]:
    """The status of the answer of each of these endpoints; nothing of it stays."""
    found = {}
    for name in names:
        ask = TABLE[name]
        method, _, path = name.partition(" ")
        with transaction.atomic():
            body = None if method == "GET" else ask.body
            found[name] = caller.ask(method.lower(), address(path, world), body).status_code
            transaction.set_rollback(True)
    return found


def caller_of(kind: str, *scopes: str) -> Caller:
    if kind == "outsider":
        return Caller()
    if kind == "maintainer":
        return caller_for(make_maintainer(), *scopes)
    role = Role.MANAGER if kind == "other member" else Role(kind)
    member = make_member("gesis") if kind == "other member" else Member.objects.get(slug="ovh")
    return caller_for(make_person(member, role), *scopes)


def refused(status: int) -> bool:
    return status in {401, 403, 404}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_caller_gets_what_is_theirs_and_nothing_else(kind, world):
    found = answers(caller_of(kind), world)
    wrong = {name: status for name, status in found.items() if refused(status) == (KINDS[kind] >= TABLE[name].least)}
    assert wrong == {}
    # What they may do, they can: no answer of the table is a mistake in what was sent.
    assert {name: status for name, status in found.items() if not refused(status) and status >= 300} == {}
    if kind == "outsider":
        assert {found[name] for name in TABLE if not name.startswith("GET")} == {401}


@pytest.mark.parametrize("scope", Token.Scope.values)
def test_each_scope_opens_its_endpoints_and_no_others(scope, world):
    # What is public is tried with one of them.
    names = [name for name, ask in TABLE.items() if ask.scope or scope == "exports"]
    found = answers(caller_of("maintainer", scope), world, names)
    wrong = {name: status for name, status in found.items() if refused(status) == (TABLE[name].scope in {"", scope})}
    assert wrong == {}


@pytest.mark.parametrize("end", ["revoked", "expired", "of an account that was switched off", "made up"])
def test_a_token_that_is_no_good_opens_nothing_not_even_what_is_public(end, world):
    caller = caller_of("maintainer")
    token = Token.objects.get()
    if end == "revoked":
        tokens.revoke(token, by=token.user)
    elif end == "expired":
        Token.objects.update(expires_at=timezone.now())
    elif end == "made up":
        caller.token += "x"
    else:
        type(token.user).objects.filter(pk=token.user_id).update(is_active=False)
    names = TABLE if end == "revoked" else ["GET /hubs/", "GET /me/", "POST /weight-changes/"]
    assert set(answers(caller, world, names).values()) == {401}


def test_a_browser_needs_the_csrf_token_to_write(world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_maintainer())
    caller = Caller(client=client)
    body = {"weights": {"a": 9}, "reason": "as agreed"}
    assert caller.post("weight-changes/", body).status_code == 403
    client.get("/admin/login/")
    client.cookies["csrftoken"] = "a" * 32
    assert caller.post("weight-changes/", body, X_CSRFToken="a" * 32).status_code == 201
    assert caller.get("me/").json()["maintainer"] is True
