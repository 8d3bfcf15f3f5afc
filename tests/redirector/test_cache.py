"""The last good state on disk."""

import errno
import json
import os

import pytest

from routing.damping import Evidence
from routing.probe import Verdict
from routing.redirector import cache
from routing.redirector.cache import CacheError, Remembered
from routing.snapshot import SCHEMA, Hub, Snapshot

HUB = Hub("a", "https://a.example.org", "https://a.example.org/health", "https://a.example.org/versions", 1)
SICK = Verdict(healthy=False, reason="JupyterHub API fails", checks={"JupyterHub API": False}, evidence=Evidence.HARD)
STATE = Remembered(Snapshot(5, 500.0, (HUB,)), "redis", 77.0, {"a": SICK}, {"binderhub": "1.0"})


def damaged(path, change):
    data = json.loads(path.read_bytes())
    change(data)
    path.write_text(json.dumps(data))


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "deep" / "cache.json"
    cache.write(path, STATE)
    assert cache.read(path) == STATE


def test_no_file_remembers_nothing(tmp_path):
    assert cache.read(tmp_path / "none") is None


def test_only_the_file_itself_is_left_behind(tmp_path):
    cache.write(tmp_path / "cache.json", STATE)
    cache.write(tmp_path / "cache.json", STATE)
    assert os.listdir(tmp_path) == ["cache.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"{}", b"[" * 100_000, b'{"format": 1}'])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "cache.json").write_bytes(content)
    with pytest.raises(CacheError):
        cache.read(tmp_path / "cache.json")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(format=2),
        lambda data: data.update(snapshot=data["snapshot"].replace("a.example", "b.example")),
        lambda data: data.update(snapshot=data["snapshot"].replace(f'"schema":{SCHEMA}', f'"schema":{SCHEMA + 1}')),
        lambda data: data.update(snapshot=7),
        lambda data: data.update(verdicts=[]),
        lambda data: data["verdicts"].update(a=None),
        lambda data: data["verdicts"]["a"].update(evidence="rumour"),
        lambda data: data.update(confirmed_at="yesterday"),
        lambda data: data.update(confirmed_at=float("inf")),
    ],
)
def test_a_changed_file_is_refused(tmp_path, change):
    path = tmp_path / "cache.json"
    cache.write(path, STATE)
    damaged(path, change)
    with pytest.raises(CacheError):
        cache.read(path)


def test_a_directory_in_its_place_is_refused(tmp_path):
    with pytest.raises(CacheError, match="can't be read"):
        cache.read(tmp_path)


def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch):
    path = tmp_path / "cache.json"
    cache.write(path, STATE)

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        cache.write(path, Remembered(STATE.snapshot, "http", 88.0))
    assert cache.read(path) == STATE
    assert os.listdir(tmp_path) == ["cache.json"]
