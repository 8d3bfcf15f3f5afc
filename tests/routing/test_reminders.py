"""Reminders about hubs: certificates that run out, onboardings that do not move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from members.models import Notice
from routing.models import HubHealth, Onboarding, OnboardingStep
from routing.services import reminders
from tests.factories import make_contact, make_hub, make_maintainer

pytestmark = pytest.mark.django_db

START = datetime(2027, 1, 4, 9, tzinfo=UTC)


def run(days: int) -> None:
    for half in range(2 * days + 1):
        reminders.remind(START + timedelta(days=half / 2))


def test_a_certificate_is_told_21_7_and_2_days_before_to_contacts_and_maintainers():
    make_maintainer("kim")
    hub = make_hub("heron")
    make_contact(hub.member, email="tech@example.org")
    expires = START + timedelta(days=30)
    HubHealth.objects.create(hub=hub, certificate_expires=expires)
    run(35)
    for reader in ("kim@example.org", "tech@example.org"):
        letters = Notice.objects.filter(recipient=reader, kind="certificate").order_by("due_at")
        assert [(each.due_at - expires).days for each in letters] == [-21, -7, -2]
    assert letters[2].subject == "The certificate of HERON runs out on 3 February"


def test_a_renewed_certificate_is_left_alone():
    make_maintainer("kim")
    hub = make_hub("heron")
    HubHealth.objects.create(hub=hub, certificate_expires=START + timedelta(days=10))
    run(1)
    HubHealth.objects.update(certificate_expires=START + timedelta(days=100))
    run(60)
    assert Notice.objects.count() == 1


def test_an_onboarding_that_does_not_move_is_told_and_one_that_does_is_not():
    make_maintainer("kim")
    stuck = Onboarding.objects.create(hub=make_hub("heron", state="onboarding"), begun_at=START)
    OnboardingStep.objects.create(onboarding=stuck, name=OnboardingStep.Name.values[0])
    Onboarding.objects.create(hub=make_hub("otter", state="onboarding"), begun_at=START, finished_at=START)
    run(16)
    letters = list(Notice.objects.order_by("due_at").values_list("subject", flat=True))
    assert letters == [
        "HERON of Heron: nothing moved for 7 days",
        "HERON of Heron: nothing moved for 14 days",
    ]
