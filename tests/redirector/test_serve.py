"""The whole program: its processes, and how it starts and ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from bench import processes
from dev.servers import Valkey
from routing.balancing.memory import REMEMBERED
from routing.snapshot import REDIS_REDIRECTS
from routing.usage_batches import REDIS_USAGE, decode
from tests.redirector.conftest import FakeHub, Redirector, hosts_document
from tests.redirector.serving import read_to_end, read_until, wait_until

LAUNCH = b"GET /build/gh/a/b/main HTTP/1.1\r\nHost: x\r\n\r\n"
Start = Callable[..., Redirector]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, hubs: list[FakeHub]) -> str:
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text(json.dumps(hosts_document(hubs)))
    return str(path)


@pytest.fixture(scope="module")
def redirector(start: Start, config: str) -> Redirector:
    return start("--config", config, "--workers", "2", "--balancer", "rendezvous")


def total(redirector: Redirector) -> float:
    text = redirector.get("/metrics")[2].decode()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("federation_redirect_count{"))


def test_a_config_file_is_all_it_takes(redirector: Redirector, hubs: list[FakeHub]):
    status, headers, body = redirector.get("/build/gh/a/b/main?x=1")
    assert (status, body) == (307, b"")
    assert headers["location"].removesuffix("/build/gh/a/b/main?x=1") in {hub.url for hub in hubs}
    assert redirector.metric('federation_snapshot_source{source="config"}') == 1


def test_pages_are_shown_by_the_prime_hub(redirector: Redirector, hubs: list[FakeHub]):
    assert redirector.get("/v2/gh/a/b/main?x")[2].decode() == f"{hubs[0].url}/v2/gh/a/b/main?x"


def test_the_counts_of_all_workers_add_up(redirector: Redirector):
    before = total(redirector)
    for _ in range(60):  # connections of their own, so that both workers get some
        redirector.get("/build/gh/a/b/main")
    assert {total(redirector) for _ in range(10)} == {before + 60}


def test_a_worker_that_is_killed_is_replaced_and_its_counts_stay(redirector: Redirector):
    before, children = total(redirector), redirector.children()
    victim = children[-1]
    os.kill(victim, signal.SIGKILL)
    for _ in range(20):
        assert redirector.get("/build/gh/a/b/main")[0] == 307
    wait_until(lambda: len(set(redirector.children()) - {victim}) == 3, "there are two workers and a keeper again")
    wait_until(redirector.is_ready, "the new worker is ready")
    assert total(redirector) == before + 20


def test_without_its_keeper_the_redirector_goes_on_until_there_is_a_new_one(redirector: Redirector):
    keeper = redirector.children()[0]
    os.kill(keeper, signal.SIGKILL)
    assert redirector.get("/build/gh/a/b/main")[0] == 307
    wait_until(lambda: len(set(redirector.children()) - {keeper}) == 3, "there is a keeper again")
    wait_until(lambda: (redirector.metric("federation_snapshot_age_seconds") or 99) < 5, "it tells the workers")


def test_a_hub_that_falls_ill_leaves_and_comes_back(start: Start, config: str, hubs: list[FakeHub]):
    one = start("--config", config)

    def active() -> list[str]:
        return list(json.loads(one.get("/active_hosts")[2])["active_hosts"])

    def health_of_c() -> list[str]:
        lines = one.get("/metrics")[2].decode().splitlines()
        return [line.split("} ")[1] for line in lines if line.startswith('federation_health{member="c"')]

    wait_until(lambda: one.metric('federation_health_check{member="c",check="JupyterHub API"}'), "it was checked")
    hubs[2].healthy = False
    try:
        wait_until(lambda: active() == ["a", "b"], "the hub leaves")
        assert health_of_c() == ["0"]
        assert one.metric('federation_health_check{member="c",check="JupyterHub API"}') == 0
    finally:
        hubs[2].healthy = True
    wait_until(lambda: active() == ["a", "b", "c"], "the hub comes back")
    assert health_of_c() == ["1"]


def test_a_hang_up_makes_it_read_its_config_again(start: Start, tmp_path: Path, hubs: list[FakeHub]):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(hosts_document(hubs[:1])))
    one = start("--config", str(path))
    path.write_text(json.dumps(hosts_document(hubs[:2])))
    one.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "b" in json.loads(one.get("/active_hosts")[2])["active_hosts"], "the second hub is there")
    assert one.stop() == 0


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_under_load_loses_no_request(start: Start, config: str, sign: signal.Signals):
    one = start("--config", config, "--workers", "2")
    done, lost, stop = [0], list[str](), threading.Event()

    def visit(keep: bool) -> None:
        while not stop.is_set():
            try:
                client = socket.create_connection(("127.0.0.1", one.port), timeout=10)
            except ConnectionRefusedError:
                return
            with client:
                closing = False
                while not closing and not stop.is_set():
                    try:
                        client.sendall(LAUNCH)
                        answer = read_until(client, b"\r\n\r\n")
                    except (OSError, AssertionError) as error:
                        lost.append(repr(error))
                        return
                    done[0] += 1
                    closing = b"connection: close" in answer or not keep

    visitors = [threading.Thread(target=visit, args=(number % 2 == 0,)) for number in range(8)]
    for visitor in visitors:
        visitor.start()
    wait_until(lambda: done[0] > 200, "there is load")
    assert one.stop(sign) == 0
    stop.set()
    for visitor in visitors:
        visitor.join(10)
    assert lost == []


def test_a_killed_supervisor_leaves_no_process(start: Start, config: str):
    one = start("--config", config)
    children = one.children()
    one.process.kill()
    one.process.wait(10)
    wait_until(lambda: not any(_lives(pid) for pid in children), "its children are gone")


def _lives(pid: int) -> bool:
    return any(each.pid == pid and not each.is_dead for each in processes.processes())


def test_a_port_that_is_taken_is_said_in_one_sentence(config: str):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run("--config", config, "--port", port)
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use." in ended.stderr
    assert "Traceback" not in ended.stderr


def test_where_there_will_never_be_a_hub_it_ends(tmp_path: Path):
    ended = run("--config", str(tmp_path / "missing.json"), "--port", "0")
    assert ended.returncode == os.EX_CONFIG
    assert "missing.json" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_redirects_are_handed_over_once_whatever_happens_to_the_keeper(start: Start, config: str, valkey: Valkey):
    one = start("--config", config, "--redis", valkey.url, "--workers", "2")

    def handed_over() -> int:
        with redis.Redis.from_url(valkey.url) as client:
            days = client.keys(REDIS_REDIRECTS.format(day="2*"))
            return sum(int(count) for day in days for count in client.hvals(day))

    for _ in range(30):
        one.get("/build/gh/a/b/main")
    wait_until(lambda: handed_over() == 30, "the counts are there")
    os.kill(one.children()[0], signal.SIGKILL)
    for _ in range(10):
        one.get("/build/gh/a/b/main")
    wait_until(lambda: handed_over() == 40, "the next keeper goes on where it was")
    for _ in range(5):
        one.get("/build/gh/a/b/main")
    assert one.stop() == 0
    assert handed_over() == 45
    with redis.Redis.from_url(valkey.url) as client:
        batches = {batch.number: batch for batch in map(decode, client.lrange(REDIS_USAGE, 0, -1))}
    assert sorted(batches) == list(range(1, len(batches) + 1))
    assert sum(number for batch in batches.values() for *_, number in batch.launches) == 45
    assert {name for batch in batches.values() for _, _, name, _ in batch.repositories} == {"gh/a/b"}


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "routing.redirector", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=Path(__file__).parents[2],
        env={"PATH": os.environ["PATH"], **environ},
    )


def test_the_process_has_no_django():
    loaded = subprocess.run(
        [sys.executable, "-c", "import routing.redirector.__main__, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout.split()
    assert not {"django", "celery", "psycopg", "members", "federation"} & {name.partition(".")[0] for name in loaded}


def test_a_worker_stays_small_whatever_is_asked(start: Start, config: str):
    """More than twice as many paths as it can remember, so that yet more would change nothing."""
    one = start("--config", config)
    count = 5 * REMEMBERED
    launches = (b"GET /build/gh/owner-%d/repository-%d/main HTTP/1.1\r\n\r\n" % (each, each) for each in range(count))
    last = b"GET /build/gh/the/last/main HTTP/1.1\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", one.port), timeout=30) as client:
        sender = threading.Thread(target=client.sendall, args=(b"".join(launches) + last,))
        sender.start()
        answers = read_to_end(client)
        sender.join()
    assert answers.count(b"HTTP/1.1 307") == count + 1
    assert all(processes.resident_megabytes(pid) < 80 for pid in one.children())
