"""The checklist of a new hub: what ticks itself, what people tick, and who may."""

import socket
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from members.models import Access, Member, Role
from members.services import access, contacts
from routing.models import Flip, Hub, OnboardingStep, Ramp
from routing.services import admissions, lifecycle, names, onboarding, redirects, todos
from tests.factories import make_flips, make_health, make_hub, make_maintainer, make_user
from tests.members.applying import make_application

pytestmark = pytest.mark.django_db


@pytest.fixture
def mara():
    return make_maintainer("mara")


@pytest.fixture
def dns(monkeypatch):
    """Name → address; a name that is not in it leads nowhere."""
    known: dict[str, str] = {}

    def look_up(host, *_args, **_kwargs):
        found = known.get(host) or known.get(f"*.{host.partition('.')[2]}")
        if not found:
            raise socket.gaierror("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, 443))]

    monkeypatch.setattr(names, "look_up", look_up)
    return known


@pytest.fixture
def hub(mara, dns, settings):
    settings.REDIRECTOR_URL = "https://binder.example"
    application = make_application()
    return admissions.admit(application, admissions.proposal(application), by=mara)


def step(hub: Hub, name: str) -> OnboardingStep:
    return hub.onboarding.steps.get(name=name)


def states(hub: Hub) -> dict[str, str]:
    return dict(hub.onboarding.steps.values_list("name", "state"))


def test_responsibilities_are_ticked_by_the_application(hub):
    onboarding.look()
    found = step(hub, "responsibilities")
    assert (found.state, found.by, found.found) == (
        "done",
        None,
        "they said yes to all of them in the application",
    )


def test_the_names_in_dns_are_checked_down_to_any_name_below(hub, dns):
    Hub.objects.filter(pk=hub.pk).update(ip_address="198.51.100.7")
    host = "driftglass-observatory.binder.example"
    for records, said in (
        ({}, f"{host} leads nowhere yet"),
        ({host: "198.51.100.7"}, f"*.{host} leads nowhere yet"),
        ({host: "198.51.100.8"}, f"{host} leads to 198.51.100.8, not to 198.51.100.7"),
    ):
        dns.clear()
        dns.update(records)
        onboarding.look()
        assert step(hub, "subdomain").found == said
    dns.update({host: "198.51.100.7", f"*.{host}": "198.51.100.7"})
    onboarding.look()
    assert step(hub, "subdomain").state == "done"


def test_a_hub_that_keeps_its_own_name_needs_no_record(hub, dns):
    Hub.objects.filter(pk=hub.pk).update(url="https://hub.driftglass.example")
    dns["hub.driftglass.example"] = "203.0.113.5"
    onboarding.look()
    assert step(hub, "subdomain").state == "done"


def test_checks_have_to_be_green_for_a_day(hub):
    now = timezone.now()
    hub.onboarding.begun_at = now - timedelta(days=3)
    hub.onboarding.save()

    def said(**health) -> str:
        make_health(hub, **{"checked_at": now, "serving": True, "reason": "", **health})
        onboarding.look(now)
        return step(hub, "checks").found

    onboarding.look(now)
    assert step(hub, "checks").found == "it is not being checked yet"
    assert said(serving=False, reason="does not answer", evidence="unreachable") == "does not answer"
    assert said(since=now - timedelta(hours=5)).startswith("green for 5 hours")
    make_flips(hub, (now - timedelta(hours=3), Flip.To.UNKNOWN), (now - timedelta(hours=2), Flip.To.SERVING))
    assert said(since=now - timedelta(days=2)).startswith("green for 2 hours")
    Flip.objects.all().delete()
    assert said(since=now - timedelta(days=2)) == "green for 24 hours"
    assert step(hub, "checks").state == "done"


def test_an_on_call_contact_counts_once_its_address_is_confirmed(hub, mara):
    onboarding.look()
    assert step(hub, "on-call").found == "nobody is named as on call"
    values = {"roles": ["on-call"], "name": "Desk", "email": "desk@driftglass.example"}
    contact = contacts.add(hub.member, values, by=mara)
    onboarding.look()
    assert step(hub, "on-call").state == "open"
    contacts.confirm(contact)
    onboarding.look()
    assert step(hub, "on-call").found == "Desk is on call"


def test_names_elsewhere_count_when_all_are_known(hub):
    onboarding.look()
    assert step(hub, "names").found == "missing: registry host"
    Hub.objects.filter(pk=hub.pk).update(registry_host="registry.example")
    onboarding.look()
    assert step(hub, "names").state == "done"


def test_visitors_come_when_what_must_be_done_is_done_and_not_before(hub, mara, monkeypatch):
    make_hub()
    with pytest.raises(onboarding.OnboardingError, match="Checks are green"):
        onboarding.start(hub, Decimal(3), reason="Ready", by=mara)
    for name in ("subdomain", "checks", "on-call", "responsibilities"):
        onboarding.skip(step(hub, name), reason="A test", by=mara)
    with pytest.raises(onboarding.OnboardingError, match="weight 0"):
        onboarding.start(hub, Decimal(0), reason="Ready", by=mara)

    onboarding.start(hub, Decimal(3), reason="Ready", by=mara)

    hub.refresh_from_db()
    assert (hub.state, hub.weight, hub.member.state) == ("active", 3, Member.State.ACTIVE)
    assert Ramp.objects.open().get().hub == hub
    monkeypatch.setattr(redirects, "today", lambda: {hub.key: 1})
    Hub.objects.filter(pk=hub.pk).update(registry_host="registry.example")
    onboarding.look()
    assert {name for name, state in states(hub).items() if state == "open"} == {"announced"}
    onboarding.tick(step(hub, "announced"), by=mara, note="In the forum")
    hub.onboarding.refresh_from_db()
    assert hub.onboarding.finished_at


def test_maintainers_tick_and_skip_with_a_reason_and_open_again(hub, mara):
    with pytest.raises(ValueError, match="Say why"):
        onboarding.skip(step(hub, "announced"), reason=" ", by=mara)
    onboarding.skip(step(hub, "announced"), reason="A quiet start", by=mara)
    onboarding.tick(step(hub, "announced"), by=make_maintainer())
    found = step(hub, "announced")
    assert (found.state, found.by, found.note) == ("skipped", mara, "A quiet start")
    onboarding.reopen(found, by=mara)
    assert states(hub)["announced"] == "open"


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.EDITOR, Role.MANAGER])
def test_of_the_members_people_only_managers_say_yes_and_to_nothing_else(hub, role):
    person = make_user()
    if role:
        Access.objects.create(user=person, member=hub.member, role=role)
    if role == Role.MANAGER:
        onboarding.tick(step(hub, "responsibilities"), by=person)
        assert states(hub)["responsibilities"] == "done"
    for verb in (
        *(() if role == Role.MANAGER else (lambda: onboarding.tick(step(hub, "responsibilities"), by=person),)),
        lambda: onboarding.tick(step(hub, "checks"), by=person),
        lambda: onboarding.skip(step(hub, "checks"), reason="Why not", by=person),
        lambda: onboarding.reopen(step(hub, "checks"), by=person),
        lambda: onboarding.start(hub, Decimal(1), reason="Now", by=person),
    ):
        with pytest.raises(access.NotAllowed):
            verb()


