"""Hubs by the API: how they are, and what may be done with them."""

import pytest

from members.models import Role
from routing.models import Downtime, Hub
from tests.api.conftest import caller_for, problem
from tests.factories import (
    make_checked_hub,
    make_downtime,
    make_hub,
    make_maintainer,
    make_member,
    make_person,
    make_user,
)

pytestmark = pytest.mark.django_db


def test_everybody_reads_hubs_with_weight_factors_and_shares(anybody):
    make_checked_hub("a", weight=3)
    make_downtime(make_checked_hub("b", weight=1), text="new disks")
    first, second = anybody.get("hubs/").json()["results"]
    assert (first["key"], first["weight"], first["effective_weight"]) == ("a", 3, 3)
    assert (first["promised_share"], first["effective_share"]) == (0.75, 1)
    assert first["factors"] == []
    assert first["status"]["word"] == "serving"
    assert second["effective_weight"] == 0
    assert [each["name"] for each in second["factors"]] == ["maintenance"]
    assert "new disks" in second["factors"][0]["reason"]


def test_the_list_takes_at_most_six_queries_whatever_its_length(maintainer, django_assert_max_num_queries):
    for number in range(20):
        make_downtime(make_checked_hub(f"hub-{number}"))
    maintainer.get("hubs/")
    with django_assert_max_num_queries(6):
        assert len(maintainer.get("hubs/").json()["results"]) == 20
    for number in range(5):
        make_hub(f"old-{number}", state="retired", weight=0)
    with django_assert_max_num_queries(7):
        assert len(maintainer.get("hubs/").json()["results"]) == 25


