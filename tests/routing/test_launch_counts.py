"""A hub's own count of its launches, read from its /metrics."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.launch_counts import LaunchCounts, NotMetrics, read

RECORDED = Path(__file__).parents[2].parent / "shared/data/hub-responses/metrics-200.txt"

TEXT = """\
# HELP binderhub_launch_count_total Counter
# TYPE binderhub_launch_count_total counter
binderhub_launch_count_total{provider="GitHub",repo="a",status="success"} 7.0
binderhub_launch_count_total{provider="Git",repo="b",status="success"} 1.0
binderhub_launch_count_total{provider="GitHub",repo="a",status="failure"} 2.0
binderhub_launch_count_total{provider="GitHub",repo="a",status="retry"} 50.0
# TYPE binderhub_launch_count_created gauge
binderhub_launch_count_created{provider="GitHub",repo="a",status="success"} 1.7e9
other_total 5.0
"""


def test_retries_do_not_count_and_all_repositories_do():
    assert read(TEXT) == LaunchCounts(succeeded=8.0, tried=10.0)


def test_a_hub_that_launched_nothing_yet_has_zeroes():
    assert read("") == LaunchCounts(0.0, 0.0)


def test_the_growth_is_what_is_new():
    assert LaunchCounts(8, 10).since(LaunchCounts(5, 6)) == LaunchCounts(3, 4)


def test_a_counter_that_fell_began_anew():
    assert LaunchCounts(2, 3).since(LaunchCounts(80, 100)) == LaunchCounts(2, 3)


@pytest.mark.parametrize("value", ["NaN", "-1", "+Inf"])
def test_counts_that_make_no_sense_are_refused(value):
    with pytest.raises(NotMetrics):
        read(TEXT.replace(" 7.0", f" {value}"))


@given(st.text(max_size=200))
def test_whatever_a_hub_says_there_are_counts_or_a_refusal(text):
    try:
        counts = read(f"{TEXT}{text}")
    except NotMetrics:
        return
    assert counts.tried >= counts.succeeded >= 0


def test_the_answer_of_a_real_hub_is_understood():
    if not RECORDED.exists():
        pytest.skip("../shared/data/hub-responses is not here")
    body = RECORDED.read_text().split("\n\n", 1)[1]
    assert read(body).tried >= 0
