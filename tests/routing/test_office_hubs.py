"""Hubs, policy and published versions in the office, as a maintainer uses them."""

import re

import pytest
from django.urls import reverse

from members.models import Member
from routing.models import Hub, Policy, SnapshotVersion, WeightChange
from routing.services import hubs, publishing
from tests.factories import change_weights, make_checked_hub, make_hub, make_maintainer, make_member
from tests.routing.test_office_weights import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def maintainer(client, redis_url):
    person = make_maintainer("mara")
    client.force_login(person)
    return person


@pytest.fixture
def send(client, django_capture_on_commit_callbacks):
    def do(page: str, /, *arguments, **data):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(reverse(f"admin:routing_{page}", args=arguments), data)

    return do


def form_of(hub: Hub, **changes) -> dict:
    """What the hub's form sends."""
    return {
        "member": hub.member_id,
        "name": hub.name,
        "url": hub.url,
        "health_url": hub.health_url,
        "versions_url": hub.versions_url,
        "pod_headroom": hub.pod_headroom,
        "ui_order": hub.ui_order,
        "seen": hub.fingerprint,
        "reason": "as agreed",
        **changes,
    }


def new_hub(**changes) -> dict:
    return {
        "member": (Member.objects.filter(slug="lab").first() or make_member("lab")).pk,
        "key": "lab-1",
        "name": "Lab",
        "url": "https://lab.example.org/",
        "health_url": "",
        "versions_url": "",
        "pod_headroom": 5,
        "ui_order": 0,
        "weight": 7,
        "state": "active",
        "reason": "welcome",
        **changes,
    }


def test_the_list_shows_what_a_maintainer_asks_first(client):
    make_hub("a", name="Alpha", weight=10, prime=True)
    make_hub("b", name="Beta", weight=10, state=Hub.State.DRAINED)
    change_weights(reason="new nodes", a=30)
    page = text(client.get(reverse("admin:routing_hub_changelist")))
    assert re.search(r"Alpha ★ prime a .*● active .*30 .*100.0 % .*UTC new nodes", page)
    assert re.search(r"Beta b .*○ drained .*10 .*0.0 % .*never", page)


def test_shares_on_the_list_are_of_all_hubs_also_when_it_is_filtered(client):
    make_hub("a", weight=10)
    make_hub("b", name="Beta", weight=30)
    assert "25.0 %" in text(client.get(reverse("admin:routing_hub_changelist"), {"q": "a.example"}))


def test_the_list_says_how_each_hub_is_and_leads_to_its_page(client):
    make_checked_hub("a", health={"serving": False, "reason": "refuses connections"})
    html = client.get(reverse("admin:routing_hub_changelist")).content.decode()
    assert re.search(r'href="/hubs/a/" title="not answering since [^"]+"><span [^>]+>✕</span> out</a>', html)


@pytest.mark.parametrize("name", ["hub", "weightchange", "snapshotversion"])
def test_a_longer_list_asks_the_database_no_more_often(client, name, django_assert_max_num_queries):
    for number in range(12):
        make_hub(f"hub{number}")
        change_weights(**{f"hub{number}": 5})
        publishing.publish("next")
    with django_assert_max_num_queries(15):
        client.get(reverse(f"admin:routing_{name}_changelist"))


# The first page counts what waits for a person, with one query for each of a dozen sources.
@pytest.mark.parametrize(
    ("name", "most"),
    [("admin:index", 32), ("admin:routing_weightchange_add", 14), ("admin:members_member_changelist", 14)],
)
def test_the_other_pages_are_cheap_too(client, name, most, django_assert_max_num_queries):
    for number in range(12):
        make_hub(f"hub{number}")
        change_weights(**{f"hub{number}": 5})
    with django_assert_max_num_queries(most):
        client.get(reverse(name))