def test_a_retired_hub_is_listed_and_shown(anybody):
    make_hub("old", state="retired", weight=0)
    assert anybody.get("hubs/").json()["results"][0]["state"] == "retired"
    assert anybody.get("hubs/old/").json()["status"]["word"] == "retired"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("state=drained", ["b"]),
        ("member=ovh", ["a"]),
        ("prime=true", ["b"]),
        ("ordering=-weight", ["c", "b", "a"]),
        ("ordering=name", ["a", "b", "c"]),
        ("member=nobody", []),
    ],
)
def test_lists_are_filtered_and_ordered(anybody, asked, found):
    make_hub("a", weight=1, member=make_member("ovh"))
    make_hub("b", weight=2, state="drained", prime=True)
    make_hub("c", weight=3)
    assert [each["key"] for each in anybody.get(f"hubs/?{asked}").json()["results"]] == found


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ("stat=active", "?stat"),
        ("state=mad", "?state"),
        ("ordering=secret", "?ordering"),
        ("ordering=key,name", "?ordering"),
        ("fields=key,password", "?fields"),
        ("fields=", "?fields"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_by_name(anybody, asked, where):
    assert problem(anybody.get(f"hubs/?{asked}"), 400)["errors"][0]["where"] == where


def test_only_the_fields_asked_for(anybody):
    make_hub("a")
    assert anybody.get("hubs/?fields=key,weight").json()["results"] == [{"key": "a", "weight": 1}]
    assert anybody.get("hubs/a/?fields=state").json() == {"state": "active"}


def test_pages_follow_each_other_without_gap_or_repetition(anybody):
    for number in range(7):
        make_hub(f"hub-{number}")
    seen, path = [], "hubs/?limit=3&ordering=-weight"
    while path:
        page = anybody.get(path).json()
        seen += [each["key"] for each in page["results"]]
        path = (page["next"] or "").partition("/api/v1/")[2]
    assert sorted(seen) == [f"hub-{number}" for number in range(7)]


@pytest.mark.parametrize("asked", ["limit=0", "limit=-1", "limit=abc", "limit=501", "limit=", "cursor=AAAA", "cursor="])
def test_a_page_that_cant_be_is_refused_by_name(anybody, asked):
    make_hub("a")
    name = asked.partition("=")[0]
    assert problem(anybody.get(f"hubs/?{asked}"), 400)["errors"][0]["where"] == f"?{name}"


def test_a_member_lowers_its_weight_at_once_and_asks_for_more(db):
    hub = make_hub("a", weight=9)
    make_hub("b", weight=9)
    editor = caller_for(make_person(hub.member, Role.EDITOR), "weights")
    assert editor.post("hubs/a/wish/", {"weight": 5, "reason": "fewer disks"}).json()["state"] == "applied"
    asked = editor.post("hubs/a/wish/", {"weight": 50, "reason": "more disks"})
    assert (asked.status_code, asked.json()["state"], asked.json()["weight"]) == (201, "waiting", 50)
    assert editor.post("hubs/a/wish/", {"users": 40, "reason": "a course"}).json()["state"] == "applied"
    problem(editor.post("hubs/a/wish/", {"weight": 1, "users": 4, "reason": "x"}), 400)
    problem(editor.post("hubs/b/wish/", {"weight": 1, "reason": "not ours"}), 403)
    assert sorted(Hub.objects.values_list("key", "weight", "user_limit")) == [("a", 5, 40), ("b", 9, None)]


@pytest.mark.parametrize("cursor", ["x", "cD1hYmM=", "cD0xZTk5OTk5", "bz0tMQ==", "cD0lMDA="])
def test_a_made_up_cursor_does_no_harm(anybody, cursor):
    make_hub("a")
    assert anybody.get(f"hubs/?ordering=weight&cursor={cursor}").status_code in {200, 400, 404}


def test_a_maintainer_changes_a_record_and_says_why(maintainer):
    make_hub("a")
    answer = maintainer.patch("hubs/a/", {"name": "Heron", "pod_headroom": 3, "reason": "as they asked"})
    assert (answer.status_code, answer.json()["name"], answer.json()["pod_headroom"]) == (200, "Heron", 3)
    assert Hub.objects.get().name == "Heron"


@pytest.mark.parametrize("field", ["weight", "state", "prime", "key", "created_at", "id", "effective_weight"])
def test_fields_with_ways_of_their_own_are_no_part_of_a_record(maintainer, field):
    make_hub("a")
    found = problem(maintainer.patch("hubs/a/", {field: "1", "reason": "because"}), 400)
    assert found["errors"][0]["where"] == f"/{field}"


def test_a_change_of_what_is_no_longer_there_is_412_and_changes_nothing(maintainer):
    make_checked_hub("a")
    etag = maintainer.get("hubs/a/")["ETag"]
    first = maintainer.patch("hubs/a/", {"name": "One", "reason": "because"}, If_Match=etag)
    assert first.status_code == 200
    problem(maintainer.patch("hubs/a/", {"name": "Two", "reason": "because"}, If_Match=etag), 412)
    assert Hub.objects.get().name == "One"
    assert maintainer.patch("hubs/a/", {"name": "Two", "reason": "b"}, If_Match=first["ETag"]).status_code == 200


def test_health_alone_makes_no_change_stale(maintainer):
    hub = make_checked_hub("a")
    etag = maintainer.get("hubs/a/")["ETag"]
    make_checked_hub("b")
    hub.health.delete()
    assert maintainer.get("hubs/a/")["ETag"] != etag
    assert maintainer.patch("hubs/a/", {"name": "One", "reason": "b"}, If_Match=etag).status_code == 200


def test_what_a_rule_of_the_model_refuses_is_told_by_field(maintainer, settings):
    settings.ALLOW_PRIVATE_HUBS = False
    make_hub("a")
    found = problem(maintainer.patch("hubs/a/", {"url": "http://10.0.0.1", "reason": "because"}), 400)
    assert found["errors"][0]["where"] == "/url"


def test_a_new_hub_is_taken_in_with_its_first_weight(maintainer):
    make_member("ovh")
    wanted = {"key": "new", "name": "New", "member": "ovh", "url": "https://new.example.org/", "weight": 2}
    answer = maintainer.post("hubs/", {**wanted, "reason": "welcome"})
    assert (answer.status_code, answer["Location"]) == (201, "/api/v1/hubs/new/")
    assert answer.json()["health_url"] == "https://new.example.org/health"
    assert Hub.objects.get().weight_changes.get().reason == "welcome"


def test_state_and_prime_are_changed_by_ways_of_their_own(maintainer):
    make_hub("a", prime=True)
    make_hub("b")
    assert maintainer.post("hubs/b/state/", {"state": "drained", "reason": "rest"}).json()["state"] == "drained"
    assert maintainer.post("hubs/b/prime/", {"reason": "its turn"}).json()["prime"] is True
    found = problem(maintainer.post("hubs/b/state/", {"state": "retired", "reason": "gone"}), 422)
    assert "is the prime" in found["detail"]


def test_a_drain_takes_all_traffic_and_its_end_gives_it_back(maintainer):
    make_checked_hub("a")
    answer = maintainer.post("hubs/a/drain/", {"reason": "on fire"})
    assert (answer.status_code, answer.json()["emergency"], answer.json()["phase"]) == (201, True, "on")
    assert maintainer.get("hubs/a/").json()["effective_weight"] == 0
    problem(maintainer.post("hubs/a/drain/", {"reason": "again"}), 409)
    assert maintainer.post("hubs/a/undrain/", {}).json()["phase"] == "over"
    problem(maintainer.post("hubs/a/undrain/", {}), 409)


def test_who_may_not_plan_for_a_hub_can_not_drain_it(db):
    make_hub("a")
    problem(caller_for(make_user()).post("hubs/a/drain/", {"reason": "let me"}), 403)
    assert not Downtime.objects.exists()


def test_a_token_without_the_scope_is_no_good_for_it(db):
    make_hub("a")
    caller = caller_for(make_maintainer(), "read", "hubs")
    found = problem(caller.post("hubs/a/drain/", {"reason": "let me"}), 403)
    assert "scope “health”" in found["detail"]
    assert caller.patch("hubs/a/", {"name": "Heron", "reason": "because"}).status_code == 200
