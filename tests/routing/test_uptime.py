"""Uptime from flips: every second of a window is counted once, unknown and planned time apart."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from routing.models import Downtime
from routing.services import overview, uptime
from tests.factories import make_checked_hub, make_downtime, make_flips

START, END = 1_000_000.0, 2_000_000.0
HOUR, DAY = 3600.0, 86_400.0

moments = st.integers(0, 3_000_000).map(float)
flips = st.lists(st.tuples(moments, st.sampled_from(["serving", "out", "unknown"])), max_size=12).map(sorted)
spans = st.lists(st.tuples(moments, st.integers(1, 900_000)).map(lambda each: (each[0], each[0] + each[1])), max_size=6)


@given(flips, spans)
def test_the_pieces_cover_the_window_exactly_and_in_order(flips, spans):
    pieces = uptime.stretches(flips, spans, START, END)

    assert pieces[0][0] == START
    assert pieces[-1][1] == END
    assert all(one[1] == other[0] for one, other in pairwise(pieces))
    assert all(start < end for start, end, _ in pieces)


@given(flips, spans)
def test_planned_is_what_was_planned_and_nothing_else(flips, spans):
    pieces = uptime.stretches(flips, spans, START, END)

    for start, end, what in pieces:
        middle = (start + end) / 2
        assert (what == "planned") == any(begins <= middle < ends for begins, ends in spans)


@given(flips, spans)
def test_each_piece_says_what_the_last_flip_before_it_said(flips, spans):
    for start, end, what in uptime.stretches(flips, spans, START, END):
        said = [to for at, to in flips if at <= (start + end) / 2]
        assert what in {"planned", said[-1] if said else "unknown"}


@given(flips, spans)
def test_days_and_windows_count_every_second_once(flips, spans):
    pieces = uptime.stretches(flips, spans, START, END)

    assert sum(uptime.total(pieces, START, END)) == pytest.approx(END - START)
    found = uptime.days(pieces, END, 20)
    assert sum(map(sum, found)) == pytest.approx(END - START)
    for kind in range(4):
        assert sum(day[kind] for day in found) == pytest.approx(uptime.total(pieces, START, END)[kind])


@given(flips, spans, moments)
def test_a_window_is_the_sum_of_its_parts(flips, spans, cut):
    pieces, cut = uptime.stretches(flips, spans, START, END), min(max(cut, START), END)

    parts = zip(uptime.total(pieces, START, cut), uptime.total(pieces, cut, END), strict=True)

    assert [one + other for one, other in parts] == pytest.approx(list(uptime.total(pieces, START, END)))


@given(spans)
def test_merged_spans_neither_touch_nor_lose_anything(spans):
    merged = uptime.merged(spans)

    assert all(one[1] < other[0] for one, other in pairwise(merged))
    assert all(any(start <= begins and ends <= end for start, end in merged) for begins, ends in spans)


def test_before_the_first_flip_nothing_is_known():
    pieces = uptime.stretches([(START + HOUR, "serving")], [], START, START + 3 * HOUR)

    assert uptime.total(pieces, START, START + 3 * HOUR) == uptime.Uptime(serving=2 * HOUR, unknown=HOUR)


def test_a_flip_before_the_window_says_how_it_begins():
    pieces = uptime.stretches([(START - DAY, "out")], [], START, START + HOUR)

    assert pieces == [(START, START + HOUR, "out")]


def test_of_several_flips_at_once_the_last_one_counts():
    pieces = uptime.stretches([(START, "out"), (START, "unknown"), (START, "serving")], [], START, START + HOUR)

    assert pieces == [(START, START + HOUR, "serving")]


def test_an_outage_in_planned_maintenance_is_planned():
    flips = [(START, "serving"), (START + HOUR, "out"), (START + 4 * HOUR, "serving")]

    pieces = uptime.stretches(flips, [(START + 2 * HOUR, START + 5 * HOUR)], START, START + 6 * HOUR)

    assert [what for _, _, what in pieces] == ["serving", "out", "planned", "planned", "serving"]
    found = uptime.total(pieces, START, START + 6 * HOUR)
    assert found == uptime.Uptime(serving=2 * HOUR, out=HOUR, planned=3 * HOUR)
    assert found.share == pytest.approx(2 / 3)


def test_of_unknown_and_planned_time_there_is_no_share():
    assert uptime.Uptime(unknown=DAY, planned=DAY).share is None


def test_a_day_is_a_utc_day_and_today_is_unfinished():
    now = 20 * DAY + 6 * HOUR
    pieces = uptime.stretches([(18 * DAY, "serving"), (19 * DAY + 23 * HOUR, "out")], [], 10 * DAY, now)

    assert uptime.days(pieces, now, 3) == [
        uptime.Uptime(serving=DAY),
        uptime.Uptime(serving=23 * HOUR, out=HOUR),
        uptime.Uptime(out=6 * HOUR),
    ]


@pytest.mark.django_db
def test_the_history_of_hubs_comes_from_their_own_flips_and_downtimes():
    now = timezone.now()
    well, broken = make_checked_hub("well"), make_checked_hub("broken")
    make_checked_hub("new")
    make_flips(well, (now - timedelta(days=200), "out"), (now - timedelta(days=120), "serving"))
    make_flips(broken, (now - timedelta(hours=6), "serving"), (now - timedelta(hours=3), "out"))
    make_downtime(broken, starts=-1, ends=1)
    make_downtime(broken, starts=-5, ends=-4, severity=Downtime.Severity.AT_RISK)
    make_downtime(broken, starts=-5, ends=-4, emergency=True)
    make_downtime(broken, starts=-5, ends=-4, cancelled_at=now)

    overviews = overview.read(now).hubs
    found = {each.hub.key: overview.histories(overviews, now)[each.hub.pk].windows for each in overviews}

    assert found["well"]["90 days"].share == 1
    assert found["new"]["24 h"].share is None
    assert list(found["broken"]["24 h"]) == pytest.approx([3 * HOUR, 2 * HOUR, 18 * HOUR, HOUR], abs=1)
    assert found["broken"]["24 h"].share == pytest.approx(0.6, abs=0.01)


@pytest.mark.django_db
def test_three_queries_give_the_history_of_any_number_of_hubs_and_one_gives_it_again(django_assert_num_queries):
    now = timezone.now()
    for number in range(12):
        make_flips(make_checked_hub(f"hub-{number}"), (now - timedelta(days=number), "serving"))
    hubs = overview.read(now).hubs

    with django_assert_num_queries(3):
        found = overview.histories(hubs, now)
    with django_assert_num_queries(1):
        again = overview.histories(hubs, now)

    assert len(found) == 12
    assert again == found


@pytest.mark.django_db
def test_a_new_flip_and_a_new_downtime_show_at_once():
    now = timezone.now()
    hub = make_checked_hub("a")

    def today() -> uptime.Uptime:
        found = overview.read(now).hubs
        return overview.histories(found, now)[hub.pk].windows["24 h"]

    assert today() == uptime.Uptime(unknown=DAY)
    make_flips(hub, (now - timedelta(hours=12), "serving"))
    assert today() == pytest.approx((DAY / 2, 0, DAY / 2, 0))
    make_downtime(hub, starts=-6, ends=1)
    assert today() == pytest.approx((DAY / 4, 0, DAY / 2, DAY / 4), abs=1)
