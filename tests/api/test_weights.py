"""Weights by the API: changed together, with a reason, once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from routing.models import Hub, TimedChange, WeightChange
from tests.api.conftest import caller_for, problem
from tests.factories import change_weights, make_hub, make_maintainer, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_hubs():
    make_hub("a", weight=2)
    make_hub("b", weight=1)


def weights() -> dict[str, int]:
    return {key: int(weight) for key, weight in Hub.objects.values_list("key", "weight")}


def test_weights_change_together_and_the_history_says_why(maintainer, anybody):
    answer = maintainer.post("weight-changes/", {"weights": {"a": 5, "b": "3"}, "reason": "as agreed"})
    assert answer.status_code == 201
    assert weights() == {"a": 5, "b": 3}
    rows = anybody.get(f"weight-changes/?batch={answer.json()['batch']}").json()["results"]
    assert {row["hub"]: (row["from_weight"], row["to_weight"]) for row in rows} == {"a": (2, 5), "b": (1, 3)}
    assert {row["reason"] for row in rows} == {"as agreed"}
    assert WeightChange.objects.first().by.username == "mara"


def test_the_same_weights_are_no_change(maintainer):
    assert maintainer.post("weight-changes/", {"weights": {"a": 2}, "reason": "as is"}).json()["batch"] is None


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"weights": {"a": -1}, "reason": "r"}, "/weights/a"),
        ({"weights": {"a": "NaN"}, "reason": "r"}, "/weights/a"),
        ({"weights": {"a": 1e30}, "reason": "r"}, "/weights/a"),
        ({"weights": {"a": 1.00001}, "reason": "r"}, "/weights/a"),
        ({"weights": {"nobody": 1}, "reason": "r"}, "/weights/nobody"),
        ({"weights": {}, "reason": "r"}, "/weights"),
        ({"weights": [1], "reason": "r"}, "/weights"),
        ({"weights": {"a": 1}}, "/reason"),
        ({"weights": {"a": 1}, "reason": "  "}, "/reason"),
        ({"weights": {"a": 1}, "reason": "x" * 501}, "/reason"),
        ({"weights": {"a": 1}, "reason": "nul\0l"}, "/reason"),
        ({"weights": {"a": 1}, "reason": "r", "by": "root"}, "/by"),
        ([], "/"),
    ],
)
def test_what_makes_no_sense_is_refused_field_by_field(maintainer, body, where):
    found = problem(maintainer.post("weight-changes/", body), 400)
    assert where in {each["where"] for each in found["errors"]}
    assert weights() == {"a": 2, "b": 1}


def test_a_change_based_on_other_weights_is_412_and_tells_who_was_first(maintainer):
    change_weights(a=4, reason="storm")
    body = {"weights": {"a": 5}, "seen": {"a": 2}, "reason": "as agreed"}
    found = problem(maintainer.post("weight-changes/", body), 412)
    assert "storm" in found["changes"][0]
    assert weights()["a"] == 4


def test_a_repeated_write_is_done_once_and_answered_twice(maintainer):
    body = {"weights": {"a": 5}, "reason": "as agreed"}
    first = maintainer.post("weight-changes/", body, Idempotency_Key="one")
    change_weights(a=7)
    again = maintainer.post("weight-changes/", body, Idempotency_Key="one")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert weights()["a"] == 7


def test_a_key_is_for_one_request_of_one_person(maintainer):
    maintainer.post("weight-changes/", {"weights": {"a": 5}, "reason": "r"}, Idempotency_Key="one")
    problem(maintainer.post("weight-changes/", {"weights": {"a": 6}, "reason": "r"}, Idempotency_Key="one"), 422)
    other = caller_for(make_maintainer())
    assert other.post("weight-changes/", {"weights": {"a": 6}, "reason": "r"}, Idempotency_Key="one").status_code == 201
    assert weights()["a"] == 6


def test_what_was_refused_is_not_remembered(maintainer):
    problem(maintainer.post("weight-changes/", {"weights": {"a": 5}, "reason": ""}, Idempotency_Key="one"), 400)
    again = maintainer.post("weight-changes/", {"weights": {"a": 5}, "reason": "r"}, Idempotency_Key="one")
    assert again.status_code == 201


@pytest.mark.parametrize("scopes", [["read"], ["health", "hubs", "members"]])
def test_a_maintainers_token_needs_the_scope(scopes):
    caller = caller_for(make_maintainer(), *scopes)
    problem(caller.post("weight-changes/", {"weights": {"a": 5}, "reason": "r"}), 403)
    assert weights()["a"] == 2


def test_a_person_without_the_role_changes_nothing(anybody):
    problem(caller_for(make_user()).post("weight-changes/", {"weights": {"a": 5}, "reason": "r"}), 403)
    answer = anybody.post("weight-changes/", {"weights": {"a": 5}, "reason": "r"})
    problem(answer, 401)
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert weights()["a"] == 2


def test_history_is_read_in_few_queries(anybody, django_assert_max_num_queries):
    for weight in range(3, 20):
        change_weights(a=weight, b=weight)
    with django_assert_max_num_queries(2):
        assert len(anybody.get("weight-changes/?hub=a").json()["results"]) == 17


def test_a_change_with_an_end_returns_by_itself(maintainer):
    body = {"weights": {"a": 5}, "reason": "a course", "until": (timezone.now() + timedelta(days=1)).isoformat()}
    assert maintainer.post("weight-changes/", body).status_code == 201
    assert TimedChange.objects.get().back_to == 2
    body["until"] = (timezone.now() - timedelta(days=1)).isoformat()
    problem(maintainer.post("weight-changes/", {**body, "weights": {"b": 5}}), 422)
    assert weights()["b"] == 1
