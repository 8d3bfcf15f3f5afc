"""A member's hubs on its own pages: what to do, wishes, maintenance, breaks."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import ComputeOffer, Contact, Member, Role
from routing.models import Downtime, HealthHour, Hub, HubProposal
from routing.services import capacity, downtimes, todos
from tests.factories import (
    make_checked_hub,
    make_contact,
    make_downtime,
    make_hub,
    make_maintainer,
    make_member,
    make_offer,
    make_person,
    put_out,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return make_member("heron", summary="We compute.", funded_by="A trust", logo=64 * "0")


@pytest.fixture
def hub(member):
    return make_checked_hub("h", member=member, weight=5)


@pytest.fixture
def manager(client, member, hub):
    manager = make_person(member, Role.MANAGER, "ada")
    client.force_login(manager)
    return manager


def test_who_has_nothing_to_do_is_told_so(client, manager, member, hub):
    make_contact(member, roles=["technical", "on-call"])
    page = client.get("/my/", follow=True)
    assert page.redirect_chain[-1][0] == "/my/heron/"
    assert "Nothing to do" in page.content.decode()


def test_what_is_to_be_done_comes_first_the_urgent_before_the_rest(member, hub):
    make_contact(member, name="Ada", checked_at=timezone.now() - timedelta(days=200), email_confirmed_at=None)
    make_offer(member, title="Credits", ends=timezone.now().date() + timedelta(days=9))
    Member.objects.update(logo="")
    member.refresh_from_db()
    put_out(hub)
    said = [(each.urgent, each.text.partition(":")[0]) for each in todos.of(member)]
    assert said == [
        (True, "H is out"),
        (True, "“Credits” ends in 9 days. Does it go on?"),
        (False, "Say which of your offers H runs on."),
        (False, "Name an on call contact"),
        (False, "Ada has not confirmed the e-mail address, and gets no alerts until then."),
        (False, "Is what you say of Ada still right? It was last checked half a year ago."),
        (False, "Your public page has no logo yet."),
    ]


def test_nobody_asks_anything_of_those_who_left():
    assert todos.of(make_member(state="past")) == []


def test_a_lower_weight_applies_from_the_page_and_a_higher_one_waits(client, manager, hub):
    page = "/my/heron/hubs/h/"
    client.post(page, {"what": "weight", "weight": "2", "reason": "less power"})
    client.post(page, {"what": "weight", "weight": "9", "reason": "more power"})
    client.post(page, {"what": "users", "users": "40", "reason": "small"})
    hub.refresh_from_db()
    assert (hub.weight, hub.user_limit) == (2, 40)
    wish = HubProposal.objects.get(state="waiting")
    decide = f"/my/heron/wishes/{wish.pk}/decide/"
    assert client.post(decide, {"verb": "accept"}).status_code == 403
    client.force_login(make_maintainer())
    assert "Yes, at once" in client.get(page).content.decode()
    client.post(decide, {"verb": "accept"})
    hub.refresh_from_db()
    assert hub.weight == 9


def test_what_cannot_be_asked_is_said_in_the_form(client, manager):
    page = client.post("/my/heron/hubs/h/", {"what": "weight", "weight": "5", "reason": "the same"})
    assert "That is how it is already." in page.content.decode()


def test_editors_plan_change_and_call_off_maintenance_of_their_own_hubs(client, member, hub):
    client.force_login(make_person(member, Role.EDITOR))
    values = {"severity": "outage", "starts": "2026-12-01T10:00", "ends": "2026-12-01T12:00", "zone": "Europe/Berlin"}
    starts = timezone.now() + timedelta(days=2)
    values |= {"starts": f"{starts:%Y-%m-%dT10:00}", "ends": f"{starts:%Y-%m-%dT12:00}"}
    client.post("/my/heron/maintenance/plan/", {**values, "hubs": [hub.pk], "text": "New disks"})
    row = Downtime.objects.get()
    again = client.post("/my/heron/maintenance/plan/", {**values, "hubs": [hub.pk], "text": "Disks"}, follow=True)
    assert "has other maintenance at that time: “New disks”" in again.content.decode()
    Downtime.objects.exclude(pk=row.pk).delete()
    assert (row.starts_at.hour, row.history.first().history_user.access.get().member) == (9, member)
    page = f"/my/heron/maintenance/{row.pk}/"
    client.post(page, {"verb": "extend", "ends": f"{starts:%Y-%m-%dT15:00}", "zone": "Europe/Berlin"})
    row.refresh_from_db()
    assert row.ends_at.hour == 14
    assert "New disks" in client.get("/my/heron/maintenance/").content.decode()
    client.post(page, {"verb": "cancel", "reason": "disks are late"})
    row.refresh_from_db()
    assert row.cancel_reason == "disks are late"


def test_nobody_plans_maintenance_of_others(client, manager, member):
    other = make_hub("other")
    later = timezone.now() + timedelta(days=1)
    values = {"severity": "outage", "ends": f"{later:%Y-%m-%dT%H:%M}", "zone": "UTC", "text": "Mine"}
    page = client.post("/my/heron/maintenance/plan/", {**values, "hubs": [other.pk]})
    assert "hubs" in page.context["form"].errors
    assert client.post(f"/my/heron/maintenance/{make_downtime(other).pk}/", {"verb": "end"}).status_code == 404
    viewer = make_person(member, Role.VIEWER)
    for person, hub in ((manager, other), (viewer, member.hubs.get())):
        with pytest.raises(downtimes.NotAllowed):
            downtimes.drain(hub, reason="mine", by=person)


def test_a_manager_takes_a_break_and_comes_back(client, manager, hub):
    client.post("/my/heron/state/", {"to": "paused", "reason": "moving house", "seen": "active"})
    hub.refresh_from_db()
    assert hub.state == "drained"
    page = client.post("/my/heron/state/", {"to": "past", "reason": "again", "seen": "active", "sure": "heron"})
    assert "by now" in page.content.decode()
    client.post("/my/heron/state/", {"to": "active", "reason": "moved", "seen": "paused"})
    hub.refresh_from_db()
    assert hub.state == "active"


def test_leaving_says_what_it_means_and_is_asked_once_more(client, manager, member, hub):
    running, open_one = make_offer(member, state="active"), make_offer(member, state="proposed")
    typed = {"to": "past", "reason": "oops", "seen": "active"}
    page = client.post("/my/heron/state/", typed)
    assert "is retired at once" in page.content.decode()
    assert 'value="oops"' in page.content.decode()
    client.post("/my/heron/state/", {**typed, "sure": "herring"})
    hub.refresh_from_db()
    assert hub.state == "active"

    client.post("/my/heron/state/", {**typed, "sure": " Heron "})

    hub.refresh_from_db()
    assert hub.state == "retired"
    assert "Thank you for what you gave" in client.get("/my/heron/").content.decode()
    states = [ComputeOffer.objects.get(pk=each.pk).state for each in (running, open_one)]
    assert states == ["expired", "declined"]


def test_offered_against_used(member, hub):
    offer = make_offer(member, concurrent_users=100)
    make_offer(member, concurrent_users=900, state="expired").hubs.add(hub)
    capacity.assign(offer, [hub], by=make_person(member, Role.EDITOR))
    HealthHour.objects.create(hub=hub, hour=timezone.now() - timedelta(days=2), samples=1, good=1, pods_max=80)
    [found] = capacity.of([hub])
    assert (found.offered, found.most, found.share) == (100, 80, 0.8)
    with pytest.raises(capacity.CapacityError):
        capacity.assign(offer, [make_hub()], by=make_maintainer())


def test_the_overview_asks_the_database_a_few_times_however_much_there_is(client, django_assert_max_num_queries):
    member = make_member("heron")
    for number in range(6):
        hub = make_checked_hub(f"h{number}", member=member)
        make_offer(member).hubs.add(hub)
        make_contact(member)
        make_downtime(hub)
    client.force_login(make_person(member))
    with django_assert_max_num_queries(44):
        assert client.get("/my/heron/").status_code == 200
    assert Contact.objects.count() == ComputeOffer.objects.count() == Hub.objects.count() == 6
