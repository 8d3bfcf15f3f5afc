from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from routing.probe import Verdict
from routing.redirector.table import Table
from routing.snapshot import Factor, SnapshotError
from tests.redirector.making import OPTIONS, make_hub, make_view, three_hubs

SICK = Verdict(healthy=False, reason="Pod quota")
WELL = Verdict(healthy=True)


def keys(hubs: object) -> list[str]:
    return [hub.key for hub in hubs]  # type: ignore[attr-defined]


def chosen(table: Table) -> Counter[str]:
    return Counter(table.routes[table.choose(b"/build/gh/o/r%d/main" % number)[0]].key for number in range(300))


def test_hubs_with_weight_and_health_are_in_rotation():
    hubs = [*three_hubs(), make_hub("d", 0)]
    table = Table(make_view(*hubs, verdicts={"b": SICK}), OPTIONS)
    assert keys(table.in_rotation) == ["a", "c"]
    assert set(chosen(table)) == {"a", "c"}


def test_a_factor_of_zero_takes_a_hub_out():
    drained = make_hub("b", 50, factors=(Factor("state", 0, "drained"),))
    table = Table(make_view(make_hub("a"), drained), OPTIONS)
    assert keys(table.in_rotation) == ["a"]


def test_the_effective_weight_rules_not_the_promise():
    tapered = make_hub("b", 100, factors=(Factor("quota", 0.5), Factor("start", 0.02)))
    table = Table(make_view(make_hub("a", 99), tapered), OPTIONS)
    assert chosen(table)["b"] < 15


def test_our_own_verdict_goes_before_the_portals():
    hub = make_hub("a", factors=(Factor("health", 1.0),))
    assert Table(make_view(hub, make_hub("b"), verdicts={"a": SICK}), OPTIONS).in_rotation[0].key == "b"


def test_with_no_hub_healthy_the_prime_gets_everything_as_it_is():
    hubs = three_hubs()
    table = Table(make_view(*hubs, verdicts=dict.fromkeys("abc", SICK)), OPTIONS)
    assert table.in_rotation == ()
    assert set(chosen(table)) == {"a"}
    assert table.sticky == {}


def test_without_a_prime_any_hub_with_a_promise_is_better_than_none():
    hubs = [make_hub("a", 5), make_hub("b", 5), make_hub("c", 0)]
    assert set(chosen(Table(make_view(*hubs, verdicts=dict.fromkeys("abc", SICK)), OPTIONS))) == {"a", "b"}


def test_with_all_weights_zero_there_is_still_an_answer():
    assert set(chosen(Table(make_view(make_hub("a", 0), make_hub("b", 0)), OPTIONS))) == {"a", "b"}


def test_a_prime_of_weight_zero_gets_no_new_traffic_but_shows_the_pages():
    table = Table(make_view(make_hub("a", 0, prime=True), make_hub("b")), OPTIONS)
    assert set(chosen(table)) == {"b"}
    assert keys(table.ui_order) == ["a", "b"]


def test_pages_come_from_the_prime_then_from_healthy_hubs_then_from_the_rest():
    hubs = [make_hub("a"), make_hub("b", 0), make_hub("c", prime=True), make_hub("d")]
    well = Table(make_view(*hubs, verdicts={"a": SICK}), OPTIONS)
    sick = Table(make_view(*hubs, verdicts={"a": SICK, "c": SICK}), OPTIONS)
    assert keys(well.ui_order) == ["c", "d", "b", "a"]
    assert keys(sick.ui_order) == ["d", "b", "c", "a"]


def test_among_healthy_hubs_the_maintainers_order_counts():
    hubs = [make_hub("a", prime=True), make_hub("b", ui_order=2), make_hub("c", ui_order=1), make_hub("d", 0)]
    assert keys(Table(make_view(*hubs, verdicts={"a": SICK}), OPTIONS).ui_order) == ["c", "b", "d", "a"]


def test_options_win_over_the_policy():
    view = make_view(*three_hubs(), balancer="random", host_cookie_age_hours=4)
    assert Table(view, OPTIONS).cookie_age == 4 * 3600
    table = Table(view, replace(OPTIONS, balancer="rendezvous", cookie_age_hours=0.5))
    assert table.cookie_age == 1800
    assert len({table.choose(b"/build/gh/o/r/main") for _ in range(50)}) == 1


def test_homes_are_remembered_over_a_new_view_of_the_same_weights():
    first = Table(make_view(*three_hubs()), OPTIONS)
    second = Table(make_view(*three_hubs(), version=2, verdicts={"a": WELL}), OPTIONS, before=first)
    assert second.balancer is first.balancer


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example\r\nx: y",
        'https://a.example"; Domain=b',
        "https://a.example;x",
        "https://a b",
        "javascript:alert(1)",
        "https://ä.example",
        "https://a.example/\x00",
        "https://a.example?x=",
        "https://a.example#",
    ],
)
def test_an_address_that_could_break_a_header_is_refused(url: str):
    with pytest.raises(SnapshotError, match="cannot be redirected to"):
        Table(make_view(make_hub("a", url=url)), OPTIONS)


def test_a_prime_that_came_back_serves_pages_again_when_its_slow_start_is_over():
    back = make_hub("a", prime=True, factors=(Factor("slow start", 0.5, "came back"),))
    assert keys(Table(make_view(back, make_hub("b")), OPTIONS).ui_order) == ["b", "a"]
    assert keys(Table(make_view(make_hub("a", prime=True), make_hub("b")), OPTIONS).ui_order) == ["a", "b"]
