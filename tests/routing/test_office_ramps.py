"""Weights for a time and ramps, as a maintainer uses them in the office."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from routing.models import Hub, Ramp, TimedChange, WeightChange
from tests.factories import change_weights, make_hub, make_maintainer, make_ramp, make_timed_change
from tests.routing.test_office_weights import text

pytestmark = pytest.mark.django_db

EDIT = "admin:routing_weightchange_add"


@pytest.fixture
def maintainer(client):
    person = make_maintainer("mara")
    client.force_login(person)
    return person


@pytest.fixture
def save(client, maintainer):
    """Save new weights, in the way that is named."""

    def do(new: dict, **how):
        data = {"reason": "as agreed", **how}
        for hub in Hub.objects.published():
            data |= {f"seen-{hub.pk}": hub.weight, f"weight-{hub.pk}": new.get(hub.key, hub.weight)}
        return client.post(reverse(EDIT), data, follow=True)

    return do


def in_hours(hours: float) -> str:
    return f"{timezone.now() + timedelta(hours=hours):%Y-%m-%dT%H:%M}"


def test_weights_are_lent_until_a_time_and_the_page_says_so(save, client, maintainer):
    make_hub("a", name="Alpha", weight=30)
    make_hub("b", weight=40)
    page = text(save({"a": 40}, how="until", until=in_hours(3), zone="UTC"))
    assert "go back by themselves on" in page
    assert "Alpha 40 → 30 on" in page
    row = TimedChange.objects.get()
    assert (row.weight, row.back_to, row.by) == (40, 30, maintainer)


def test_an_end_that_is_missing_or_past_is_said_and_what_was_typed_stays(save):
    make_hub("a", weight=30)
    for how, said in (({}, "Say until when."), ({"until": in_hours(-3)}, "in the past")):
        response = save({"a": 40}, how="until", zone="UTC", **how)
        assert said in text(response)
        assert 'value="40"' in response.content.decode()
    assert Hub.objects.get().weight == 30


def test_hubs_go_up_step_by_step_where_that_is_chosen(save, maintainer):
    make_hub("a", name="Alpha", weight=30)
    make_hub("b", weight=30)
    page = text(save({"a": 40}, how="ramp", steps="5 % for 1 h"))
    assert "The ramp has begun: Alpha at 5 % of the way up." in page
    assert "Alpha is on a ramp to 40, at 5 %" in page
    assert Ramp.objects.get().by == maintainer
    assert "a ramp leads up" in text(save({"b": 10}, how="ramp", steps=""))
    assert "is no step" in text(save({"b": 40}, how="ramp", steps="soon"))
    assert Ramp.objects.count() == 1


def test_an_edit_that_calls_something_off_asks_first(save):
    hub = make_hub("a", name="Alpha")
    make_hub("b", weight=100)
    make_ramp(hub)
    page = text(save({"a": 90}))
    assert "this edit calls the ramp off" in page
    assert Hub.objects.get(key="a").weight == 100
    assert Ramp.objects.open().exists()


@pytest.mark.parametrize(
    ("what", "weight", "outcome"), [("return", 1, "early"), ("keep", 2, "kept"), ("extend", 2, "")]
)
def test_what_was_lent_is_returned_kept_or_extended_by_a_person(client, maintainer, what, weight, outcome):
    row = make_timed_change(make_hub("a", name="Alpha"))
    address = reverse("admin:routing_weightchange_timed", args=[row.batch])
    assert "Alpha has 2 until" in text(client.get(address))
    client.post(address, {"what": what, "until": in_hours(9), "zone": "UTC", "reason": "it is over"})
    assert (Hub.objects.get().weight, TimedChange.objects.get().outcome) == (weight, outcome)
    if outcome:
        assert client.get(address).status_code == 302
        assert WeightChange.objects.count() == (what == "return")


def test_a_ramp_shows_where_it_is_and_takes_a_persons_word(client, maintainer):
    ramp = make_ramp(make_hub("a", name="Alpha"))
    page = reverse("admin:routing_ramp_change", args=[ramp.pk])
    assert "On its way, at 1 % of the way up; about 1 h to the next step" in text(client.get(page))

    def say(verb: str, **data):
        address = reverse(f"admin:routing_ramp_{verb}", args=[ramp.pk])
        assert client.get(address).status_code == 200
        return text(client.post(address, {"place": ramp.place, **data}, follow=True))

    assert "Held for a person, at 1 % of the way up: the weekend" in say("hold", reason="the weekend")
    assert "the ramp went up a step" in say("skip")
    assert "it is at 10 % now" in say("skip")
    assert "It is not held" in say("resume")
    assert "the ramp is stopped" in say("stop", stay="stay", reason="enough")
    assert Hub.objects.get().weight == Decimal(10)
    assert "Let it go on" not in text(client.get(page))


def test_the_list_of_ramps_asks_the_same_number_of_questions_however_many(
    client, maintainer, django_assert_max_num_queries
):
    for number in range(12):
        make_ramp(make_hub(f"hub{number}"))
    with django_assert_max_num_queries(14):
        page = text(client.get(reverse("admin:routing_ramp_changelist")))
    assert page.count("on its way") >= 12


def test_a_new_active_hub_comes_in_by_a_ramp_unless_the_person_says_otherwise(client, maintainer):
    first = make_hub("first")
    values = {"key": "new", "name": "New", "url": "https://new.example.org", "member": first.member_id, "weight": 5}
    values |= {"pod_headroom": 10, "ui_order": 0, "state": "active", "reason": "welcome"}
    client.post(reverse("admin:routing_hub_add"), values)
    assert Ramp.objects.get().hub.key == "new"
    client.post(
        reverse("admin:routing_hub_add"),
        {**values, "key": "newer", "url": "https://newer.example.org", "begin": "at once"},
    )
    assert Ramp.objects.count() == 1
    assert Hub.objects.get(key="newer").weight == 5


def test_a_hub_that_joins_begins_with_a_ramp_and_one_that_rested_does_not(client, maintainer):
    make_hub("first")
    for key, state in (("joins", Hub.State.ONBOARDING), ("rested", Hub.State.DRAINED)):
        hub = make_hub(key, state=state)
        client.post(
            reverse("admin:routing_hub_change_state", args=[hub.pk]), {"state": "active", "reason": "back"}, follow=True
        )
    assert list(Ramp.objects.values_list("hub__key", flat=True)) == ["joins"]


def test_the_hubs_page_tells_what_its_ramp_did(client):
    make_hub("first")
    hub = make_hub("a", weight=20)
    change_weights(a=30)
    ramp = make_ramp(hub)
    ramp.events.create(what="held", percent=1, reason="the hub is out")
    page = text(client.get(reverse("hub", args=["a"])))
    assert "Its ramp held, at 1 % of the way up" in page
    assert "× ramp" in page
