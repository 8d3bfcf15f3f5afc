"""What members ask for their hubs: what only lowers applies at once, the rest waits for a maintainer."""

from decimal import Decimal

import pytest

from members.models import Notice, Role
from members.services.access import NotAllowed
from routing.models import Hub, HubProposal, Ramp, WeightChange
from routing.services import proposals
from routing.services.weights import WeightsError
from tests.factories import make_hub, make_maintainer, make_member, make_person, make_ramp

pytestmark = pytest.mark.django_db


@pytest.fixture
def hub():
    return make_hub("heron", weight=5)


@pytest.fixture
def editor(hub):
    return make_person(hub.member, Role.EDITOR, "ada")


@pytest.fixture(autouse=True)
def maintainer():
    return make_maintainer("mara")


def test_a_lower_weight_applies_at_once_and_maintainers_hear_of_it(hub, editor):
    wish = proposals.propose_weight(hub, Decimal(2), reason="half the machines", by=editor)
    assert wish.state == "applied"
    assert Hub.objects.get().weight == 2
    assert WeightChange.objects.get().by == editor
    assert Notice.objects.get().subject == "HERON has weight 2"


def test_a_higher_weight_waits_and_is_accepted_once(hub, editor, maintainer):
    wish = proposals.propose_weight(hub, Decimal("7.5"), reason="more machines", by=editor)
    assert (wish.state, Hub.objects.get().weight) == ("waiting", 5)
    stale = HubProposal.objects.get()
    proposals.accept(wish, by=maintainer)
    assert Hub.objects.get().weight == Decimal("7.5")
    with pytest.raises(proposals.Decided):
        proposals.decline(stale, reason="no", by=maintainer)
    assert Notice.objects.get(recipient="ada@example.org").subject == "HERON: weight 7.5, accepted"


def test_a_yes_to_more_weight_may_let_the_hub_come_up_step_by_step(hub, editor, maintainer, client):
    wish = proposals.propose_weight(hub, Decimal(20), reason="more machines", by=editor)
    client.force_login(maintainer)
    page = f"/my/{hub.member.slug}/hubs/heron/"
    assert "Yes, up a ramp" in client.get(page).content.decode()

    decide = f"/my/{hub.member.slug}/wishes/{wish.pk}/decide/"
    assert client.post(decide, {"verb": "yes"}).status_code == 400
    client.post(decide, {"verb": "ramp"})

    ramp = Ramp.objects.get()
    assert (ramp.from_weight, ramp.to_weight, ramp.by, Hub.objects.get().weight) == (5, 20, maintainer, 20)
    assert "comes up to it in steps: 1 % for 1 h" in Notice.objects.get(recipient="ada@example.org").body


def test_a_ramp_that_can_not_begin_leaves_the_wish_open(hub, editor, maintainer):
    wish = proposals.propose_weight(hub, Decimal(20), reason="more machines", by=editor)
    make_ramp(hub)
    with pytest.raises(WeightsError):
        proposals.accept(wish, by=maintainer, ramp=True)
    assert HubProposal.objects.get().state == "waiting"


def test_not_more_than_so_many_users(hub, editor, maintainer):
    assert proposals.propose_limit(hub, 80, reason="small cluster", by=editor).state == "applied"
    assert proposals.propose_limit(hub, 40, reason="smaller", by=editor).state == "applied"
    assert Hub.objects.get().published().headroom(100) == 60
    more = proposals.propose_limit(hub, None, reason="grown", by=editor)
    assert more.state == "waiting"
    proposals.accept(more, by=maintainer)
    assert Hub.objects.get().user_limit is None


def test_a_newer_wish_takes_the_place_of_the_older(hub, editor):
    proposals.propose_weight(hub, Decimal(7), reason="more", by=editor)
    proposals.propose_weight(hub, Decimal(8), reason="even more", by=editor)
    assert list(HubProposal.objects.values_list("weight", "state")) == [(8, "waiting"), (7, "withdrawn")]


def test_a_no_says_why_and_a_wish_can_be_taken_back(hub, editor, maintainer):
    wish = proposals.propose_weight(hub, Decimal(7), reason="more", by=editor)
    proposals.decline(wish, reason="your quota is full", by=maintainer)
    assert "your quota is full" in Notice.objects.get(recipient="ada@example.org").body
    again = proposals.propose_weight(hub, Decimal(7), reason="please", by=editor)
    assert proposals.withdraw(again, by=editor).state == "withdrawn"
    assert Hub.objects.get().weight == 5


@pytest.mark.parametrize("weight", ["-1", "1000000", "1.2345", "NaN", "Infinity", "5"])
def test_what_is_no_wish_is_refused(hub, editor, weight):
    with pytest.raises(proposals.ProposalsError):
        proposals.propose_weight(hub, Decimal(weight), reason="why not", by=editor)


@pytest.mark.parametrize("users", [0, -5, 1_000_000, None])
def test_what_is_no_limit_is_refused(hub, editor, users):
    with pytest.raises(proposals.ProposalsError):
        proposals.propose_limit(hub, users, reason="why not", by=editor)


def test_only_the_members_editors_propose_and_only_maintainers_decide(hub, editor):
    viewer, stranger = make_person(hub.member, Role.VIEWER), make_person(make_member())
    wish = proposals.propose_weight(hub, Decimal(9), reason="more", by=editor)
    for verb in (
        *(lambda who=who: proposals.propose_weight(hub, Decimal(1), reason="no", by=who) for who in (viewer, stranger)),
        *(lambda who=who: proposals.propose_limit(hub, 1, reason="no", by=who) for who in (viewer, stranger)),
        lambda: proposals.withdraw(wish, by=viewer),
        lambda: proposals.accept(wish, by=editor),
        lambda: proposals.decline(wish, reason="no", by=editor),
    ):
        with pytest.raises(NotAllowed):
            verb()
    assert Hub.objects.get().weight == 5
