"""The page of all weights, its history, and the way back, as a maintainer uses them."""

import html
import re
from decimal import Decimal

import pytest
from django.urls import reverse

from routing.models import Hub, SnapshotVersion, WeightChange
from tests.factories import change_weights, make_hub, make_maintainer, make_user

pytestmark = pytest.mark.django_db

EDIT = "admin:routing_weightchange_add"
HISTORY = "admin:routing_weightchange_changelist"


@pytest.fixture
def maintainer(client):
    person = make_maintainer("mara")
    client.force_login(person)
    return person


@pytest.fixture
def post(client, maintainer, django_capture_on_commit_callbacks, redis_url):
    """Send the page of weights as a browser that was shown `seen` (now, if not given) would."""

    def do(weights: dict, seen: dict | None = None, reason: str = "as agreed", **more):
        data = {"reason": reason, **more}
        for hub in Hub.objects.published():
            data[f"seen-{hub.pk}"] = (seen or {}).get(hub.key, hub.weight)
            data[f"weight-{hub.pk}"] = weights.get(hub.key, hub.weight)
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(reverse(EDIT), data)

    return do


def text(response) -> str:
    """What a person reads on a page."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def weights_now() -> dict[str, Decimal]:
    return dict(Hub.objects.values_list("key", "weight"))


def test_the_page_shows_every_hubs_weight_and_share(client, maintainer):
    make_hub("a", name="Alpha", weight=30, prime=True)
    make_hub("b", name="Beta", weight=10)
    make_hub("c", name="Gamma", weight=5, state=Hub.State.DRAINED)
    make_hub("d", name="Gone", weight=0, state=Hub.State.RETIRED)
    page = text(client.get(reverse(EDIT)))
    assert re.search(r"Alpha ★ prime .*active 75.0 % .*Beta .*active 25.0 % .*Gamma .*drained 0.0 %", page)
    assert "Gone" not in page


def test_saving_changes_the_weights_and_publishes_them(post, maintainer):
    make_hub("a", weight=30)
    make_hub("b", weight=10)
    response = post({"a": 20, "b": 20}, reason="new nodes")
    assert response.status_code == 302
    assert weights_now() == {"a": 20, "b": 20}
    version = SnapshotVersion.objects.get()
    assert (version.reason, version.by) == ("new nodes", maintainer)


def test_without_a_reason_nothing_is_saved_and_what_was_typed_stays(post):
    make_hub("a", weight=30)
    response = post({"a": 25}, reason=" ")
    assert "This field is required" in text(response)
    assert 'value="25"' in response.content.decode()
    assert weights_now() == {"a": 30}


@pytest.mark.parametrize("weight", ["-1", "NaN", "Infinity", "1e9", "0.0001", "many", ""])
def test_what_is_no_weight_is_said_and_nothing_is_saved(post, weight):
    make_hub("a", weight=30)
    assert post({"a": weight}).status_code == 200
    assert weights_now() == {"a": 30}


def test_a_preview_shows_the_shares_and_changes_nothing(post):
    make_hub("a", weight=50)
    make_hub("b", weight=50)
    page = text(post({"a": 60, "b": 40}, reason="", preview="1"))
    assert "60.0 %" in page
    assert "40.0 %" in page
    assert "This field is required" not in page
    assert weights_now() == {"a": 50, "b": 50}


def test_the_last_weight_goes_to_zero_only_after_a_second_yes(post):
    make_hub("a", name="Alpha", weight=0, prime=True)
    make_hub("b", name="Beta", weight=10)
    question = post({"b": 0})
    assert "all visitors would be sent to the prime, Alpha" in text(question)
    assert weights_now()["b"] == 10
    token = re.search(r'name="confirmed" value="(\w+)"', question.content.decode())[1]
    assert post({"b": 0}, confirmed=token).status_code == 302
    assert weights_now()["b"] == 0


def test_a_yes_to_one_warning_is_no_yes_to_another(post):
    make_hub("a", weight=10)
    make_hub("b", weight=90)
    question = post({"a": 90, "b": 10})
    token = re.search(r'name="confirmed" value="(\w+)"', question.content.decode())[1]
    assert post({"a": 0, "b": 0}, confirmed=token).status_code == 200
    assert weights_now() == {"a": 10, "b": 90}


def test_the_question_keeps_what_was_typed(post):
    hub = make_hub("a", weight=10)
    content = post({"a": 0}, reason="power cut").content.decode()
    assert f'name="weight-{hub.pk}" value="0"' in content
    assert f'name="seen-{hub.pk}" value="10.000"' in content
    assert 'name="reason" value="power cut"' in content


def test_who_was_slower_is_told_and_loses_nothing(post):
    hub = make_hub("a", name="Alpha", weight=10)
    make_hub("b", weight=10)
    change_weights(by=make_user("ada"), reason="new nodes", a=20)
    response = post({"a": 12}, seen={"a": 10})
    page = text(response)
    assert "ada set Alpha to 20" in page
    assert "new nodes" in page
    assert 'value="12"' in response.content.decode()
    assert weights_now()["a"] == 20
    # Shown the new number now, the maintainer may insist.
    assert f'name="seen-{hub.pk}" value="20"' in response.content.decode()
    assert post({"a": 12}).status_code == 302
    assert weights_now()["a"] == 12


def test_sending_the_page_twice_makes_one_edit(post):
    make_hub("a", weight=10)
    make_hub("b", weight=10)
    post({"a": 12}, seen={"a": 10})
    post({"a": 12}, seen={"a": 10})
    assert WeightChange.objects.count() == 1


def test_no_change_is_no_edit(post):
    make_hub("a", weight=10)
    assert post({}).status_code == 302
    assert not WeightChange.objects.exists()


def test_a_forged_weight_of_a_retired_hub_is_ignored(client, post):
    make_hub("a", weight=10)
    retired = make_hub("gone", weight=0, state=Hub.State.RETIRED)
    post({"a": 11}, **{f"weight-{retired.pk}": 5, f"seen-{retired.pk}": 0})
    assert weights_now()["gone"] == 0


@pytest.mark.parametrize("seen", ["x", "NaN", "1e5", "-1", "9" * 50])
def test_a_forged_seen_value_is_no_fault_of_ours(post, seen):
    make_hub("a", weight=10)
    assert post({"a": 11}, seen={"a": seen}).status_code == 302


def test_the_history_tells_who_when_what_and_why(client, maintainer):
    make_hub("a", name="Alpha", weight=10)
    change_weights(by=make_user("ada"), reason="new nodes", a=20)
    page = text(client.get(reverse(HISTORY)))
    assert re.search(r"new nodes .* UTC · ada .*Alpha 10 → 20 .*Roll back", page)


def test_the_history_of_one_hub_is_its_own(client, maintainer):
    make_hub("a")
    make_hub("b")
    change_weights(reason="about a", a=5)
    change_weights(reason="about b", b=5)
    page = text(client.get(reverse(HISTORY), {"hub": "a"}))
    assert "about a" in page
    assert "about b" not in page


@pytest.mark.parametrize("key", ["nobody", "\0", "a" * 5000, "ä"])
def test_the_history_of_nobody_is_not_found(client, maintainer, key):
    assert client.get(reverse(HISTORY), {"hub": key}).status_code == 404


def test_hostile_text_in_a_reason_is_text(client, maintainer):
    make_hub("a")
    change_weights(reason="<script>alert(1)</script>", a=5)
    content = client.get(reverse(HISTORY)).content.decode()
    assert "<script>alert(1)" not in content
    assert "&lt;script&gt;alert(1)" in content


@pytest.mark.parametrize("page", ["2", "999", "x", "-1"])
def test_a_long_history_has_pages(client, maintainer, page):
    make_hub("a")
    for weight in range(2, 30):
        change_weights(a=weight)
    assert "of 2" in text(client.get(reverse(HISTORY), {"p": page}))


def test_an_edit_is_rolled_back_after_a_look_at_what_that_does(client, maintainer, redis_url):
    make_hub("a", name="Alpha", weight=10)
    make_hub("b", weight=10)
    batch = change_weights(reason="new nodes", a=12)
    url = reverse("admin:routing_weightchange_undo", args=[batch])
    question = client.get(url)
    assert re.search(r"new nodes.*Alpha 12 → 10", text(question))
    data = dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', question.content.decode()))
    assert client.post(url, {**data, "reason": "too much"}).status_code == 302
    assert weights_now()["a"] == 10
    assert WeightChange.objects.first().reason == "too much"


def test_a_roll_back_shown_on_old_numbers_is_not_done(client, maintainer):
    make_hub("a", weight=10)
    make_hub("b", weight=10)
    batch = change_weights(a=12)
    url = reverse("admin:routing_weightchange_undo", args=[batch])
    data = dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', client.get(url).content.decode()))
    change_weights(by=make_user("ada"), a=13)
    response = client.post(url, {**data, "reason": "too much"}, follow=True)
    assert "ada set A to 13" in text(response)
    assert weights_now()["a"] == 13


def test_an_edit_that_does_not_exist_is_not_found(client, maintainer):
    url = reverse("admin:routing_weightchange_undo", args=["00000000-0000-4000-8000-000000000000"])
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("pk", ["0", "x", "99999999999999999999"])
def test_a_change_that_does_not_exist_is_not_found(client, maintainer, pk):
    assert client.get(reverse("admin:routing_weightchange_change", args=[pk])).status_code == 404


def test_a_single_change_leads_to_its_hubs_history(client, maintainer):
    make_hub("a")
    change_weights(a=5)
    url = reverse("admin:routing_weightchange_change", args=[WeightChange.objects.get().pk])
    assert client.get(url)["Location"] == f"{reverse(HISTORY)}?hub=a"
