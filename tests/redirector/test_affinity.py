from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.balancing import BalancedAffinity, Hubs, Rendezvous, affinity, balancer, cache_key, memory, rank

THREE = [("a", 45.0), ("b", 35.0), ("c", 20.0)]
HOT = b"/build/gh/hot/one/HEAD"

some_hubs = st.lists(st.floats(1, 50), min_size=1, max_size=6).map(
    lambda weights: [(f"hub-{number}", weight) for number, weight in enumerate(weights)]
)
any_hubs = st.dictionaries(
    st.text(min_size=1, max_size=8), st.floats(min_value=1e-3, max_value=1e3), min_size=1, max_size=6
).map(lambda found: list(found.items()))


def cold(number: int) -> bytes:
    return b"/build/gh/o/r%d/HEAD" % number


def mixed(count: int, seed: int, hot: Sequence[float] = (0.4, 0.2)) -> list[bytes]:
    """A stream in which some repositories have these parts and all others are seen a few times at most."""
    draw = random.Random(seed)
    paths = [*(b"/build/gh/hot/r%d/HEAD" % number for number in range(len(hot))), None]
    chosen = draw.choices(paths, [*hot, max(0.0, 1 - sum(hot))], k=count)
    return [path or cold(draw.randrange(1_000_000)) for path in chosen]


def sent(one: BalancedAffinity, paths: Iterable[bytes]) -> Counter[str]:
    return Counter(one.hubs[one.choose(path)[0]][0] for path in paths)


def error(seen: Counter[str], hubs: Hubs) -> float:
    """In points, at the worst hub."""
    weight = sum(weight for _, weight in hubs)
    return 100 * max(abs(seen[hub] / seen.total() - each / weight) for hub, each in hubs)


@given(hubs=any_hubs, path=st.binary(max_size=40).map(lambda tail: b"/build/" + tail))
def test_the_home_is_rendezvous_bit_for_bit(hubs: Hubs, path: bytes):
    place, reason = BalancedAffinity(hubs).choose(path)
    assert (hubs[place][0], reason) == (rank(cache_key(path), hubs)[0], "home")


@given(before=any_hubs, after=any_hubs, path=st.binary(max_size=40).map(lambda tail: b"/build/" + tail))
def test_what_is_inherited_changes_no_home(before: Hubs, after: Hubs, path: bytes):
    old = BalancedAffinity(before)
    old.choose(path)
    assert BalancedAffinity(after, old).choose(path) == Rendezvous(after).choose(path)


@settings(deadline=None, max_examples=25)
@given(
    hubs=some_hubs,
    hot=st.lists(st.floats(0.02, 1), min_size=1, max_size=6),
    hot_part=st.floats(0.5, 1),
    seed=st.integers(0, 99),
)
def test_shares_follow_any_weights_in_any_stream_with_hot_repositories(
    hubs: Hubs, hot: list[float], hot_part: float, seed: int
):
    stream = mixed(5_000, seed, [hot_part * each / sum(hot) for each in hot])
    one = BalancedAffinity(hubs)
    sent(one, stream[:2000])
    assert error(sent(one, stream[2000:]), hubs) < 2


@settings(deadline=None, max_examples=25)
@given(hubs=some_hubs)
def test_one_repository_alone_follows_the_weights(hubs: Hubs):
    one = BalancedAffinity(hubs)
    assert error(sent(one, [HOT] * 3000), hubs) < 1


@settings(deadline=None, max_examples=25)
@given(hubs=some_hubs, seed=st.integers(0, 99), cookies=st.sampled_from([0, 3, 10]))
def test_equal_inputs_give_equal_choices(hubs: Hubs, seed: int, cookies: int):
    def choices() -> list[object]:
        one = BalancedAffinity(hubs)
        found: list[object] = []
        for number, path in enumerate(mixed(600, seed)):
            if cookies and number % cookies == 0:
                one.note(path, number % len(hubs))
            if number == 300:
                one = BalancedAffinity([*hubs[1:], ("new", 3.0)], one)
            found.append(one.choose(path))
        return found

    assert choices() == choices()