def test_a_member_that_maintainers_paused_comes_back_through_the_checklist(mara):
    hub = make_hub()
    lifecycle.move(hub.member, Member.State.PAUSED, reason="Too many failed launches", by=mara)
    lifecycle.move(hub.member, Member.State.ONBOARDING, reason="Mended", by=mara)
    hub.refresh_from_db()
    assert hub.state == Hub.State.ONBOARDING
    assert states(hub)["checks"] == "open"


def test_a_hub_that_was_paused_is_checked_once_more_from_then_on(mara):
    hub = make_hub()
    onboarding.begin(hub)
    for each in hub.onboarding.steps.all():
        onboarding.tick(each, by=mara)
    make_health(hub, since=timezone.now() - timedelta(days=9))

    onboarding.begin_again(hub)
    onboarding.look()

    assert states(hub)["checks"] == "open"
    assert states(hub)["announced"] == "done"
    assert onboarding.begin(hub).steps.count() == 8


def test_what_is_left_stands_on_the_members_to_do_list(hub):
    assert "The onboarding of Driftglass Observatory: 8 steps left." in [each.text for each in todos.of(hub.member)]
    hub.onboarding.steps.update(state="done", at=timezone.now())
    onboarding.Onboarding.objects.update(finished_at=timezone.now())
    assert not any("onboarding" in each.text for each in todos.of(hub.member))
