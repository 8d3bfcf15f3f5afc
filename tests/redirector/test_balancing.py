from __future__ import annotations

import json
import math
import random
from collections import Counter
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import balancing
from routing.balancing import Rendezvous, WeightedRandom, balancer, cache_key, rank, ranking, rendezvous

VECTORS = Path(__file__).parents[2].parent / "shared" / "data" / "rendezvous-vectors.json"
THREE = [("hetzner-2i2c", 50.0), ("hetzner-gesis", 50.0), ("bids-ovh", 50.0)]

weights = st.floats(min_value=1e-6, max_value=1e6)
many_hubs = st.dictionaries(st.text(min_size=1, max_size=20), weights, min_size=1, max_size=12).map(
    lambda found: list(found.items())
)
paths = st.binary(max_size=40).map(lambda tail: b"/build/" + tail)


def drawn(key: str, hub: str) -> int:
    return int.from_bytes(blake2b(f"{key}-{hub}".encode(), digest_size=8).digest(), "big")


def slowly(key: bytes, hubs: balancing.Hubs) -> str:
    """The rule as the facts tell it, with nothing spared."""
    scores = {}
    for hub, weight in hubs:
        number = int.from_bytes(blake2b(key + b"-" + hub.encode(), digest_size=8).digest(), "big")
        scores[hub] = weight * 1 / -math.log(number / 0xFFFFFFFFFFFFFFFF)
    return max(scores, key=lambda hub: scores[hub])


def test_the_hash_is_the_one_in_use_today():
    assert drawn("/build/gh/ipython/ipython-in-depth", "hetzner-2i2c") == 9414960430947282827


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (b"/build/gh/IPython/Ipython-In-Depth/main", b"/build/gh/ipython/ipython-in-depth"),
        (b"/build/gh/a/b/feature/x", b"/build/gh/a/b/feature"),
        (b"/build/GH/a/b/main", b"/build/gh/a/b"),
        (b"/build/gist/a/b/main", b"/build/gist/a/b/main"),
        (b"/build/zenodo/10.5281/ZENODO.1", b"/build/zenodo/10.5281/zenodo.1"),
        (b"/build/gh", b"/build"),
        (b"/build/", b"/build/"),
    ],
)
def test_all_refs_of_a_github_repository_share_a_key(path: bytes, key: bytes):
    assert cache_key(path) == key


@pytest.mark.parametrize(
    ("key", "hubs", "order"),
    [
        (b"/build/gh/ipython/ipython-in-depth", THREE, ["hetzner-gesis", "bids-ovh", "hetzner-2i2c"]),
        (b"/build/gh/binder-examples/requirements", THREE, ["hetzner-gesis", "hetzner-2i2c", "bids-ovh"]),
        (b"/build/gh/binder-examples/requirements", [("a", 0.8), ("b", 0.2)], ["a", "b"]),
        (b"/build/zenodo/10.5281/zenodo.3242074", [("staging", 100.0)], ["staging"]),
    ],
)
def test_known_keys_keep_their_rank(key: bytes, hubs: balancing.Hubs, order: list[str]):
    assert rank(key, hubs) == order
    assert slowly(key, hubs) == order[0]


def test_all_published_vectors_keep_their_rank():
    if not VECTORS.exists():
        pytest.skip(f"the published vectors are not here: {VECTORS.name}")
    data = json.loads(VECTORS.read_text())
    checked = 0
    for vector in data["vectors"]:
        path = vector["path"].encode()
        assert cache_key(path).decode() == vector["cache_key"]
        for hubs, order in zip(data["bucket_sets"], vector["ranks"], strict=True):
            assert rank(cache_key(path), hubs) == order
            assert hubs[Rendezvous(hubs).choose(path)[0]][0] == order[0]
            checked += 1
    assert checked == 400


@given(hubs=many_hubs, path=paths)
def test_the_balancer_chooses_what_the_rule_says(hubs: balancing.Hubs, path: bytes):
    place, reason = Rendezvous(hubs).choose(path)
    assert hubs[place][0] == rank(cache_key(path), hubs)[0]
    assert reason == "home"


@given(before=many_hubs, after=many_hubs, path=paths)
def test_what_is_learned_from_the_balancer_before_changes_no_choice(
    before: balancing.Hubs, after: balancing.Hubs, path: bytes
):
    old = Rendezvous(before)
    old.choose(path)
    assert Rendezvous(after, old).choose(path) == Rendezvous(after).choose(path)


@given(hubs=st.permutations([(f"hub-{number}", 10.0) for number in range(8)]), path=paths, change=st.floats(0.01, 100))
def test_one_changed_weight_is_followed_as_if_all_were_computed_anew(hubs: balancing.Hubs, path: bytes, change: float):
    old = Rendezvous(hubs)
    old.choose(path)
    edited = [(hubs[0][0], change), *hubs[1:]]
    assert Rendezvous(edited, old).choose(path) == Rendezvous(edited).choose(path)


edits = st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0.0, 1.0, 5.0, 10.0, 11.0])), max_size=25)


