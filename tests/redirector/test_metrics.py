from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.probe import Verdict
from routing.redirector import metrics
from routing.redirector.counters import OTHERS, SLOTS, Counters, Figures, cell
from routing.snapshot import Factor
from tests.redirector.making import NOW, make_front, make_hub, make_view, three_hubs

SERIES = re.compile(r'^([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)')


def series(view=None, totals=None, now=NOW) -> dict[str, float]:
    text = metrics.page(make_front(view).table, totals or {}, now).decode()
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            assert SERIES.fullmatch(line), line
            name, _, value = line.rpartition(" ")
            assert name not in found
            found[name] = float(value)
    return found


def health_of(found: dict[str, float], key: str) -> dict[str, float]:
    return {name: value for name, value in found.items() if name.startswith(f'federation_health{{member="{key}"')}


def test_a_healthy_hub_has_one_series_without_a_reason():
    found = series(make_view(*three_hubs(), verdicts={"a": Verdict(True)}))
    assert health_of(found, "a") == {'federation_health{member="a",reason=""}': 1}


def test_a_sick_hub_has_one_series_so_that_the_maximum_shows_the_outage():
    found = series(make_view(*three_hubs(), verdicts={"b": Verdict(False, 'Pod "quota"\nreached')}))
    assert health_of(found, "b") == {'federation_health{member="b",reason="Pod \\"quota\\"\\nreached"}': 0}


def test_no_series_of_an_earlier_reason_stays():
    front = make_front(make_view(*three_hubs(), verdicts={"b": Verdict(False, "Docker registry")}))
    front.install(make_view(*three_hubs(), verdicts={"b": Verdict(False, "Pod quota")}))
    assert metrics.page(front.table, {}, NOW).decode().count('federation_health{member="b"') == 1


def test_a_hub_that_left_the_snapshot_has_only_its_counts():
    found = series(make_view(make_hub("a")), {"a": (1, 0, 0, 0, 2), "gone": (3, 0, 0, 0, 4)})
    assert [name for name in found if "gone" in name and "reason_count" not in name] == [
        'federation_redirect_count{member="gone",reason="load_balancer"}',
        'federation_redirect_count{member="gone",reason="cookie"}',
    ]


def test_the_portals_word_on_health_counts_where_we_do_not_check():
    hub = make_hub("a", factors=(Factor("health", 0.0, "refuses connections"),))
    assert health_of(series(make_view(hub)), "a") == {'federation_health{member="a",reason="refuses connections"}': 0}


def test_each_check_has_its_series():
    checks = {"versions": True, "Docker registry": True, "JupyterHub API": True, "Pod quota": False}
    found = series(make_view(make_hub("a"), verdicts={"a": Verdict(False, "over quota", checks)}))
    assert {name: found[f'federation_health_check{{member="a",check="{name}"}}'] for name in checks} == {
        "versions": 1,
        "Docker registry": 1,
        "JupyterHub API": 1,
        "Pod quota": 0,
    }


def test_redirects_are_counted_under_the_name_the_dashboards_know():
    found = series(make_view(make_hub("a"), make_hub("b")), {"a": (2, 1, 1, 1, 7)})
    assert {name: value for name, value in found.items() if re.match("federation_redirect(_count|or)", name)} == {
        'federation_redirect_count{member="a",reason="load_balancer"}': 5,
        'federation_redirect_count{member="a",reason="cookie"}': 7,
        'federation_redirect_count{member="b",reason="load_balancer"}': 0,
        'federation_redirect_count{member="b",reason="cookie"}': 0,
        "federation_redirector_ready": 1,
    }


def test_redirects_are_counted_by_why_they_go_where_they_go():
    found = series(make_view(make_hub("a")), {"a": (2, 1, 3, 4, 7)})
    reasons = {"home": 2, "spill": 1, "weighted": 3, "fallback": 4, "cookie": 7}
    assert {name: value for name, value in found.items() if name.startswith("federation_redirect_reason")} == {
        f'federation_redirect_reason_count{{member="a",reason="{reason}"}}': count for reason, count in reasons.items()
    }


def test_the_table_says_where_it_is_from_and_how_old_it_is():
    found = series(make_view(make_hub("a"), version=17, source="cache", watching=True), now=NOW + 62.5)
    assert found["federation_snapshot_version"] == 17
    assert found["federation_snapshot_age_seconds"] == 62.5
    assert found['federation_snapshot_source{source="cache"}'] == 1
    assert found["federation_watching"] == 1