@pytest.mark.parametrize("smallest", [1.0, 0.1, 0.01])
def test_no_hub_with_weight_starves(smallest: float):
    hubs = [("a", 70.0), ("b", 30.0 - smallest), ("c", smallest)]
    alone = sent(BalancedAffinity(hubs), [HOT] * 12_000)
    assert 0 < alone["c"] / 120 < smallest + 0.1
    assert sent(BalancedAffinity(hubs), [cold(number) for number in range(30_000)])["c"] > 0


def test_without_hot_repositories_shares_are_those_of_the_homes():
    paths = [cold(number) for number in range(3000)]
    one = BalancedAffinity(THREE)
    assert {one.choose(path)[1] for path in paths} == {"home"}
    assert sent(one, paths) == Counter(THREE[Rendezvous(THREE).choose(path)[0]][0] for path in paths)


def test_many_lukewarm_repositories_on_one_hub_help_out_too():
    hubs = [("a", 1.0), ("b", 1.0)]
    homes = Rendezvous(hubs)
    at_a = [path for path in map(cold, range(10_000)) if homes.choose(path)[0] == 0]
    lukewarm, rest = at_a[:80], [path for path in map(cold, range(10_000, 20_000))]
    draw = random.Random(5)
    stream = [draw.choice(lukewarm) if draw.random() < 0.6 else draw.choice(rest) for _ in range(12_000)]
    one = BalancedAffinity(hubs)
    sent(one, stream[:4000])
    assert error(sent(one, stream[4000:]), hubs) < 3


def test_all_refs_of_a_repository_are_hot_together():
    one = BalancedAffinity(THREE)
    assert error(sent(one, [b"/build/gh/hot/one/v%d" % (number % 100) for number in range(3000)]), THREE) < 1
    assert error(sent(BalancedAffinity(THREE), [b"/build/GH/Hot/One/x", HOT] * 1500), THREE) < 1


def test_memory_is_bounded_and_the_hot_repository_survives_a_flood(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "REMEMBERED", 1000)
    one = BalancedAffinity(THREE)
    sent(one, [HOT] * 500)
    warm = one._memory.recall(HOT)
    for number in range(20_000):
        one.choose(HOT if number % 100 == 0 else b"/build/flood/%d" % number)
        assert len(one._memory) <= 3 * 1000
    assert one._memory.recall(HOT) is warm
    assert warm.heat > 0.005 * one._total


def test_hostile_paths_take_no_more_memory_than_others():
    one = BalancedAffinity(THREE)
    for number in range(50):
        one.choose(b"/build/" + bytes([number]) * 8000)
        one.choose(b"/build/gh/" + bytes([number]) * 8000)
    kept = [*one._memory.paths, *one._memory._young]
    assert max(map(len, kept)) <= memory.LONGEST_REMEMBERED


def test_a_repository_with_an_endless_path_is_hot_like_any_other():
    one = BalancedAffinity(THREE)
    assert error(sent(one, [b"/build/gh/" + b"x" * 4000 + b"/main"] * 3000), THREE) < 1


def test_small_numbers_and_large_ones_choose_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(affinity, "_GROWTH", 2.0 ** (1 / 50))
    stream = mixed(6000, 3)
    one, other = BalancedAffinity(THREE), BalancedAffinity(THREE)
    as_they_grow = [one.choose(path) for path in stream]
    monkeypatch.setattr(affinity, "_GREATEST", 2.0**40)
    assert [other.choose(path) for path in stream] == as_they_grow
    assert other._unit < 2.0**41 < one._unit


def test_numbers_never_end(monkeypatch: pytest.MonkeyPatch):
    for name, value in (("_GROWTH", 2.0), ("_SUM", 2.0), ("_TURNS", (1.0, 2.0, 4.0, 8.0, 16.0))):
        monkeypatch.setattr(affinity, name, value)
    one = BalancedAffinity(THREE)
    for number in range(3000):
        one.choose(HOT)
        one.note(cold(number), 1)
    assert 0 < one._unit < one._total < float("inf")