@given(edits=edits, asked=st.sets(st.integers(0, 25)), path=paths)
def test_no_history_of_edits_changes_a_choice(edits: list[tuple[int, float]], asked: set[int], path: bytes):
    weights = dict.fromkeys([f"hub-{number}" for number in range(6)], 10.0)
    one = Rendezvous(list(weights.items()))
    for number, (place, weight) in enumerate(edits):
        if number in asked:
            one.choose(path)
        weights[f"hub-{place}"] = weight
        hubs = [(hub, each) for hub, each in weights.items() if each] or [("last", 1.0)]
        one = Rendezvous(hubs, one)
    assert one.choose(path) == Rendezvous(one.hubs).choose(path)


@pytest.mark.parametrize("edited", [1, 10])
def test_after_some_edits_hardly_anything_is_hashed(monkeypatch: pytest.MonkeyPatch, edited: int):
    hubs = [(f"hub-{number}", 10.0) for number in range(300)]
    all_paths = [b"/build/gh/o/r%d/main" % number for number in range(500)]
    one = Rendezvous(hubs)
    for path in all_paths:
        one.choose(path)
    for number in range(edited):
        hubs = [*hubs[:number], (f"hub-{number}", 11.0), *hubs[number + 1 :]]
        one = Rendezvous(hubs, one)
    hashed = Counter[bytes]()
    draw = ranking._draw
    monkeypatch.setattr(ranking, "_draw", lambda seed, hub: (hashed.update([hub]), draw(seed, hub))[1])
    for path in all_paths:
        one.choose(path)
    assert sum(hashed.values()) <= (1 + edited) * len(all_paths)


def test_memory_is_bounded_whatever_is_edited(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rendezvous, "REMEMBERED", 100)
    one = Rendezvous(THREE)
    for number in range(2000):
        one.choose(b"/build/gh/o/r%d/main" % number)
        if number % 7 == 0:
            one = Rendezvous([("hetzner-2i2c", 1.0 + number), *THREE[1:]], one)
        assert len(one) <= 200
        assert len(one._old) <= ranking.LONGEST_MEMORY


def test_only_the_keys_of_a_hub_that_leaves_move():
    hubs = [("a", 3.0), ("b", 2.0), ("c", 1.0)]
    all_paths = [b"/build/gh/o/r%d/main" % number for number in range(2000)]
    before, after = Rendezvous(hubs), Rendezvous(hubs[:2])
    moved = {path for path in all_paths if hubs[before.choose(path)[0]] != hubs[after.choose(path)[0]]}
    assert moved == {path for path in all_paths if before.choose(path)[0] == 2}


def test_homes_follow_the_weights():
    hubs = [("a", 45.0), ("b", 35.0), ("c", 20.0)]
    homes = Counter(Rendezvous(hubs).choose(b"/build/gh/o/r%d/main" % number)[0] for number in range(10_000))
    assert [homes[place] / 100 for place in range(3)] == pytest.approx([45, 35, 20], abs=2)


def test_memory_is_bounded_and_a_path_in_use_is_not_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rendezvous, "REMEMBERED", 100)
    one = Rendezvous(THREE)
    for number in range(1000):
        one.choose(b"/build/gh/o/r%d/main" % number)
        one.choose(b"/build/gh/in/use/main")
        assert len(one) <= 200
        assert one.remembers(b"/build/gh/in/use/main")


def test_a_huge_path_is_not_remembered():
    one = Rendezvous(THREE)
    one.choose(b"/build/" + b"x" * 5000)
    assert len(one) == 0


def test_there_is_room_for_every_repository_of_a_busy_day():
    assert rendezvous.REMEMBERED >= 16_384


@pytest.mark.parametrize("drawn_bytes", [b"\0" * 8, b"\xff" * 8, b"\xff" * 7 + b"\xfe"])
def test_the_ends_of_the_hash_range_crash_nothing(monkeypatch: pytest.MonkeyPatch, drawn_bytes: bytes):
    monkeypatch.setattr(ranking, "_draw", lambda seed, hub: drawn_bytes)
    assert sorted(rank(b"key", THREE)) == sorted(hub for hub, _ in THREE)
    assert Rendezvous(THREE).choose(b"/build/x")[0] in {0, 1, 2}


@pytest.mark.parametrize(("draw", "place"), [(0.0, 0), (0.449, 0), (0.451, 1), (0.801, 2), (math.nextafter(1, 0), 2)])
def test_random_draws_by_weight(draw: float, place: int):
    assert WeightedRandom([("a", 45.0), ("b", 35.0), ("c", 20.0)], lambda: draw).choose(b"/build/x") == (
        place,
        "weighted",
    )


def test_random_shares_follow_the_weights():
    one = WeightedRandom([("a", 45.0), ("b", 35.0), ("c", 20.0)], random.Random(7).random)
    seen = Counter(one.choose(b"/build/gh/hot/one/main")[0] for _ in range(20_000))
    assert [seen[place] / 200 for place in range(3)] == pytest.approx([45, 35, 20], abs=1.5)


@given(hubs=many_hubs, draw=st.floats(0, 1, exclude_max=True))
def test_random_never_falls_off_the_end(hubs: balancing.Hubs, draw: float):
    assert 0 <= WeightedRandom(hubs, lambda: draw).choose(b"")[0] < len(hubs)


def test_a_balancer_is_kept_when_nothing_changed():
    one = balancer("rendezvous", THREE)
    assert balancer("rendezvous", list(THREE), one) is one


def test_a_balancer_that_is_not_known_here_is_rendezvous():
    assert isinstance(balancer("from-the-future", THREE), Rendezvous)
    assert isinstance(balancer("random", THREE), WeightedRandom)
