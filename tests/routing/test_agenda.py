"""A meeting's agenda starts filled, follows what is so, and keeps off what somebody took off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import AgendaItem, ComputeOffer, Report, Trace
from members.services import agendas
from routing.services import agenda, incidents
from tests.factories import (
    make_contact,
    make_downtime,
    make_hub,
    make_incident,
    make_maintainer,
    make_meeting,
    make_member,
    make_offer,
)
from tests.members.applying import make_application

pytestmark = pytest.mark.django_db


def titles(meeting) -> list[str]:
    return [each.title for each in agendas.items(meeting, None)]


def public(meeting) -> list[str]:
    return list(meeting.items.filter(seen_by="everybody").values_list("title", flat=True))


def test_the_agenda_starts_with_what_the_portal_knows_of():
    today = timezone.now().date()
    hub = make_hub("heron", member=make_member("mossgate"))
    make_incident(hub, title="Builds are slow")
    make_downtime(hub, starts=48, ends=50)
    make_downtime(hub, starts=24 * 90, ends=24 * 90 + 1)
    make_offer(hub.member, title="Credits", ends=today + timedelta(days=30))
    make_offer(hub.member, title="Rack", ends=today + timedelta(days=300))
    make_contact(hub.member, name="Bo Aasland", checked_at=timezone.now() - timedelta(days=300))
    make_application(organisation="Secret Institute")
    Report.objects.create(member=hub.member, month=today.replace(day=1), due_on=today - timedelta(days=1))
    meeting = make_meeting()
    assert agenda.fill_due() == 6
    found = titles(meeting)
    assert found[0] == "Open incident: Builds are slow"
    assert found[1].startswith("Maintenance of HERON from")
    assert found[2].startswith("“Credits” of Mossgate ends on")
    assert found[3] == "1 application waits for an answer"
    assert found[4] == "1 contact of Mossgate: still right?"
    assert found[5].startswith("The report of Mossgate for")
    # Who applies, who can't be reached and what ends is not for everybody, and some of it not even by name.
    assert public(meeting) == found[:2]
    assert not any("Secret" in each or "Bo " in each for each in found)
    assert agenda.fill_due() == 0


def test_what_is_no_more_so_leaves_the_agenda_and_what_changed_says_so():
    incident = make_incident(make_hub())
    offer = make_offer(title="Credits", ends=timezone.now().date() + timedelta(days=3))
    meeting = make_meeting()
    agenda.fill_due()
    ComputeOffer.objects.filter(pk=offer.pk).update(title="More credits")
    incidents.resolve(incident, "It is over.", by=None)
    Trace.objects.all().delete()
    assert agenda.fill_due() == 2
    assert [each.partition(" of ")[0] for each in titles(meeting)] == ["“More credits”"]
    assert Trace.objects.filter(resource="meetings", name=str(meeting.pk)).exists()


def test_what_somebody_took_off_stays_off_and_proposals_stay_on():
    make_incident(make_hub())
    meeting, by = make_meeting(), make_maintainer()
    agenda.fill_due()
    agendas.remove(AgendaItem.objects.get(), by=by)
    agendas.propose(meeting, {"title": "A new logo"}, by=by)
    agenda.fill_due()
    assert titles(meeting) == ["A new logo"]


def test_meetings_soon_are_filled_and_of_those_far_away_only_the_next():
    make_incident(make_hub())
    far, farther = make_meeting(starts=24 * 40), make_meeting(starts=24 * 50)
    agenda.fill_due()
    assert (far.items.count(), farther.items.count()) == (1, 0)
    soon, over = make_meeting(starts=24 * 10), make_meeting(starts=-5)
    agenda.fill_due()
    assert (soon.items.count(), over.items.count(), farther.items.count()) == (1, 0, 0)


def test_filling_asks_no_more_the_more_there_is(django_assert_max_num_queries):
    for _ in range(5):
        hub = make_hub()
        make_incident(hub)
        make_offer(hub.member, ends=timezone.now().date() + timedelta(days=3))
        make_contact(hub.member, checked_at=timezone.now() - timedelta(days=300))
    meeting = make_meeting()
    agenda.fill_due()
    with django_assert_max_num_queries(14):
        assert agenda.fill(meeting, timezone.now()) == 0
