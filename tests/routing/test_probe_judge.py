"""Judging what a hub answered: pure, and never at a loss."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.outgoing import Answer
from foundation.outgoing_errors import ConnectionRefused, OutgoingError, TimedOut
from routing.damping import Evidence
from routing.probe import Asked, Pods, judge
from routing.snapshot import Hub, Policy

RECORDED = Path(__file__).parents[2].parent / "shared/data/hub-responses"
OWN = {"binderhub": "1.0", "builder": "repo2docker", "builder_info": {"build_image": "repo2docker:1"}}
GOOD = [{"service": "Docker registry", "ok": True}, {"service": "JupyterHub API", "ok": True}]


def answer(body: object, status: int = 200, **how) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, headers={}, body=raw, seconds=0.25, url="https://hub.example.org/health", **how)


HUB = Hub("a", "https://a.example", "https://a.example/health", "https://a.example/versions", 1)


def judged(health: object = None, versions: object = None, *, headroom=10, reference=None, age=0.0, **policy):
    health = {"ok": True, "checks": GOOD} if health is None else health
    if not isinstance(health, Answer | OutgoingError):
        health = answer(health)
    if not isinstance(versions, Answer | OutgoingError):
        versions = answer(OWN if versions is None else versions)
    hub = replace(HUB, **headroom) if isinstance(headroom, dict) else replace(HUB, pod_headroom=headroom)
    return judge(Asked(health=health, versions=versions), hub, Policy(**policy), reference, age)


def quota(total, limit, ok=True, **more):
    entry = {"service": "Pod quota", "total_pods": total, "quota": limit, "ok": ok, "_ignore_failure": True, **more}
    return {"ok": True, "checks": [*GOOD, entry]}


def test_a_hub_whose_checks_are_all_ok_is_healthy():
    verdict = judged()
    assert (verdict.healthy, verdict.reason, verdict.evidence) == (True, "", Evidence.GOOD)
    assert verdict.checks == {"versions": True, "Docker registry": True, "JupyterHub API": True}
    assert (verdict.versions, verdict.seconds, verdict.error) == (OWN, 0.25, "")


def test_each_failed_check_is_named_and_is_hard_evidence():
    checks = [{"service": "Docker registry", "ok": False}, {"service": "JupyterHub API", "ok": False}]
    verdict = judged(answer({"ok": False, "checks": checks}, status=503))
    assert not verdict.healthy
    assert verdict.reason == "Docker registry fails; JupyterHub API fails"
    assert verdict.evidence is Evidence.HARD
    assert verdict.checks == {"versions": True, "Docker registry": False, "JupyterHub API": False}


def test_a_503_without_a_failed_check_is_not_healthy():
    assert not judged(answer({"ok": True, "checks": GOOD}, status=503)).healthy


def test_a_failure_that_the_hub_forgives_itself_is_soft_evidence():
    verdict = judged({"checks": [{"service": "Canary", "ok": False, "_ignore_failure": True}]})
    assert (verdict.healthy, verdict.evidence) == (False, Evidence.SOFT)


@pytest.mark.parametrize(
    ("total", "limit", "headroom", "healthy"),
    [
        (89, 100, 10, True),
        (90, 100, 10, False),
        (0, 0, 10, False),
        (500, None, 10, True),
        (99, 100, 0, True),
        (0, 0, 0, True),
        (0, 5, 10, False),
    ],
)
def test_the_pod_quota_leaves_headroom(total, limit, headroom, healthy):
    verdict = judged(quota(total, limit), headroom=headroom)
    assert verdict.healthy is healthy
    assert verdict.checks["Pod quota"] is healthy


def test_a_full_hub_says_how_full_and_a_drained_one_that_it_is():
    assert judged(quota(90, 100)).reason == "full: 90 of 100 pods, and 10 are kept free"
    assert judged(quota(3, 0, ok=False)).reason == "drained: its pod quota is 0"
    assert judged(quota(90, 100)).evidence is Evidence.HARD


def test_over_quota_is_out_even_when_our_own_rule_is_off():
    verdict = judged(quota(253, 200, ok=False), headroom=0)
    assert (verdict.healthy, verdict.reason, verdict.evidence) == (False, "Pod quota fails", Evidence.HARD)


def test_the_numbers_of_the_quota_are_kept():
    verdict = judged(quota(45, 200, user_pods=42, build_pods=3))
    assert verdict.pods == Pods(user=42, build=3, total=45, quota=200, headroom=10)


def test_other_versions_than_the_prime_are_soft_evidence_and_the_difference_is_told():
    verdict = judged(versions={**OWN, "binderhub": "0.9"}, reference=OWN)
    assert (verdict.healthy, verdict.evidence, verdict.checks["versions"]) == (False, Evidence.SOFT, False)
    assert verdict.reason == "runs other versions than the prime: binderhub 0.9 (prime: 1.0)"


def test_any_versions_pass_until_the_prime_has_answered():
    assert judged(versions={"binderhub": "0.9"}, reference=None).healthy


def test_no_answer_names_the_fault_once_and_its_kind():
    verdict = judged(TimedOut("did not finish its answer within 2 s"), TimedOut("did not finish its answer within 2 s"))
    assert (verdict.reason, verdict.error) == ("did not finish its answer within 2 s", "timeout")
    assert (verdict.evidence, verdict.seconds) == (Evidence.UNREACHABLE, None)


def test_the_hubs_own_word_counts_more_than_a_fault_on_the_way():
    broken = answer({"checks": [{"service": "JupyterHub API", "ok": False}]}, status=503)
    verdict = judged(broken, ConnectionRefused("refuses connections"))
    assert verdict.evidence is Evidence.HARD
    assert verdict.reason == "JupyterHub API fails; refuses connections"


def test_the_certificate_that_expires_first_is_kept():
    soon, late = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)
    verdict = judged(answer({"checks": GOOD}, certificate_expires=late), answer(OWN, certificate_expires=soon))
    assert verdict.certificate_expires == soon


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><title>Binder</title>",
        b"",
        b"[]",
        b"null",
        b'"ok"',
        b"{",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"checks": NaN}',
        b'{"checks": [], "n": 1e999}',
        b'{"checks": [], "n": Infinity}',
        b'{"checks": [], "s": "\\ud800"}',
        b'{"checks": [], "s": "\\u0000"}',
        b'{"checks": [], "n": ' + b"9" * 5000 + b"}",
        b'{"checks": null}',
        b'{"checks": {"JupyterHub API": true}}',
        b'{"checks": "ok"}',
        b'{"checks": ["ok"]}',
        b'{"checks": [null]}',
    ],
)
def test_a_health_that_makes_no_sense_is_not_healthy(body):
    verdict = judged(answer(body))
    assert not verdict.healthy
    assert verdict.reason


@pytest.mark.parametrize("ok", [None, 1, "true", [], {}, "ok"])
def test_only_true_is_ok(ok):
    assert not judged({"checks": [{"service": "JupyterHub API", "ok": ok}]}).healthy


@pytest.mark.parametrize("service", [None, 7, [], {"a": 1}, "", "x" * 5000, "a\nb\x00c\u202e"])
def test_a_name_of_any_kind_becomes_a_short_line(service):
    verdict = judged({"checks": [{"service": service, "ok": False}]})
    assert all(len(name) <= 100 and name.isprintable() and name for name in verdict.checks)
    assert verdict.reason.isprintable()


def test_no_hub_makes_us_keep_more_than_a_few_checks():
    verdict = judged({"checks": [{"service": f"check {number}", "ok": True} for number in range(10_000)]})
    assert len(verdict.checks) <= 33


@pytest.mark.parametrize("total", [-1, 10**30, "90", None, True, [], {}])
@pytest.mark.parametrize("limit", [100])
def test_pod_numbers_that_make_no_sense_are_not_healthy(total, limit):
    verdict = judged(quota(total, limit))
    assert (verdict.healthy, verdict.pods) == (False, None)


@pytest.mark.parametrize("limit", [-1, 10**30, "100", True, []])
def test_a_quota_that_makes_no_sense_is_not_healthy(limit):
    assert judged(quota(1, limit)).reason == "its pod quota makes no sense"


@pytest.mark.parametrize("versions", [b"<html>", b"[]", b"7", answer(OWN, status=404), answer(OWN, status=405)])
def test_versions_that_are_none_are_not_healthy(versions):
    verdict = judged(versions=versions if isinstance(versions, Answer) else answer(versions))
    assert (verdict.healthy, verdict.versions, verdict.checks["versions"]) == (False, None, False)


def test_an_http_error_names_its_status():
    assert judged(answer(b"Bad gateway", status=502)).reason == "answers for its health with HTTP 502"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["ok", "Pod quota", "versions", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["service", "ok", "quota", "total_pods", "x"]), inner, max_size=5)
    ),
    max_leaves=10,
)
entries = st.fixed_dictionaries(
    {},
    optional={
        "service": st.sampled_from(["Pod quota", "JupyterHub API"]) | anything,
        "ok": st.booleans() | anything,
        "quota": st.none() | st.integers() | st.floats() | anything,
        "total_pods": st.integers() | st.floats() | anything,
        "_ignore_failure": st.booleans() | anything,
    },
)
bodies = st.fixed_dictionaries({"checks": st.lists(entries, max_size=4) | anything}).map(
    lambda data: json.dumps(data).encode()
) | st.binary(max_size=40)
answers = st.builds(answer, bodies, status=st.sampled_from([200, 204, 302, 404, 500, 503])) | st.just(
    TimedOut("took too long")
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answers, answers, st.integers(-5, 200), st.none() | st.just(OWN))
def test_whatever_comes_back_there_is_a_verdict_with_sense(health, versions, headroom, reference):
    verdict = judge(Asked(health=health, versions=versions), replace(HUB, pod_headroom=headroom), Policy(), reference)
    assert verdict.healthy is (verdict.reason == "")
    assert verdict.healthy is (verdict.evidence is Evidence.GOOD)
    numbers = [] if verdict.pods is None else [verdict.pods.total, verdict.pods.quota, verdict.pods.user]
    assert all(number is None or (math.isfinite(number) and number >= 0) for number in numbers)
    assert json.dumps(verdict.versions, allow_nan=False)
    verdict.reason.encode()


def recorded(name: str) -> Answer:
    """What a real BinderHub answered."""
    if not (RECORDED / name).is_file():
        pytest.skip(f"no recorded answers of a real hub in {RECORDED}")
    head, _, body = (RECORDED / name).read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
    return answer(body, status=int(head.split()[1]))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("health-200-no-quota.txt", ""),
        ("health-200-under-quota.txt", ""),
        ("health-200-over-quota.txt", "full: 253 of 200 pods, and 10 are kept free"),
        ("health-503-hub-api-down.txt", "JupyterHub API fails"),
    ],
)
def test_a_real_hubs_health_is_understood(name, reason):
    assert judged(recorded(name), recorded("versions-200.txt")).reason == reason


def test_real_hubs_of_different_versions_are_told_apart():
    reference = judged(versions=recorded("versions-200.txt")).versions
    assert "other versions" in judged(versions=recorded("versions-200-minimal.txt"), reference=reference).reason
    assert judged(versions=recorded("versions-200.txt"), reference=reference).healthy


def test_a_headroom_in_per_cent_follows_the_quota():
    assert judged(quota(89, 100), headroom={"headroom_percent": 10}).healthy
    full = judged(quota(180, 200), headroom={"headroom_percent": 10})
    assert full.reason == "full: 180 of 200 pods, and 20 are kept free"


OTHER = {**OWN, "binderhub": "0.9"}


def test_other_versions_are_told_even_while_nobody_minds_them():
    verdict = judged(versions=OTHER, reference=OWN, version_rule="off")
    assert verdict.healthy
    assert verdict.skew == "the prime: binderhub 0.9 (prime: 1.0)"


def test_other_versions_are_forgiven_for_the_hours_of_grace():
    grace = {"version_rule": "grace", "version_grace_hours": 2}
    assert judged(versions=OTHER, reference=OWN, age=7199.0, **grace).healthy
    verdict = judged(versions=OTHER, reference=OWN, age=7200.0, **grace)
    assert (verdict.healthy, verdict.evidence, verdict.checks["versions"]) == (False, Evidence.SOFT, False)


def test_a_pinned_version_is_the_reference_whatever_the_prime_runs():
    assert judged(reference=OTHER, pinned_binderhub="1.0").healthy
    verdict = judged(versions=OTHER, reference=OTHER, pinned_binderhub="1.0")
    assert verdict.reason == "runs other versions than the reference: binderhub 0.9 (reference: 1.0)"


def test_the_prime_itself_is_held_against_a_pinned_version():
    verdict = judged(versions=OTHER, headroom={"prime": True}, pinned_binderhub="1.0")
    assert not verdict.healthy


def test_an_answer_that_took_too_long_is_soft_evidence():
    assert judged(answer_seconds_most=0.25).healthy
    verdict = judged(answer_seconds_most=0.2)
    assert (verdict.reason, verdict.evidence) == ("takes 0.2 s to answer, more than 0.2 s", Evidence.SOFT)
