"""The ledger: everything that was counted is in it until it has arrived, and it never grows beyond its bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.redirector import ledger as module
from routing.redirector.ledger import Ledger, LedgerError, begin, read
from routing.redirector.ledger_file import LedgerFile
from routing.usage_batches import decode

NOW = datetime(2026, 11, 23, 9, 12, 30, tzinfo=UTC)


def totals(**counts):
    return {hub: (number, 0, 0, 0, 0) for hub, number in counts.items()}


def batch_of(parcel):
    return decode(parcel.document.encode())


def rows(batch):
    return [(f"{at:%H:%M}", hub, reason, number) for at, hub, reason, number in batch.launches]


def test_what_is_new_is_noted_by_minute_hub_and_reason():
    ledger = Ledger()
    ledger.note({"a": (1, 2, 0, 0, 3)}, NOW)
    ledger.note({"a": (1, 4, 0, 0, 3), "b": (5, 0, 0, 0, 0)}, NOW + timedelta(minutes=1))
    assert rows(batch_of(ledger.pack(usage=True))) == [
        ("09:12", "a", "cookie", 3),
        ("09:12", "a", "home", 1),
        ("09:12", "a", "spill", 2),
        ("09:13", "a", "spill", 2),
        ("09:13", "b", "home", 5),
    ]


def test_batches_are_numbered_and_only_those_that_arrived():
    ledger = Ledger()
    numbers = []
    for count, taken in ((1, True), (2, False), (3, True), (4, True)):
        ledger.note(totals(a=count), NOW)
        numbers.append((batch_of(ledger.pack(usage=True)).number, batch_of(ledger.parcel).launches[0][3]))
        ledger.arrived(usage=taken)
    assert numbers == [(1, 1), (2, 1), (2, 2), (3, 1)]


def test_what_was_sent_is_sent_again_as_it_was_until_it_arrived():
    ledger = Ledger()
    ledger.note(totals(a=1), NOW)
    first = ledger.pack(usage=True)
    ledger.note(totals(a=5), NOW)
    assert ledger.pack(usage=False) is first
    assert ledger.waiting == 5
    ledger.arrived(usage=True)
    assert ledger.waiting == 4


def test_the_counts_of_today_do_not_wait_for_the_usage():
    ledger = Ledger()
    ledger.note(totals(a=3), NOW)
    parcel = ledger.pack(usage=False)
    assert (parcel.days, parcel.document) == ([("2026-11-23", "a", 3)], "")
    ledger.arrived(usage=True)
    assert ledger.pack(usage=False) is None
    assert batch_of(ledger.pack(usage=True)).launches[0][3] == 3


def test_repositories_go_along_and_a_look_counts_once():
    ledger = Ledger()
    ledger.note_repositories(0, 1, {("a", "gh/x/y"): 3}, NOW)
    ledger.note_repositories(0, 1, {("a", "gh/x/y"): 3}, NOW)
    ledger.note_repositories(1, 1, {("a", "gh/x/y"): 2}, NOW)
    ledger.note_repositories(0, 2, {("a", "gh/x/y"): 1}, NOW)
    assert batch_of(ledger.pack(usage=True)).repositories == ((NOW.date(), "a", "gh/x/y", 6),)


def test_a_batch_that_found_no_room_is_not_lost():
    ledger = Ledger()
    ledger.note(totals(a=3), NOW)
    ledger.note_repositories(0, 1, {("a", "gh/x/y"): 3}, NOW)
    before = batch_of(ledger.pack(usage=True))
    ledger.arrived(usage=False)
    assert batch_of(ledger.pack(usage=True)) == before


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["note", "pack", "arrive", "full", "die"])), max_size=40))
def test_nothing_is_lost_or_counted_twice_whatever_happens(steps):
    """Launches counted = launches that arrived + launches that wait."""
    ledger, total, arrived = Ledger(), 0, {}
    for number, what in steps:
        if what == "note":
            total += number
            ledger.note(totals(a=total), NOW)
        elif what == "pack":
            ledger.pack(usage=number % 2 == 0)
        elif what == "die":
            ledger = read(ledger.encode())
        elif ledger.parcel is not None:
            batch = batch_of(ledger.parcel) if ledger.parcel.document else None
            if batch and what == "arrive":
                arrived[batch.redirector, batch.number] = sum(each[3] for each in batch.launches)
            ledger.arrived(usage=what == "arrive")
    assert sum(arrived.values()) + ledger.waiting == (total if ledger.seen else 0)


def test_a_long_outage_is_kept_by_hours_and_nothing_is_lost(monkeypatch):
    monkeypatch.setattr(module, "MOST_CELLS", 300)
    ledger = Ledger()
    for minute in range(3 * 24 * 60):
        ledger.note(totals(a=minute + 1), NOW + timedelta(minutes=minute))
        assert len(ledger.launches) <= 301
    assert (ledger.waiting, ledger.lost) == (3 * 24 * 60, 0)


def test_what_goes_beyond_all_bounds_is_counted_as_lost(monkeypatch):
    monkeypatch.setattr(module, "MOST_CELLS", 100)
    ledger = Ledger()
    for number in range(2_000):
        ledger.note(totals(a=number + 1), NOW + timedelta(minutes=7 * number))
    assert ledger.lost > 0
    assert ledger.waiting + ledger.lost == 2_000
    assert len(ledger.launches) <= 101
    assert batch_of(ledger.pack(usage=True)).lost == ledger.lost


def test_old_days_of_the_pages_of_today_are_let_go():
    ledger = Ledger()
    for day in range(20):
        ledger.note(totals(a=day + 1), NOW + timedelta(days=day))
        ledger.note_repositories(0, day + 1, {("a", "gh/x/y"): 1}, NOW + timedelta(days=day))
    ledger.forget_days()
    assert (len({day for day, _ in ledger.days}), len(ledger.repositories)) == (8, 8)


def test_one_batch_is_never_endless(monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 5)
    ledger = Ledger()
    for minute in range(12):
        ledger.note(totals(a=minute + 1), NOW + timedelta(minutes=minute))
    assert len(batch_of(ledger.pack(usage=True)).launches) == 5


@pytest.mark.parametrize(
    "document",
    [b"", b"{}", b"[]", b"null", b"\xff", Ledger().encode().replace(b'"launches": []', b'"launches": [[1]]')],
)
def test_a_damaged_ledger_is_known_as_such(document):
    with pytest.raises(LedgerError):
        read(document)


def test_a_redirector_that_was_killed_leaves_its_counts_to_the_next_one(tmp_path):
    file = LedgerFile(tmp_path / "cache.counts")
    first = begin(file.read())
    file.write(first)
    first.note(totals(a=3), NOW)
    sent = first.pack(usage=True)
    first.note(totals(a=4), NOW)
    file.keep(first)

    second = begin(file.read())
    assert second.redirector != first.redirector
    assert second.interruptions == 1
    assert second.pack(usage=True) == sent
    second.arrived(usage=True)
    later = batch_of(second.pack(usage=True))
    assert (later.redirector, later.number, later.launches[0][3]) == (second.redirector, 1, 1)


def test_a_redirector_that_ended_well_leaves_no_file(tmp_path):
    file = LedgerFile(tmp_path / "cache.counts")
    ledger = begin(file.read())
    file.write(ledger)
    file.close(ledger)
    assert file.read() is None


def test_one_that_ended_well_while_redis_was_away_was_not_interrupted(tmp_path):
    file = LedgerFile(tmp_path / "cache.counts")
    ledger = begin(file.read())
    ledger.note(totals(a=3), NOW)
    file.close(ledger)
    after = begin(file.read())
    assert (after.waiting, after.interruptions) == (3, 0)


def test_in_quiet_times_the_disk_is_quiet(tmp_path):
    file = LedgerFile(tmp_path / "cache.counts")
    ledger = begin(file.read())
    file.write(ledger)
    before = file.path.stat().st_mtime_ns
    ledger.note(totals(a=3), NOW)
    ledger.pack(usage=True)
    ledger.arrived(usage=True)
    file.keep(ledger)
    assert file.path.stat().st_mtime_ns == before


def test_two_redirectors_with_one_cache_do_not_share_the_file(tmp_path):
    one, two = LedgerFile(tmp_path / "cache.counts"), LedgerFile(tmp_path / "cache.counts")
    assert (one.path is None, two.path is None) == (False, True)


def test_a_directory_that_can_not_be_written_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    file = LedgerFile(tmp_path / "file" / "cache.counts")
    ledger = begin(file.read())
    file.keep(ledger)
    file.close(ledger)
