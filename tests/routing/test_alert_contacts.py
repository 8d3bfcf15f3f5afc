"""A hub's own contacts are told of its trouble: the first at once, the next with each reminder, and when it is over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Notice
from routing.models import Alert
from routing.services import alert_contacts, alert_letters
from tests.factories import make_contact, make_hub, make_maintainer

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def alert():
    hub = make_hub("heron", name="HERON")
    return Alert.objects.create(kind="out", hub=hub, began_at=NOW - timedelta(hours=2), told_at=NOW, reason="is full")


def tell(alert):
    alert_contacts.tell(alert, alert_letters.news([alert], 3, NOW), NOW)


def told(kind="alert-out"):
    return list(Notice.objects.filter(kind=kind).order_by("pk").values_list("recipient", flat=True))


def test_the_first_in_the_escalation_is_called_and_nobody_else(alert):
    member = alert.hub.member
    make_contact(member, email="Second@example.org", position=2)
    make_contact(member, email="First@example.org", position=1, roles=["on-call"])
    make_contact(member, email="funding@example.org", position=1, roles=["funding"])
    make_contact(member, email="unconfirmed@example.org", position=1, email_confirmed_at=None)
    make_contact(email="another@example.org")
    tell(alert)
    tell(alert)
    assert told() == ["first@example.org"]
    letter = Notice.objects.get()
    assert letter.subject.startswith("HERON is out: is full")
    assert "/my/heron/maintenance/" in letter.body


def test_each_reminder_goes_one_step_further_and_all_hear_when_it_is_over(alert):
    for position in (1, 2, 5):
        make_contact(alert.hub.member, email=f"c{position}@example.org", position=position)
    tell(alert)
    for alert.reminders in (1, 2):
        alert_contacts.remind([alert], NOW)
    assert told() == ["c1@example.org", "c2@example.org", "c5@example.org"]
    assert told("alert-out-again") == ["c1@example.org", "c1@example.org", "c2@example.org"]
    alert_contacts.all_clear(alert, NOW)
    assert told("alert-out-over") == told()


def test_a_contact_who_is_a_maintainer_hears_it_once(alert):
    maintainer = make_maintainer()
    make_contact(alert.hub.member, email=maintainer.email.upper())
    tell(alert)
    assert told() == []


def test_an_alert_about_no_hub_calls_no_contacts():
    alert = Alert.objects.create(kind="unwatched", began_at=NOW)
    tell(alert)
    assert told() == []