def test_a_new_hub_comes_in_with_its_first_weight_and_is_published(send):
    response = send("hub_add", **new_hub())
    assert response.status_code == 302
    hub = Hub.objects.get()
    assert (hub.url, hub.health_url) == ("https://lab.example.org", "https://lab.example.org/health")
    assert (hub.weight, WeightChange.objects.get().reason) == (7, "welcome")
    assert SnapshotVersion.objects.get().reason == "welcome"


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "Not A Key"},
        {"key": "taken"},
        {"url": "ftp://lab.example.org"},
        {"url": "https://lab.example.org?x=1"},
        {"weight": "-1"},
        {"weight": "NaN"},
        {"weight": ""},
        {"reason": ""},
        {"state": "retired"},
        {"pod_headroom": "-1"},
        {"pod_headroom": "100001"},
        {"name": "x" * 101},
        {"name": "\0"},
        {"member": "0"},
    ],
)
def test_a_bad_form_makes_no_hub_and_no_fault(send, wrong):
    make_hub("taken")
    assert send("hub_add", **new_hub(**wrong)).status_code == 200
    assert Hub.objects.count() == 1


def test_private_addresses_are_refused_in_production(send, settings):
    settings.ALLOW_PRIVATE_HUBS = False
    assert "private or local network" in text(send("hub_add", **new_hub(url="https://10.0.0.1")))
    assert "Only https://" in text(send("hub_add", **new_hub(url="http://lab.example.org")))


def test_an_edit_of_the_record_is_published_with_its_reason(send, maintainer):
    hub = make_hub("a")
    assert send("hub_change", hub.pk, **form_of(hub, name="New name", reason="rebranded")).status_code == 302
    version = SnapshotVersion.objects.get()
    assert (version.reason, version.by, version.snapshot.hubs[0].name) == ("rebranded", maintainer, "New name")


def test_the_other_addresses_follow_the_hubs_own(send):
    hub = make_hub("a")
    send("hub_change", hub.pk, **form_of(hub, url="https://new.example.org"))
    hub.refresh_from_db()
    assert (hub.health_url, hub.versions_url) == ("https://new.example.org/health", "https://new.example.org/versions")


def test_an_address_of_its_own_does_not_follow(send):
    hub = make_hub("a", health_url="https://status.example.org/a")
    send("hub_change", hub.pk, **form_of(hub, url="https://new.example.org"))
    hub.refresh_from_db()
    assert hub.health_url == "https://status.example.org/a"


def test_key_weight_prime_and_state_are_not_edited_by_the_form(send):
    hub = make_hub("a")
    send("hub_change", hub.pk, **form_of(hub, key="b", weight=99, prime="on", state="retired"))
    hub.refresh_from_db()
    assert (hub.key, hub.weight, hub.prime, hub.state) == ("a", 1, False, Hub.State.ACTIVE)


def test_a_stale_form_is_refused_shown_again_and_may_be_insisted_on(send, client):
    hub = make_hub("a")
    data = form_of(hub, name="Mine")
    hubs.edit(hub, {"name": "Theirs"}, reason="faster", by=None)
    response = send("hub_change", hub.pk, **data)
    assert "It is Theirs of A now" in text(response)
    assert 'value="Mine"' in response.content.decode()
    assert Hub.objects.get().name == "Theirs"
    seen = re.search(r'name="seen" value="(\w+)"', response.content.decode())[1]
    send("hub_change", hub.pk, **{**data, "seen": seen})
    assert Hub.objects.get().name == "Mine"


def test_the_prime_is_changed_after_a_question(client, send):
    make_hub("a", name="Alpha", prime=True)
    b = make_hub("b", name="Beta")
    assert "Alpha would no longer do so" in text(client.get(reverse("admin:routing_hub_make_prime", args=[b.pk])))
    assert send("hub_make_prime", b.pk, reason="a is tired").status_code == 302
    assert Hub.objects.get(prime=True) == b
    assert SnapshotVersion.objects.get().reason == "a is tired"


def test_the_prime_is_not_changed_without_a_reason(send):
    hub = make_hub("a")
    assert send("hub_make_prime", hub.pk).status_code == 200
    assert not Hub.objects.filter(prime=True).exists()


def test_a_state_is_changed_with_a_reason(send):
    make_hub("a", weight=90)
    hub = make_hub("b", weight=10)
    send("hub_change_state", hub.pk, state="drained", reason="upgrade")
    assert Hub.objects.get(pk=hub.pk).state == Hub.State.DRAINED


