"""Ramps by the API: begun, held, let go on, skipped, stopped, as in the office."""

import pytest

from routing.models import Hub, Ramp
from tests.api.conftest import problem
from tests.factories import change_weights, make_checked_hub, make_hub, make_ramp

pytestmark = pytest.mark.django_db
STEPS = [{"percent": 10, "minutes": 30}, {"percent": 50, "minutes": 60}]


def test_a_hub_comes_up_by_steps(maintainer, anybody):
    make_checked_hub("other", weight=50)
    make_checked_hub("a", weight=0)
    body = {"weights": {"a": 20}, "reason": "new nodes", "steps": STEPS, "seen": {"a": 0}}
    [begun] = maintainer.post("ramps/", body).json()
    assert (begun["hub"], begun["to_weight"], begun["percent"], begun["steps"]) == ("a", 20, 10, STEPS)
    assert [each["what"] for each in begun["events"]] == ["began"]
    assert anybody.get("hubs/a/").json()["effective_weight"] == 2
    assert [each["id"] for each in anybody.get("ramps/?open=true&hub=a").json()["results"]] == [begun["id"]]


def test_without_steps_it_takes_the_usual_ones(maintainer):
    make_hub("a", weight=0)
    [begun] = maintainer.post("ramps/", {"weights": {"a": 20}, "reason": "r"}).json()
    assert [each["percent"] for each in begun["steps"]] == [1, 5, 25, 50]
    assert maintainer.post("ramps/", {"weights": {"a": 20}, "reason": "r"}).json() == []


def test_a_person_holds_it_lets_it_go_on_skips_and_stops(maintainer):
    path = f"ramps/{make_ramp(make_hub('a'), weight=100).pk}"
    assert maintainer.post(f"{path}/hold/", {"reason": "lunch"}).json()["held"] == "person"
    problem(maintainer.post(f"{path}/hold/", {"reason": "lunch"}), 409)
    assert maintainer.post(f"{path}/resume/", {}).json()["held"] == ""
    assert maintainer.post(f"{path}/skip/", {"place": 0}).json()["percent"] == 10
    assert "10 %" in problem(maintainer.post(f"{path}/skip/", {"place": 0}), 409)["detail"]
    stopped = maintainer.post(f"{path}/stop/", {"reason": "enough", "stay": True}).json()
    assert (stopped["outcome"], stopped["events"][0]["what"]) == ("stopped", "stopped")
    assert Hub.objects.get().weight == 10
    problem(maintainer.post(f"{path}/stop/", {"reason": "enough"}), 409)


def test_who_saw_another_step_changes_nothing(maintainer):
    path = f"ramps/{make_ramp().pk}"
    etag = maintainer.get(f"{path}/")["ETag"]
    assert maintainer.post(f"{path}/skip/", {}, If_Match=etag).status_code == 200
    problem(maintainer.post(f"{path}/stop/", {"reason": "r"}, If_Match=etag), 412)
    assert Ramp.objects.get().ended_at is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"weights": {"a": 1}}, 400),
        ({"weights": {"a": 1}, "reason": "r"}, 422),
        ({"weights": {"nobody": 9}, "reason": "r"}, 400),
        ({"weights": {"a": 9}, "reason": "r", "steps": [{"percent": 0, "minutes": 5}]}, 422),
        ({"weights": {"a": 9}, "reason": "r", "steps": [{"percent": 5, "minutes": 0}]}, 400),
        ({"weights": {"a": 9}, "reason": "r", "steps": [{"percent": "NaN", "minutes": 5}]}, 400),
        ({"weights": {"a": 9}, "reason": "r", "steps": STEPS[::-1]}, 422),
        ({"weights": {"a": 9}, "reason": "r", "steps": []}, 201),
    ],
)
def test_what_leads_nowhere_is_refused(maintainer, body, status):
    make_hub("a", weight=3)
    answer = maintainer.post("ramps/", body)
    assert answer.status_code == status, answer.content
    assert Hub.objects.get().weight == (9 if status == 201 else 3)


def test_a_ramp_based_on_other_weights_is_412(maintainer):
    make_hub("a", weight=3)
    change_weights(a=4, reason="storm")
    body = {"weights": {"a": 9}, "reason": "r", "seen": {"a": 3}}
    assert "storm" in problem(maintainer.post("ramps/", body), 412)["changes"][0]


def test_the_list_takes_few_queries(anybody, django_assert_max_num_queries):
    for _ in range(6):
        make_ramp()
    with django_assert_max_num_queries(3):
        assert len(anybody.get("ramps/").json()["results"]) == 6
