"""The simulated hubs answer as real ones do, and break as real ones break."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from demo.hub import HubOptions, Mode
from demo.hubs import DemoHubs, PortTaken

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def running():
    options = [
        HubOptions("one", "One", quota=100, pace=0, pods_cached_seconds=0),
        HubOptions("two", "Two", quota=None, pace=0, launches_per_hour=1),
    ]
    with DemoHubs(0, options) as hubs:
        yield hubs


@pytest.fixture
def hubs(running):
    yield running
    for key in running.hubs:
        running.switch(key, Mode.HEALTHY)


def ask(url: str, method: str = "GET", data: bytes | None = None, timeout: float = 5, **headers: str):
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def launch(url: str, spec: str = "gh/someone/something/HEAD", **headers: str) -> list[dict]:
    status, _, body = ask(f"{url}/build/{spec}", Accept="text/event-stream", **headers)
    assert status == 200
    return [json.loads(line.removeprefix("data: ")) for line in body.splitlines() if line.startswith("data: ")]


def test_a_healthy_hub_says_so_in_a_binderhubs_shape(hubs):
    status, headers, body = ask(f"{hubs.hubs['one'].url}/health")

    assert status == 200
    assert headers["Content-Type"] == "application/json; charset=UTF-8"
    answer = json.loads(body)
    assert answer["ok"] is True
    assert [check["service"] for check in answer["checks"]] == ["Docker registry", "JupyterHub API", "Pod quota"]
    quota = answer["checks"][2]
    assert set(quota) == {"service", "total_pods", "build_pods", "user_pods", "quota", "ok", "_ignore_failure"}
    assert quota["quota"] == 100


def test_the_quota_may_be_null(hubs):
    _, _, body = ask(f"{hubs.hubs['two'].url}/health")

    assert json.loads(body)["checks"][2]["quota"] is None


def test_an_unhealthy_hub_answers_503_with_the_failed_check(hubs):
    hubs.switch("one", Mode.UNHEALTHY)

    status, _, body = ask(f"{hubs.hubs['one'].url}/health")

    assert status == 503
    assert {"service": "JupyterHub API", "ok": False} in json.loads(body)["checks"]


def test_head_on_health_has_the_status_and_no_body(hubs):
    hubs.switch("one", Mode.UNHEALTHY)

    status, headers, body = ask(f"{hubs.hubs['one'].url}/health", "HEAD")

    assert (status, body) == (503, "")
    assert int(headers["Content-Length"]) > 0


def test_a_hub_over_its_quota_still_answers_200_and_ok(hubs):
    hubs.switch("one", Mode.OVER_QUOTA)

    status, _, body = ask(f"{hubs.hubs['one'].url}/health")

    answer = json.loads(body)
    assert (status, answer["ok"]) == (200, True)
    assert answer["checks"][2]["ok"] is False
    assert answer["checks"][2]["total_pods"] > 100


def test_a_hub_over_its_quota_refuses_launches_in_the_stream(hubs):
    hubs.switch("one", Mode.OVER_QUOTA)

    assert launch(hubs.hubs["one"].url)[-1] == {
        "phase": "failed",
        "message": "Too many users on this BinderHub! Try again soon.\n",
    }


def test_versions_are_the_same_on_all_hubs_but_on_the_wrong_one(hubs):
    hubs.switch("two", Mode.WRONG_VERSION)

    right, wrong = (json.loads(ask(f"{hub.url}/versions")[2]) for hub in hubs.hubs.values())

    assert set(right) == {"builder_info", "binderhub", "builder"}
    assert right != wrong


def test_head_on_versions_is_not_allowed(hubs):
    assert ask(f"{hubs.hubs['one'].url}/versions", "HEAD")[0] == 405


def test_any_other_path_is_a_page_that_names_the_hub(hubs):
    for path in ("/", "/v2/gh/someone/something/HEAD", "/no/such/path"):
        status, headers, body = ask(hubs.hubs["one"].url + path)
        assert status == 200
        assert headers["Content-Type"].startswith("text/html")
        assert "<h1>One</h1>" in body


def test_a_page_does_not_echo_what_was_typed_as_html(hubs):
    connection = http.client.HTTPConnection("127.0.0.1", hubs.hubs["one"].port)
    connection.request("GET", "/v2/gh/<script>", headers={"X-Forwarded-Host": "<b>here</b>"})

    body = connection.getresponse().read().decode()
    connection.close()

    assert "<script>" not in body
    assert "<b>" not in body


def test_a_launch_goes_through_a_builds_phases_to_ready(hubs):
    events = launch(hubs.hubs["one"].url, "gh/someone/phases/main")

    phases = list(dict.fromkeys(event["phase"] for event in events))
    assert phases == ["waiting", "fetching", "building", "pushing", "built", "launching", "ready"]
    assert events[-1]["url"].startswith(hubs.hubs["one"].url + "/user/someone-phases-")
    assert events[-1]["repo_url"] == "https://github.com/someone/phases"


def test_the_second_launch_of_a_repository_finds_its_image(hubs):
    url = hubs.hubs["one"].url
    launch(url, "gh/someone/twice/main")

    assert launch(url, "gh/someone/twice/main")[0]["phase"] == "built"


def test_a_launch_takes_a_pod(hubs):
    url = hubs.hubs["one"].url
    before = json.loads(ask(f"{url}/health")[2])["checks"][2]["user_pods"]

    launch(url)

    assert json.loads(ask(f"{url}/health")[2])["checks"][2]["user_pods"] == before + 1


def test_launches_are_counted_in_metrics(hubs):
    url = hubs.hubs["one"].url
    launch(url, "gh/someone/counted/main")

    _, headers, body = ask(f"{url}/metrics")

    assert headers["Content-Type"] == "text/plain; version=1.0.0; charset=utf-8"
    repo = 'provider="GitHub",repo="https://github.com/someone/counted",status="success"'
    assert f"binderhub_launch_count_total{{{repo}}} 1.0" in body
    assert 'binderhub_launch_time_seconds_bucket{le="2.0",retries="0",status="success"}' in body
    assert "binderhub_inprogress_launches 0.0" in body


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("nowhere/someone/something/HEAD", "No provider found for prefix nowhere"),
        ("gh/someone", "Spec is not of the form"),
        ("gh/someone/something/nosuchref", "Could not resolve ref for gh:someone/something/nosuchref."),
        ("gh/banned/something/HEAD", "has been temporarily disabled from launching"),
    ],
)
def test_a_refusal_is_an_event_and_the_http_status_stays_200(hubs, spec, words):
    (event,) = launch(hubs.hubs["one"].url, spec)

    assert event["phase"] == "failed"
    assert words in event["message"]


def test_a_launch_without_the_accept_header_is_refused_in_the_stream(hubs):
    status, headers, body = ask(f"{hubs.hubs['one'].url}/build/gh/a/b/HEAD")

    assert status == 200
    assert headers["Content-Type"] == "text/event-stream"
    refusal = '{"phase": "failed", "status_code": 400, "message": "Missing Accept header: text/event-stream\\n"}'
    assert body == f"data: {refusal}\n\n"


def test_a_hub_with_an_hourly_limit_refuses_more(hubs):
    url = hubs.hubs["two"].url
    launch(url)

    assert launch(url)[-1]["status_code"] == 429


def test_a_dead_hub_refuses_connections_and_comes_back_on_its_port(hubs):
    hub = hubs.hubs["one"]
    hubs.switch("one", Mode.DEAD)
    with pytest.raises(urllib.error.URLError, match="refused"):
        ask(f"{hub.url}/health")

    hubs.switch("one", Mode.HEALTHY)

    assert ask(f"{hub.url}/health")[0] == 200


def test_a_dead_hub_drops_connections_that_were_open(hubs):
    connection = http.client.HTTPConnection("127.0.0.1", hubs.hubs["one"].port, timeout=5)
    connection.request("GET", "/health")
    connection.getresponse().read()

    hubs.switch("one", Mode.DEAD)

    assert connection.sock.recv(1) == b""
    connection.close()


def test_a_hub_can_reset_connections(hubs):
    hubs.switch("one", Mode.RESET)

    with pytest.raises(ConnectionResetError):
        ask(f"{hubs.hubs['one'].url}/health")


def test_a_hanging_hub_answers_nothing_until_it_is_switched_back(hubs):
    hubs.switch("one", Mode.HANGING)

    with pytest.raises(TimeoutError):
        ask(f"{hubs.hubs['one'].url}/health", timeout=0.2)


def test_a_slow_hub_answers_late(hubs):
    hubs.switch("one", Mode.SLOW, seconds=0.3)
    began = time.monotonic()

    assert ask(f"{hubs.hubs['one'].url}/health")[0] == 200
    assert time.monotonic() - began >= 0.3


def switch(hubs: DemoHubs, key: str, document: object, **headers: str):
    sent = {"Content-Type": "application/json", **headers}
    return ask(f"{hubs.url}/control/{key}", "POST", json.dumps(document).encode(), **sent)


def test_the_control_page_shows_and_switches(hubs):
    assert switch(hubs, "one", {"mode": "slow", "seconds": 2})[0] == 200

    answer = json.loads(ask(f"{hubs.url}/control")[2])

    assert answer["modes"] == list(Mode)
    assert [(hub["key"], hub["mode"]) for hub in answer["hubs"]] == [("one", "slow"), ("two", "healthy")]


@pytest.mark.parametrize(
    "document",
    [[], {}, {"mode": "sleepy"}, {"mode": ["slow"]}, {"mode": "slow", "seconds": -1}, {"mode": "slow", "seconds": 1e9}],
)
def test_a_switch_that_makes_no_sense_changes_nothing(hubs, document):
    status, _, body = switch(hubs, "one", document)

    assert status == 400
    assert json.loads(body)["error"]
    assert hubs.hubs["one"].position.mode is Mode.HEALTHY


def test_a_hub_that_is_not_there_cannot_be_switched(hubs):
    assert switch(hubs, "three", {"mode": "dead"})[0] == 404


def test_a_page_elsewhere_cannot_switch_through_a_browser_on_this_machine(hubs):
    assert switch(hubs, "one", {"mode": "dead"}, Host="evil.example")[0] == 403
    assert switch(hubs, "one", {"mode": "dead"}, **{"Content-Type": "text/plain"})[0] == 415
    assert hubs.hubs["one"].position.mode is Mode.HEALTHY


def test_a_taken_port_is_said_in_one_sentence(hubs):
    with pytest.raises(PortTaken, match=f"need http://127.0.0.1:{hubs.port}, but it cannot be used"):
        DemoHubs(hubs.port).__enter__()


def test_the_program_prints_its_addresses_and_stops_when_told():
    command = [sys.executable, "-m", "demo.hubs", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline() for _ in range(4)]
        control = lines[3].split()[-1]
        status, _, _ = ask(control)
        process.terminate()
        assert process.wait(10) == 0
    assert status == 200
    assert [line.split()[0] for line in lines] == ["Heron", "Otter", "Marten", "control"]