def test_draining_the_last_hub_asks_twice(send):
    hub = make_hub("a")
    question = send("hub_change_state", hub.pk, state="drained", reason="upgrade")
    assert "No hub is left with weight" in text(question)
    assert Hub.objects.get().state == Hub.State.ACTIVE
    token = re.search(r'name="confirmed" value="(\w+)"', question.content.decode())[1]
    send("hub_change_state", hub.pk, state="drained", reason="upgrade", confirmed=token)
    assert Hub.objects.get().state == Hub.State.DRAINED


def test_retiring_the_prime_is_refused_in_words(client, send):
    make_hub("b", weight=100)
    hub = make_hub("a", prime=True, weight=0)
    send("hub_change_state", hub.pk, state="retired", reason="goodbye")
    assert "Make another hub the prime" in text(client.get(reverse("admin:routing_hub_change", args=[hub.pk])))
    assert Hub.objects.get(pk=hub.pk).state == Hub.State.ACTIVE


def test_the_policy_is_one_form(client, send):
    assert client.get(reverse("admin:routing_policy_changelist")).status_code == 302
    make_hub("a")
    names = [field.name for field in Policy._meta.fields if field.name not in {"id", "launch_success_counts"}]
    values = {name: getattr(Policy(), name) for name in names}
    values |= {"balancer": "random", "check_period": 16, "reason": "as in the chart"}
    assert send("policy_change", 1, **values).status_code == 302
    assert Policy.objects.get().balancer == "random"
    version = SnapshotVersion.objects.get()
    assert (version.reason, version.snapshot.policy.check_period) == ("as in the chart", 16)


def test_a_version_tells_what_it_changed_in_words(client):
    make_hub("a", name="Alpha", weight=1)
    publishing.publish("first")
    change_weights(a=5)
    publishing.publish("more for Alpha")
    page = text(client.get(reverse("admin:routing_snapshotversion_change", args=[2])))
    assert re.search(r"more for Alpha .*in use .*against version 1 .*Alpha: weight 1 → 5\.", page)
    assert "{" not in page.split("What it says")[1].split("Balancer")[0]


def test_a_version_is_rolled_back_to_after_a_look(client, send):
    make_hub("a", name="Alpha", weight=1)
    publishing.publish("first")
    change_weights(a=5)
    publishing.publish("more for Alpha")
    url = reverse("admin:routing_snapshotversion_roll_back", args=[1])
    assert "Alpha: weight 5 → 1." in text(client.get(url))
    assert send("snapshotversion_roll_back", 1, reason="too much").status_code == 302
    assert SnapshotVersion.objects.first().reason == "roll back to version 1: too much"
    assert Hub.objects.get().weight == 1


@pytest.mark.parametrize("pk", ["0", "x", "99999999999999999999", "-1"])
def test_a_version_that_does_not_exist_is_not_found(client, pk):
    assert client.get(reverse("admin:routing_snapshotversion_change", args=[pk])).status_code == 404


@pytest.mark.parametrize("page", ["hub_make_prime", "hub_change_state"])
@pytest.mark.parametrize("pk", ["0", "x", "99999999999999999999"])
def test_a_hub_that_does_not_exist_is_not_found(client, page, pk):
    assert client.get(reverse(f"admin:routing_{page}", args=[pk])).status_code == 404


@pytest.mark.parametrize("page", ["hub", "snapshotversion"])
@pytest.mark.parametrize("query", [{"q": "\0"}, {"q": "x" * 5000}, {"p": "x"}, {"o": "9.9"}, {"state__exact": "'"}])
def test_hostile_searches_are_no_fault_of_ours(client, page, query):
    make_hub("a")
    publishing.publish("first")
    assert client.get(reverse(f"admin:routing_{page}_changelist"), query).status_code in {200, 302}


def test_the_first_page_of_an_empty_office_says_how_to_begin(client):
    assert "import_hosts" in text(client.get(reverse("admin:index")))


def test_no_page_of_the_office_shows_raw_json(client):
    hub = make_hub("a")
    change_weights(a=5)
    publishing.publish("first")
    for name, *keys in (("hub_change", hub.pk), ("snapshotversion_change", 1), ("snapshotversion_changelist",)):
        assert '"schema"' not in text(client.get(reverse(f"admin:routing_{name}", args=keys)))
