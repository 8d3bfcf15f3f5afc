"""Health that can be trusted: no flapping, no stampede back, no empty federation because of our own network."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.damping import DampingPolicy, Evidence, Health, Observation, Round, settle, slow_start, step, taper

POLICY = DampingPolicy()
GOOD = Observation(Evidence.GOOD)
AWAY = Observation(Evidence.UNREACHABLE, "no answer")
SKEW = Observation(Evidence.SOFT, "another version than the prime's")
BROKEN = Observation(Evidence.HARD, "JupyterHub API fails")


def after(health: Health, *seen: Observation) -> Health:
    for number, each in enumerate(seen):
        health = step(health, each, 100.0 + number, POLICY)
    return health


def test_two_bad_rounds_do_not_take_a_hub_out_and_the_third_does():
    assert after(Health(), AWAY, AWAY).serving
    out = after(Health(), AWAY, AWAY, AWAY)
    assert not out.serving
    assert out.reason == "no answer"
    assert out.since == 102.0


def test_a_good_round_between_bad_ones_starts_the_count_again():
    assert after(Health(), AWAY, AWAY, GOOD, AWAY, AWAY).serving


def test_hard_evidence_takes_a_hub_out_at_once():
    assert not after(Health(), BROKEN).serving


def test_a_hub_comes_back_after_two_good_rounds_and_starts_slowly():
    back = after(Health(), BROKEN, GOOD, GOOD)
    assert back.serving
    assert slow_start(back, 102.0, POLICY) == pytest.approx(0.1)
    assert slow_start(back, 402.0, POLICY) == pytest.approx(0.55)
    assert slow_start(back, 702.0, POLICY) == 1.0


def test_one_good_round_is_not_enough_to_come_back():
    assert not after(Health(), BROKEN, GOOD, AWAY, GOOD).serving


def test_a_hub_on_the_edge_is_asked_again_soon():
    assert after(Health(), AWAY).settling
    assert after(Health(), BROKEN, GOOD).settling
    assert not after(Health(), GOOD).settling


def test_when_no_hub_can_be_reached_the_last_rotation_is_kept_for_a_while():
    fleet = settle(Round({}), {"a": GOOD, "b": GOOD}, 0.0, POLICY)
    for now in (10.0, 25.0, 40.0, 55.0, 609.0):
        fleet = settle(fleet, {"a": AWAY, "b": AWAY}, now, POLICY)
        assert fleet.healths["a"].serving
    assert fleet.fail_open_since == 40.0
    assert fleet.held == {"a", "b"}
    fleet = settle(fleet, {"a": AWAY, "b": AWAY}, 611.0, POLICY)
    assert not fleet.healths["a"].serving


def test_a_dead_hub_goes_out_once_another_one_was_reached_whoever_is_asked_first():
    fleet = settle(Round({}), {"a": GOOD, "b": GOOD}, 0.0, POLICY)
    for now in (10.0, 11.0, 12.0):
        fleet = settle(fleet, {"a": AWAY}, now, POLICY)
    assert fleet.healths["a"].serving
    fleet = settle(fleet, {"b": GOOD}, 13.0, POLICY)
    fleet = settle(fleet, {"a": AWAY}, 14.0, POLICY)
    assert not fleet.healths["a"].serving
    assert fleet.healths["a"].out_by is Evidence.UNREACHABLE


def test_fail_open_is_over_as_soon_as_anybody_is_reached():
    fleet = Round({})
    for now in (0.0, 1.0, 2.0):
        fleet = settle(fleet, {"a": AWAY, "b": AWAY}, now, POLICY)
    assert fleet.fail_open_since == 2.0
    fleet = settle(fleet, {"b": GOOD}, 3.0, POLICY)
    assert fleet.fail_open_since is None


def test_without_a_time_to_fail_open_every_answer_counts_as_today():
    today = DampingPolicy(fall=1, rise=1, fail_open_seconds=0)
    assert not settle(Round({}), {"a": AWAY}, 5.0, today).healths["a"].serving


def test_when_all_hubs_say_themselves_that_they_fail_it_is_not_our_network():
    fleet = settle(Round({}), {"a": BROKEN, "b": BROKEN}, 0.0, POLICY)
    assert not any(health.serving for health in fleet.healths.values())


def test_soft_rules_take_out_half_of_the_hubs_at_most_and_say_whom_they_held():
    fleet = Round({key: Health() for key in "abcde"})
    for now in range(10):
        fleet = settle(fleet, {key: SKEW for key in "abcde"}, float(now), POLICY)
    assert sorted(key for key, health in fleet.healths.items() if not health.serving) == ["a", "b"]
    assert fleet.held == {"c", "d", "e"}


def test_dead_hubs_go_out_even_when_they_are_more_than_half():
    fleet = Round({key: Health() for key in "abc"})
    for now in range(3):
        fleet = settle(fleet, {"a": AWAY, "b": AWAY, "c": GOOD}, float(now), POLICY)
    assert [key for key, health in fleet.healths.items() if health.serving] == ["c"]


def test_no_healthy_hub_is_thrown_out_in_an_hour_of_two_in_a_hundred_random_failures():
    # Three in a row at 2 % each: 8 in a million. An hour has 240 rounds; the seeds make it the same hour each time.
    import random

    dice = random.Random(7)
    for _ in range(100):
        health = Health()
        for now in range(240):
            health = step(health, AWAY if dice.random() < 0.02 else GOOD, float(now), POLICY)
            assert health.serving


def test_the_weight_falls_from_four_fifths_of_the_usable_quota_to_nothing():
    assert taper(79, 100, POLICY) == 1.0
    assert taper(90, 100, POLICY) == pytest.approx(0.5)
    assert taper(100, 100, POLICY) == 0.0
    assert taper(5, 0, POLICY) == 0.0


observations = st.sampled_from([GOOD, AWAY, SKEW, BROKEN])
healths = st.builds(
    Health,
    serving=st.booleans(),
    good=st.integers(0, 10),
    bad=st.integers(0, 10),
    bad_since=st.none() | st.floats(-1e9, 1e9),
    returned_at=st.none() | st.floats(-1e9, 1e9),
)


@given(healths)
def test_from_any_state_rise_good_rounds_bring_a_hub_back(health):
    assert after(health, *[GOOD] * POLICY.rise).serving


@given(
    st.lists(st.dictionaries(st.sampled_from("abcd"), observations), max_size=30),
    st.lists(st.floats(-1e12, 1e12), min_size=30, max_size=30),
)
def test_no_sequence_of_rounds_and_clocks_makes_a_weight_negative_or_nan(rounds, clocks):
    fleet = Round({})
    for seen, now in zip(rounds, clocks, strict=False):
        fleet = settle(fleet, seen, now, POLICY)
        for health in fleet.healths.values():
            share = slow_start(health, now, POLICY)
            assert 0.0 <= share <= 1.0


@given(st.floats(), st.floats(), st.floats(0, 1))
def test_no_pods_and_no_quota_make_a_weight_negative_or_nan(used, usable, taper_from):
    share = taper(used, usable, DampingPolicy(taper_from=taper_from))
    assert math.isfinite(share)
    assert 0.0 <= share <= 1.0
