"""What the checks found is kept: health, samples and flips, and what nobody saw stays unknown."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from routing.damping import Evidence
from routing.models import CheckRound, Flip, HealthSample, Hub, HubHealth, Skew
from routing.probe import Pods, Verdict
from routing.services import policies, publishing, timeline, timeline_words, verdicts
from routing.services.verdicts import Answered
from tests.factories import make_hub

pytestmark = pytest.mark.django_db

VERSIONS = {"binderhub": "1.0"}
GOOD = Verdict(True, checks={"versions": True, "JupyterHub API": True}, versions=VERSIONS, seconds=0.2)
AWAY = Verdict(False, "refuses connections", evidence=Evidence.UNREACHABLE, error="connection_refused")
BROKEN = Verdict(
    False, "JupyterHub API fails", checks={"versions": True, "JupyterHub API": False}, evidence=Evidence.HARD
)


def keep(second: float = 0.0, **seen: Verdict):
    start = timezone.now().timestamp() - 60
    return verdicts.keep({key: Answered(verdict, start + second) for key, verdict in seen.items()})


def test_a_hub_that_answers_well_is_known_from_then_on():
    make_hub("a")
    keep(a=GOOD)
    health = HubHealth.objects.get()
    assert (health.serving, health.evidence, health.answer_seconds, health.versions) == (True, "good", 0.2, VERSIONS)
    assert [flip.to for flip in Flip.objects.all()] == ["serving"]
    assert HealthSample.objects.count() == 1


def test_a_hub_goes_out_after_three_bad_answers_with_one_flip():
    make_hub("a")
    make_hub("b")
    for second in range(5):
        standing = keep(second, a=AWAY, b=GOOD)
    assert not standing["a"].serving
    flips = Flip.objects.filter(hub__key="a").order_by("at").values_list("to", "reason")
    assert list(flips) == [("serving", ""), ("out", "refuses connections")]
    assert HealthSample.objects.filter(hub__key="a").count() == 5


def test_hard_evidence_takes_it_out_at_once_and_redirectors_are_told():
    make_hub("a")
    make_hub("b")
    publishing.publish("start")
    keep(a=BROKEN, b=GOOD)
    factors = {hub.key: hub.factors for hub in publishing.live(1).hubs}
    assert [(factor.name, factor.value, factor.reason) for factor in factors["a"]] == [
        ("health", 0.0, "JupyterHub API fails")
    ]
    assert factors["b"] == ()


def test_a_hub_comes_back_with_a_tenth_of_its_weight():
    make_hub("a")
    keep(0, a=BROKEN)
    keep(58, a=GOOD)
    keep(59, a=GOOD)
    (factor,) = publishing.live(1).hubs[0].factors
    assert factor.name == "slow start"
    assert factor.value == pytest.approx(0.1, abs=0.02)


def test_a_hub_that_fills_up_gets_less():
    make_hub("a", pod_headroom=10)
    pods = Pods(user=80, build=1, total=81, quota=100, headroom=10)
    keep(a=Verdict(True, pods=pods))
    (factor,) = publishing.live(1).hubs[0].factors
    assert (factor.name, factor.value, factor.reason) == ("quota", 0.5, "81 of 90 usable pods are taken")


def test_when_nobody_is_reached_all_stay_and_the_time_is_kept():
    make_hub("a")
    make_hub("b")
    for second in range(4):
        keep(second, a=AWAY, b=AWAY)
    assert HubHealth.objects.filter(serving=True, held=True).count() == 2
    assert CheckRound.objects.get().fail_open_since is not None
    keep(5, a=GOOD)
    assert CheckRound.objects.get().fail_open_since is None


def test_since_when_versions_differ_is_kept():
    make_hub("a")
    since = datetime(2026, 1, 2, 3, 4, tzinfo=UTC).timestamp()
    skewed = Verdict(True, versions={"binderhub": "0.9"}, skew="the prime: binderhub 0.9 (prime: 1.0)")
    verdicts.keep({"a": Answered(skewed, timezone.now().timestamp(), since)})
    health = HubHealth.objects.get()
    assert (health.skew, health.skew_since.timestamp()) == ("the prime: binderhub 0.9 (prime: 1.0)", since)
    keep(a=GOOD)
    assert HubHealth.objects.get().skew_since is None


def test_an_answer_that_did_not_come_does_not_wipe_out_what_was_known():
    make_hub("a")
    keep(a=GOOD)
    keep(1, a=AWAY)
    health = HubHealth.objects.get()
    assert health.checks == dict(GOOD.checks)
    assert health.versions == VERSIONS
    assert health.answer_seconds is None


def test_time_in_which_nobody_checked_is_unknown():
    make_hub("a")
    keep(a=GOOD)
    ago = timezone.now() - timedelta(hours=2)
    HubHealth.objects.update(checked_at=ago)
    Flip.objects.all().delete()
    Flip.objects.create(hub=Hub.objects.get(), at=ago - timedelta(hours=1), to="serving")
    CheckRound.objects.update(finished_at=ago)
    keep(a=GOOD)
    assert [flip.to for flip in Flip.objects.order_by("at")] == ["serving", "unknown", "serving"]
    assert Flip.objects.get(to="unknown").at == ago + timedelta(seconds=15)


def test_soft_rules_take_out_half_at_most_across_flushes():
    for key in "abcd":
        make_hub(key)
    skewed = Verdict(False, "other versions", evidence=Evidence.SOFT)
    for second in range(4):
        for key in "abcd":
            keep(second + ord(key) / 1000, **{key: skewed})
    assert HubHealth.objects.filter(serving=False).count() == 2
    assert HubHealth.objects.filter(serving=True, held=True).count() == 2


def test_a_hub_that_was_deleted_meanwhile_is_nobody():
    assert keep(a=GOOD) == {}


def test_queries_do_not_grow_with_the_hubs(django_assert_max_num_queries):
    for number in range(30):
        make_hub(f"h{number}")
    policies.edit({"fall": 3}, reason="a row", by=None)
    with django_assert_max_num_queries(20):
        keep(**{f"h{number}": GOOD for number in range(30)})


def test_each_time_of_other_versions_is_kept_for_ever_and_told_in_the_timeline():
    hub = make_hub("a")
    for second, skew in enumerate(["", "the prime: binderhub 0.9", "the prime: binderhub 0.9", "", "the prime: x"]):
        keep(second, a=Verdict(True, versions=VERSIONS, skew=skew))
    keep(9, a=AWAY)
    assert [(each.difference, each.until is None) for each in Skew.objects.order_by("since")] == [
        ("the prime: binderhub 0.9", False),
        ("the prime: x", True),
    ]
    told = [timeline_words.tell(each, names=False) for each in timeline.page(hub).entries]
    assert [each.what for each in told if each.entry.kind.startswith("skew")] == [
        "Began to run other versions than the rest of the federation",
        "Runs the same versions as the others again",
        "Began to run other versions than the rest of the federation",
    ]
