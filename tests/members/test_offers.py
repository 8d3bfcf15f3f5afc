"""Offers of compute: proposed, decided on once, and following their days."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from foundation.reasons import NoReason
from members.models import ComputeOffer, Role
from members.services import offers
from members.services.access import NotAllowed
from tests.factories import make_contact, make_maintainer, make_member, make_offer, make_person

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
CREDITS = {"title": "Credits 2027", "amount": Decimal("5000.00"), "currency": "EUR", "regions": ["eu-west", " eu-west"]}


@pytest.fixture
def member():
    return make_member("heron")


@pytest.fixture
def editor(member):
    return make_person(member, Role.EDITOR)


def today() -> date:
    return timezone.now().date()


def test_an_editor_proposes_and_a_maintainer_accepts_exactly_once(member, editor):
    offer = offers.propose(member, CREDITS, by=editor)
    assert (offer.state, offer.regions) == ("proposed", ["eu-west"])
    stale = ComputeOffer.objects.get()
    assert offers.accept(offer, by=make_maintainer()).state == "active"
    with pytest.raises(offers.Decided):
        offers.decline(stale, reason="changed my mind", by=make_maintainer())
    assert [row.state for row in offer.history.all()] == ["active", "accepted", "proposed"]


def test_an_offer_begins_on_its_first_day_and_ends_after_its_last(member, editor):
    offer = offers.propose(member, {**CREDITS, "starts": today() + DAY, "ends": today() + 2 * DAY}, by=editor)
    assert offers.accept(offer, by=make_maintainer()).state == "accepted"
    for day, state in ((0, "accepted"), (1, "active"), (2, "active"), (3, "expired")):
        offers.follow_the_days(today() + day * DAY)
        offers.follow_the_days(today() + day * DAY)
        assert ComputeOffer.objects.get().state == state


def test_days_that_nobody_looked_at_are_made_up_for():
    make_offer(state="accepted", starts=today() - 30 * DAY, ends=today() - DAY)
    offers.follow_the_days()
    assert ComputeOffer.objects.get().state == "expired"


def test_an_expired_offer_that_is_prolonged_goes_on(member, editor):
    offer = make_offer(member, state="expired", ends=today() - DAY)
    assert offers.edit(offer, {"ends": today() + DAY}, by=editor).state == "active"


def test_a_declined_one_can_be_decided_again_and_says_why(member):
    offer, maintainer = make_offer(member, state="proposed"), make_maintainer()
    with pytest.raises(NoReason):
        offers.decline(offer, reason="", by=maintainer)
    offer = offers.decline(offer, reason="too small", by=maintainer)
    assert offer.history.first().history_change_reason == "too small"
    assert offers.accept(offers.reopen(offer, by=maintainer), by=maintainer).state == "active"


def test_only_what_nobody_accepted_can_be_withdrawn(member, editor):
    offers.withdraw(make_offer(member, state="proposed"), by=editor)
    with pytest.raises(offers.OffersError):
        offers.withdraw(make_offer(member), by=editor)
    assert ComputeOffer.objects.get().state == "active"


@pytest.mark.parametrize(
    "values",
    [
        {"title": " "},
        {"amount": Decimal(-1)},
        {"currency": ""},
        {"currency": "euro"},
        {"starts": date(2027, 2, 2), "ends": date(2027, 2, 1)},
        {"restrictions": 2_001 * "x"},
        {"cpu_cores": -1},
        {"regions": ["x" * 61]},
        {"regions": [f"r{number}" for number in range(51)]},
        {"ends": date(9999, 12, 31)},
        {"starts": date(1, 1, 1)},
    ],
)
def test_what_is_no_offer_is_refused(member, editor, values):
    with pytest.raises(ValidationError):
        offers.propose(member, {**CREDITS, **values}, by=editor)


def test_the_contact_of_another_member_is_refused(member, editor):
    with pytest.raises(offers.OffersError):
        offers.propose(member, {**CREDITS, "team_contact": make_contact()}, by=editor)


def test_members_do_not_decide_on_their_own_offers(member):
    manager, offer = make_person(member), make_offer(member, state="proposed")
    for verb in (
        lambda: offers.accept(offer, by=manager),
        lambda: offers.decline(offer, reason="no", by=manager),
        lambda: offers.reopen(offer, by=manager),
    ):
        with pytest.raises(NotAllowed):
            verb()


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_others_may_not(member, role):
    offer = make_offer(member, state="proposed")
    person = make_person(member, role) if role else make_person(make_member())
    for verb in (
        lambda: offers.propose(member, CREDITS, by=person),
        lambda: offers.edit(offer, {"title": "Mine"}, by=person),
        lambda: offers.withdraw(offer, by=person),
    ):
        with pytest.raises(NotAllowed):
            verb()
