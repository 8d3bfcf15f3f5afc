"""What workers see of repositories: all of it at ordinary rates, bounded at any."""

from __future__ import annotations

import tracemalloc

from routing.redirector.counters import cell
from routing.redirector.sightings import LONGEST, QUEUE, SLOTS, Sightings, look, make_box
from tests.redirector.making import make_front, make_view, three_hubs

CELL = cell({"a": 3}, "a")


def seen(sightings, box):
    sightings.count()
    sightings.pass_on()
    number, found = look(box)
    box.acknowledge(number)
    return found


def test_launches_are_counted_by_hub_and_repository():
    box = make_box()
    sightings = Sightings(box)
    for target in (b"/build/gh/A/B/main", b"/build/gh/a/b/v1?urlpath=lab", b"/build/gh/a/c/main"):
        sightings.see((CELL + 1, target))
    assert seen(sightings, box) == {(3, b"/build/gh/a/b"): 2, (3, b"/build/gh/a/c"): 1}


def test_every_redirect_is_seen_also_those_by_cookie():
    front = make_front(make_view(*three_hubs()))
    assert front.table is not None
    front.redirect(b"/build/gh/a/b/main", None, front.table)
    front.redirect(b"/build/gh/a/b/main", b'host="https://c.example"', front.table)
    front.sightings.count()
    front.sightings.pass_on()
    number, found = look(front.sightings._box)
    assert number == 1
    assert sum(found.values()) == 2
    assert found[2, b"/build/gh/a/b"] >= 1


def test_what_the_keeper_has_not_taken_is_not_overwritten_and_what_follows_comes_later():
    box = make_box()
    sightings = Sightings(box)
    sightings.see((CELL, b"/build/gh/a/b/main"))
    sightings.count()
    assert sightings.pass_on()
    sightings.see((CELL, b"/build/gh/a/b/main"))
    sightings.count()
    assert not sightings.pass_on()
    assert look(box) == (1, {(3, b"/build/gh/a/b"): 1})
    box.acknowledge(1)
    assert sightings.pass_on()
    assert look(box) == (2, {(3, b"/build/gh/a/b"): 1})


def test_a_worker_that_dies_leaves_what_it_passed_on_and_the_next_one_goes_on():
    box = make_box()
    first = Sightings(box)
    first.see((CELL, b"/build/gh/a/b/main"))
    first.count()
    first.pass_on()
    second = Sightings(box)
    second.see((CELL, b"/build/gh/a/c/main"))
    assert seen(second, box) == {(3, b"/build/gh/a/b"): 1}
    assert seen(second, box) == {(3, b"/build/gh/a/c"): 1}


def test_nothing_new_is_nothing_to_pass_on():
    assert not Sightings(make_box()).pass_on()
    assert look(make_box()) == (0, {})


def test_a_flood_of_distinct_and_hostile_paths_takes_bounded_memory_and_the_busy_one_is_found():
    box = make_box()
    sightings = Sightings(box)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for tick in range(60):
        for number in range(QUEUE - 10):
            sightings.see((CELL, b"/build/gh/flood/%d-%d/" % (tick, number) + b"\xff%00" * 50))
            sightings.see((CELL, b"/build/" + b"x" * 8000)) if number % 50 == 0 else None
        for _ in range(9):
            sightings.see((CELL, b"/build/gh/busy/one/%d" % tick))
        sightings.count()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert used < 2 * 1024 * 1024
    found = seen(sightings, box)
    assert len(found) <= SLOTS
    assert max(len(key) for _, key in found) <= LONGEST
    assert max(found, key=lambda key: found[key]) == (3, b"/build/gh/busy/one")


def test_one_repository_alone_is_counted_whole():
    box = make_box()
    sightings = Sightings(box)
    for _ in range(20):
        for number in range(QUEUE):
            sightings.see((CELL, b"/build/gh/only/one/%d?x=%d" % (number, number)))
        sightings.count()
    assert seen(sightings, box) == {(3, b"/build/gh/only/one"): 20 * QUEUE}