def test_a_clock_that_was_set_back_makes_no_negative_age():
    assert series(make_view(make_hub("a")), now=NOW - 3600)["federation_snapshot_age_seconds"] == 0


def test_weights_are_promise_and_fact():
    hubs = [make_hub("a", 40, factors=(Factor("start", 0.25),)), make_hub("b", 10)]
    found = series(make_view(*hubs, verdicts={"b": Verdict(False, "x")}))
    assert found['federation_weight{member="a"}'] == 40
    assert found['federation_effective_weight{member="a",factor=""}'] == 10
    assert found['federation_weight{member="b"}'] == 10
    assert found['federation_effective_weight{member="b",factor=""}'] == 0


def test_without_a_table_there_is_still_a_page():
    assert series() == {"federation_redirector_ready": 0}


@given(key=st.text(min_size=1, max_size=30), reason=st.text(max_size=50))
def test_no_name_breaks_the_page(key: str, reason: str):
    view = make_view(make_hub(key, url="https://x.example"), verdicts={key: Verdict(False, reason)})
    text = metrics.page(make_front(view).table, {}, NOW).decode()
    assert text.endswith("\n")
    for line in text.split("\n")[:-1]:
        assert line.startswith("# ") or SERIES.fullmatch(line)


def test_half_a_character_from_a_hub_breaks_nothing():
    view = make_view(make_hub("a"), verdicts={"a": Verdict(False, "\ud800")})
    assert b'reason="?"' in metrics.page(make_front(view).table, {}, NOW)


def test_counts_of_all_workers_add_up_and_outlive_them():
    counters = Counters(workers=3)
    counters.assign(["a", "b"])
    place = cell(counters.slots(), "b")
    for worker in range(3):
        counters.region(worker)[place] += worker + 1
        counters.region(worker)[place + 1] += 10
    assert counters.totals() == {"a": (0, 0, 0, 0, 0), "b": (6, 30, 0, 0, 0)}


def test_a_hub_keeps_its_slot():
    counters = Counters(1)
    counters.assign(["a", "b"])
    counters.assign(["c", "b"])
    assert counters.slots() == {"a": 0, "b": 1, "c": 2}


@pytest.mark.parametrize("key", ["ü" * 200, "x" * 257])
def test_endless_keys_share_the_last_slot(key: str):
    counters = Counters(1)
    counters.assign([key])
    assert counters.slots() == {}
    counters.region(0)[cell(counters.slots(), key)] += 1
    assert counters.totals() == {OTHERS: (1, 0, 0, 0, 0)}


def test_slots_are_bounded_whatever_hubs_come():
    counters = Counters(1)
    counters.assign(f"hub-{number}" for number in range(2 * SLOTS))
    assert len(counters.slots()) == SLOTS - 1
    counters.region(0)[cell(counters.slots(), f"hub-{2 * SLOTS - 1}")] += 1
    assert counters.totals()[OTHERS] == (1, 0, 0, 0, 0)


def test_the_hand_over_tells_what_waits_and_what_was_lost():
    text = metrics.page(None, {}, NOW, Figures(7, 3, 1)).decode()
    assert "\nfederation_usage_waiting 7\n" in text
    assert "\nfederation_usage_lost_count 3\n" in text
    assert "\nfederation_usage_interruptions_count 1\n" in text


def test_without_a_hand_over_nothing_is_said_of_it():
    assert b"federation_usage" not in metrics.page(None, {}, NOW)


def test_the_effective_weight_is_explained_factor_by_factor():
    factors = (Factor("slow start", 0.5, "came back"), Factor("quota", 0.5, "filling up"))
    found = series(make_view(make_hub("a", 40, factors=factors)))
    weights = {
        factor: found[f'federation_effective_weight{{member="a",factor="{factor}"}}']
        for factor in ("target", "slow start", "quota", "")
    }
    assert weights == {"target": 40, "slow start": 20, "quota": 10, "": 10}


def test_while_the_portal_checks_its_word_on_each_check_is_told():
    found = series(make_view(make_hub("a", checks=(("JupyterHub API", False),))))
    assert found['federation_health_check{member="a",check="JupyterHub API"}'] == 0
