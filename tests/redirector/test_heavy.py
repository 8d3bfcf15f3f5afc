"""The heavy hitters: bounded, never too high, and whoever is heavy is there."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from routing.redirector.heavy import HeavyHitters

STREAMS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 5)), max_size=300)


@given(STREAMS, st.integers(1, 8))
def test_counts_are_bounded_never_too_high_and_never_lack_more_than_their_part(stream, slots):
    hitters: HeavyHitters[int] = HeavyHitters(slots)
    truth: Counter[int] = Counter()
    for key, number in stream:
        hitters.add(key, number)
        truth[key] += number
        assert len(hitters) < 2 * slots or slots == len(hitters) == 1
    found = dict(hitters.items())
    for key, number in truth.items():
        assert found.get(key, 0) <= number
        assert number - found.get(key, 0) <= truth.total() / slots
        if number > truth.total() / slots:
            assert key in found


def test_few_keys_are_counted_exactly():
    hitters: HeavyHitters[str] = HeavyHitters(10)
    for key in "abracadabra":
        hitters.add(key)
    assert hitters.top(2) == [("a", 5), ("b", 2)]


def test_a_flood_does_not_hide_who_is_heavy():
    hitters: HeavyHitters[int] = HeavyHitters(100)
    for number in range(50_000):
        hitters.add(number)
        if number % 20 == 0:
            hitters.add(-1)
    (key, count), *_ = hitters.top(1)
    assert key == -1
    assert 2_500 - 525 <= count <= 2_500
    assert len(hitters) <= 200
