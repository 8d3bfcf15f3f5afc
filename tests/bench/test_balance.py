from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import balance, launches
from bench.launches import Mix, in_a_day, invent, read, shuffled
from bench.replay import replay
from routing.balancing import Hubs, cache_key

DAY = Path(__file__).parents[2].parent / "shared" / "data" / "launches-2021-11-01.csv"
SMALL = Mix(count=12_000, repositories=900)
EQUAL: Hubs = [("a", 1.0), ("b", 1.0), ("c", 1.0)]
FOUR: Hubs = [("a", 45.0), ("b", 25.0), ("c", 20.0), ("d", 10.0)]
TWENTY: Hubs = [(f"hub-{number}", 1.0 + number % 5) for number in range(20)]
PROMISES = pytest.mark.parametrize(
    ("hubs", "points", "images"), [(EQUAL, 0.5, 1.03), (FOUR, 0.5, 1.03), (TWENTY, 1.0, 1.05)], ids=["3", "4", "20"]
)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert balance.main(arguments) == 0
    return capsys.readouterr().out


@PROMISES
@pytest.mark.parametrize("order", [shuffled, in_a_day])
def test_a_day_like_the_real_one_keeps_the_promises(order, hubs: Hubs, points: float, images: float):
    outcome = replay("balanced", hubs, order(invent(Mix(), 1), 1), 1)
    assert outcome.worst_share_error_points <= points
    assert outcome.images_per_repository <= images


@PROMISES
@pytest.mark.parametrize("order", [shuffled, in_a_day])
def test_the_real_day_keeps_the_promises(order, hubs: Hubs, points: float, images: float):
    if not DAY.exists():
        pytest.skip(f"the day's launches are not here: {DAY.name}")
    outcome = replay("balanced", hubs, order(read(DAY), 1), 1)
    assert outcome.worst_share_error_points <= points
    assert outcome.images_per_repository <= images
    assert outcome.needless_moves_per_repository is not None
    assert outcome.needless_moves_per_repository < 0.01


def test_it_beats_each_of_the_others_at_what_that_one_is_bad_at():
    day = shuffled(invent(SMALL, 2), 2)
    found = {name: replay(name, FOUR, day, 1) for name in ("random", "rendezvous", "bounded", "balanced")}
    ours = found["balanced"]
    assert ours.images_per_repository < 1.1
    assert found["random"].images_per_repository > 1.5
    assert found["rendezvous"].worst_share_error_points > found["bounded"].worst_share_error_points > 2
    assert ours.worst_share_error_points < found["random"].worst_share_error_points + 0.5
    assert found["rendezvous"].images_per_repository == 1
    assert found["rendezvous"].needless_moves_per_repository == 0


def test_the_same_seed_gives_the_same_outcome():
    day = shuffled(invent(SMALL, 3), 3)
    for name in ("random", "balanced"):
        assert replay(name, FOUR, day, 5) == replay(name, FOUR, day, 5)


def test_invented_launches_are_mixed_as_asked():
    found = invent(Mix(count=20_000, repositories=500, top=0.468, top_twenty=0.78), 1)
    counts = sorted((found.count(path) for path in set(found)), reverse=True)
    assert counts[0] / 200 == pytest.approx(46.8, abs=1.5)
    assert sum(counts[:20]) / 200 == pytest.approx(78, abs=1.5)
    assert len({cache_key(path) for path in found}) > 400


def test_a_day_has_the_same_launches_in_another_order():
    found = invent(Mix(count=3000, repositories=100), 1)
    day = in_a_day(found, 1)
    assert sorted(day) == sorted(found)
    top = max(set(found), key=found.count)
    tenths = [day[start : start + 300].count(top) for start in range(0, 3000, 300)]
    assert max(tenths) > 2 * min(tenths)


def test_a_file_is_read_launch_by_launch(tmp_path: Path):
    file = tmp_path / "launches.csv"
    file.write_text("provider,spec,origin,launches\nGitHub,O/R/main,x,2\nZenodo,10.5281/z,y,1\nGist,o/1/master,x,1\n")
    assert sorted(read(file)) == [
        b"/build/gh/O/R/main",
        b"/build/gh/O/R/main",
        b"/build/gist/o/1/master",
        b"/build/zenodo/10.5281/z",
    ]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "provider,spec,launches\nGitHub,a/b/c,many\n", "provider,spec\n"])
def test_a_file_of_something_else_is_refused_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str):
    file = tmp_path / "launches.csv"
    file.write_text(text)
    with pytest.raises(launches.Unreadable):
        read(file)
    assert balance.main(["--launches", str(file)]) == 1
    assert "launches.csv" in capsys.readouterr().err


def test_the_json_is_a_list_of_balancers(capsys: pytest.CaptureFixture[str]):
    rows = json.loads(run(capsys, "--count", "2000", "--weights", "a=50,b=50", "--seed", "7", "--json"))
    assert [row["balancer"] for row in rows] == ["random", "rendezvous", "bounded", "balanced"]
    for row in rows:
        assert set(row) >= {"worst_share_error_points", "images_per_repository", "spill_rate", "shares"}
        assert row["seeds"] == [7]
        assert sum(row["shares"].values()) == pytest.approx(1)


def test_the_table_is_for_people(capsys: pytest.CaptureFixture[str]):
    said = run(capsys, "--count", "500", "--balancer", "balanced", "--weights", "only=3", "--seed", "1", "--curve")
    assert "balanced" in said
    assert "weights only=3" in said
    assert "–" in said  # nobody is left when the only hub leaves


@pytest.mark.parametrize(
    "arguments",
    [["--weights", "a"], ["--weights", "a=0"], ["--weights", "a=1,a=2"], ["--weights", "a=inf"], ["--top", "90"]],
)
def test_nonsense_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        balance.main(arguments)
    assert capsys.readouterr().err