def test_visitors_with_a_cookie_have_their_part_of_the_share_and_of_the_heat():
    hot = BalancedAffinity(THREE)
    for _ in range(200):
        hot.note(HOT, 0)
    assert hot.choose(HOT)[1] in {"home", "spill"}
    assert {hot.choose(HOT)[0] for _ in range(50)} <= {1, 2}


def test_a_change_of_weights_is_followed_at_once():
    one = BalancedAffinity(THREE)
    sent(one, mixed(5000, 1))
    after = [("a", 20.0), ("b", 35.0), ("c", 45.0)]
    assert error(sent(BalancedAffinity(after, one), mixed(1000, 2)), after) < 3


def test_a_hub_that_comes_back_is_not_flooded():
    one = BalancedAffinity(THREE)
    sent(one, mixed(5000, 1))
    away = BalancedAffinity(THREE[:2], one)
    assert set(sent(away, mixed(5000, 2))) == {"a", "b"}
    back = [*THREE[:2], ("c", 2.0)]  # the first step of its slow start
    seen = sent(BalancedAffinity(back, away), mixed(1000, 3))
    assert seen["c"] / seen.total() < 0.05


def test_repositories_of_other_hubs_stay_when_one_leaves():
    paths = [cold(number) for number in range(2000)]
    one = BalancedAffinity(THREE)
    before = {path: one.choose(path)[0] for path in paths}
    two = BalancedAffinity(THREE[:2], one)
    assert all(two.choose(path)[0] == place for path, place in before.items() if place != 2)


def test_a_hot_repository_keeps_its_hubs_through_changes():
    hubs = [(f"hub-{number}", 10.0) for number in range(8)]
    one = BalancedAffinity(hubs)
    stream = mixed(4000, 4, [0.25])
    was = set(sent(one, [path for path in stream if path.startswith(b"/build/gh/hot")]))
    changed = BalancedAffinity([*hubs[:7], ("hub-7", 11.0)], one)
    assert set(sent(changed, [path for path in stream if path.startswith(b"/build/gh/hot")][:300])) <= was


def test_heat_and_shares_survive_changes_every_few_redirects():
    one = BalancedAffinity(THREE)
    seen = Counter[str]()
    for number, path in enumerate(mixed(6000, 9)):
        if number % 10 == 0:
            one = BalancedAffinity([("a", 45.0), ("b", 35.0), ("c", 20.0 + number % 20 / 100)], one)
        if number >= 2000:
            seen[one.hubs[one.choose(path)[0]][0]] += 1
        else:
            one.choose(path)
    assert error(seen, THREE) < 2


def test_a_hub_that_went_and_came_back_is_still_known_to_have_the_image():
    one = BalancedAffinity(THREE)
    sent(one, [HOT] * 500)
    away = BalancedAffinity(THREE[:2], one)
    sent(away, [HOT] * 10)
    back = BalancedAffinity(THREE, away)
    back.choose(HOT)
    spread = back._memory.recall(HOT).spread
    assert spread is not None
    assert sorted(spread.places) == [0, 1, 2]


def test_one_hub_gets_everything():
    assert {BalancedAffinity([("a", 1.0)]).choose(path) for path in mixed(500, 1)} == {(0, "home")}


def test_a_balancer_is_kept_when_nothing_changed_and_inherited_when_something_did():
    one = balancer("balanced", THREE)
    assert isinstance(one, BalancedAffinity)
    assert balancer("balanced", list(THREE), one) is one
    one.choose(HOT)
    successor = balancer("balanced", THREE[:2], one)
    assert isinstance(successor, BalancedAffinity)
    assert successor._memory is one._memory
    assert isinstance(balancer("rendezvous", THREE, one), Rendezvous)
    assert isinstance(balancer("balanced", THREE, Rendezvous(THREE)), BalancedAffinity)
