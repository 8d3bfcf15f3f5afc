"""fedctl against the real API: what it shows, what it asks first, and its exit codes."""

import io
import json
import os
import sys
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.utils import timezone

from fedctl.client import Client
from fedctl.main import main
from members.services import tokens
from routing.models import Downtime, Hub, TimedChange, WeightChange
from routing.services import exports
from tests.api.conftest import nobody_is_counted  # noqa: F401 A fixture that counts for all tests here.
from tests.factories import make_checked_hub, make_hub, make_maintainer, make_meeting, make_user
from tests.fedctl.portal import Portal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def federation() -> None:
    make_checked_hub("heron", weight=30, prime=True)
    make_checked_hub("otter", weight=10)
    make_hub("gone", state=Hub.State.RETIRED, weight=0)


@pytest.fixture
def token(monkeypatch):
    """A maintainer's token, in the environment."""

    def make(user=None, *scopes: str) -> None:
        new = tokens.issue(
            name="fedctl",
            scopes=scopes or ["read", "weights", "health", "exports"],
            expires_at=timezone.now() + timedelta(days=1),
            by=user or make_maintainer(),
        )
        monkeypatch.setenv("FEDCTL_TOKEN", new.secret)

    return make


@pytest.fixture
def fedctl(capsysbinary, monkeypatch, redis_url):
    """Run it; its exit code, output and error output. `says` is what the person at the terminal answers."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def run(*arguments: str, says: str | None = None) -> tuple[int, str, str]:
        if says is not None:
            stdin = io.StringIO(f"{says}\n")
            stdin.isatty = lambda: True  # type: ignore[method-assign]
            monkeypatch.setattr(sys, "stdin", stdin)
        try:
            code = main(arguments, lambda _url, token: Client("http://testserver", token, transport=Portal()))
        except SystemExit as error:
            code = int(error.code or 0)
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


@pytest.fixture
def httpserver_text():
    """A server that has one file at /; its address, and the headers that it was asked with."""
    seen: list = []
    found = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(dict(self.headers))
            self.send_response(200 if self.path == "/" else 404)
            self.end_headers()
            self.wfile.write(found["body"])

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

        def serve(body: bytes):
            found["body"] = body
            return f"http://127.0.0.1:{server.server_port}/", seen

        yield serve
        server.shutdown()


def test_everybody_may_look(fedctl):
    code, out, _ = fedctl("hubs", "list")
    assert (code, out.splitlines()[1].split()[:6]) == (0, ["heron", "*", "active", "serving", "30", "30"])
    assert "gone" not in out
    assert json.loads(fedctl("hubs", "list", "--state", "retired", "--json")[1])[0]["key"] == "gone"
    assert "promised 75.0 %" in fedctl("hubs", "show", "heron")[1]
    assert "heron" in fedctl("status")[1].lower()
    assert fedctl("status", "--check")[0] == 0


def test_no_hub_that_serves_is_told_by_the_exit_code(fedctl):
    Hub.objects.filter(weight__gt=0).update(weight=0)
    assert fedctl("status", "--check")[0] == 1


def test_a_weight_is_changed_after_a_yes(fedctl, token):
    token()
    code, out, err = fedctl("hubs", "weight", "heron", "5", "--reason", "new disks", says="y")
    assert (code, out) == (0, "HERON: weight 30 → 5.\n")
    assert "fall for HERON from 75.0 % to 33.3 %" in err
    change = WeightChange.objects.get()
    assert (change.to_weight, change.reason) == (5, "new disks")


def test_a_weight_for_a_time_goes_back_by_itself(fedctl, token):
    token()
    until = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%MZ")
    code, out, _ = fedctl("hubs", "weight", "heron", "5", "--reason", "a course", "--until", until, "--yes")
    assert (code, out) == (0, f"HERON: weight 30 → 5 until {until}, then 30 again.\n")
    assert TimedChange.objects.get().back_to == 30
    assert fedctl("hubs", "weight", "otter", "5", "--reason", "a course", "--until", "soon", "--yes")[0] == 3


def test_more_for_one_hub_is_less_for_others_and_asked_about_too(fedctl, token):
    token()
    code, _, err = fedctl("hubs", "weight", "otter", "90", "--reason", "room", says="n")
    assert (code, "fall for HERON from 75.0 % to 25.0 %" in err, "Nothing was done" in err) == (2, True, True)
    assert not WeightChange.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [("weight", "heron", "0", "--reason", "x"), ("drain", "heron", "--reason", "x")],
    ids=["weight", "drain"],
)
def test_where_nobody_can_be_asked_traffic_is_taken_only_with_yes(fedctl, token, arguments):
    token()
    code, _, err = fedctl("hubs", *arguments)
    assert (code, "add --yes" in err) == (2, True)
    assert Hub.objects.get(key="heron").weight == 30
    assert not Downtime.objects.exists()
    assert fedctl("hubs", *arguments, "--yes")[0] == 0


def test_drain_and_undrain(fedctl, token):
    token()
    code, out, err = fedctl("hubs", "drain", "heron", "--reason", "fire", says="yes")
    assert (code, out) == (0, "HERON is drained until somebody undrains it.\n")
    assert "75.0 %" in err
    assert fedctl("hubs", "undrain", "heron", "--reason", "out", "--json")[0] == 0
    assert Downtime.objects.get().ends_at is not None


def test_a_weight_that_somebody_changed_meanwhile_is_not_written_over(fedctl, token, monkeypatch):
    token()
    real = Client.hubs

    def hubs(self):
        rows = real(self)
        Hub.objects.filter(key="otter").update(weight=11)
        return rows

    monkeypatch.setattr(Client, "hubs", hubs)
    code, _, err = fedctl("hubs", "weight", "otter", "12", "--reason", "x", "--yes")
    assert (code, "otter" in err.lower()) == (3, True)
    assert Hub.objects.get(key="otter").weight == 11


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("hubs", "weight", "heron", "5", "--reason", "x", "--yes"), 3, "token"),
        (("hubs", "show", "nobody"), 3, ""),
        (("export", "secrets"), 2, "no export"),
        (("drift", "/nowhere/x"), 2, "No such file"),
        (("hubs", "weight", "heron", "much", "--reason", "x"), 2, "no number"),
        (("hubs", "weight", "heron", "-1", "--reason", "x"), 2, ""),
        (("hubs", "drain", "heron"), 2, "--reason"),
        ((), 2, "COMMAND"),
    ],
)
def test_what_goes_wrong_is_a_sentence_and_a_code(fedctl, monkeypatch, arguments, code, said):
    monkeypatch.setenv("FEDCTL_TOKEN", "fed_wrong" if code == 3 and "weight" in arguments else "")
    found, out, err = fedctl(*arguments)
    assert (found, out) == (code, "")
    assert said in err
    assert "Traceback" not in err


def test_who_may_not_is_told_so(fedctl, token):
    token(make_user())
    code, _, err = fedctl("hubs", "weight", "heron", "5", "--reason", "x", "--yes")
    assert (code, "maintainers" in err) == (3, True)
    assert Hub.objects.get(key="heron").weight == 30


def test_exports_are_the_same_bytes(fedctl, tmp_path):
    assert "federation" in fedctl("export")[1]
    assert fedctl("export", "hosts.yaml")[1].encode() == exports.write("hosts", "yaml")
    file = tmp_path / "config.json"
    assert fedctl("export", "hosts", "--output", str(file))[0] == 0
    assert file.read_bytes() == exports.write("hosts")


@pytest.mark.parametrize("secret", ["fed_x\nX: y", "fed_ü", "fed x"])
def test_what_can_be_no_token_is_refused_and_not_repeated(fedctl, monkeypatch, secret):
    monkeypatch.setenv("FEDCTL_TOKEN", secret)
    code, out, err = fedctl("status")
    assert (code, out) == (2, "")
    assert "holds no token" in err
    assert "fed_" not in err


def test_a_line_break_after_the_token_is_no_part_of_it(fedctl, token, monkeypatch):
    token()
    monkeypatch.setenv("FEDCTL_TOKEN", os.environ["FEDCTL_TOKEN"] + "\n")
    assert fedctl("hubs", "drain", "otter", "--reason", "x", "--yes")[0] == 0


def test_without_a_token_or_a_hub_it_says_what_is_missing(fedctl, tmp_path):
    (tmp_path / "status.js").write_bytes(exports.write("status"))
    assert "This needs a token" in fedctl("drift", str(tmp_path / "status.js"))[2]
    assert "There is no hub nobody" in fedctl("hubs", "show", "nobody")[2]


def test_a_list_at_an_address_is_compared_and_the_token_is_not_shown_there(fedctl, token, httpserver_text):
    token()
    url, seen = httpserver_text(exports.write("status"))
    code, out, _ = fedctl("drift", url)
    assert (code, out.startswith(f"{url} says what the portal says")) == (0, True)
    assert "authorization" not in {name.lower() for name in seen[0]}
    assert fedctl("drift", f"{url}nothing")[0] == 2


def test_the_coming_meetings_with_what_they_are_about(fedctl, token):
    row = make_meeting(title="Team meeting", place="https://video.example.org/room")
    row.items.create(title="Disks", minutes=10)
    make_meeting(starts=-30)
    code, out, _ = fedctl("meetings")
    assert (code, out.splitlines()[0].endswith("UTC  Team meeting, 60 minutes")) == (0, True)
    assert out.splitlines()[1:] == ["  - Disks (10 min)"]
    token()
    assert "https://video.example.org/room" in fedctl("meetings")[1]
    assert [each["id"] for each in json.loads(fedctl("meetings", "--json")[1])] == [row.pk]


def test_drift_is_told_by_the_exit_code(fedctl, token, tmp_path):
    token()
    good, bad, odd = tmp_path / "good.js", tmp_path / "bad.js", tmp_path / "odd.txt"
    good.write_bytes(exports.write("status"))
    bad.write_bytes(exports.write("status").replace(b"  'https://otter.example.org',\n", b""))
    odd.write_text("hello")
    assert fedctl("drift", str(good))[0] == 0
    code, out, _ = fedctl("drift", str(good), str(bad))
    assert (code, "  bad.js does not list OTTER; the portal has it at https://otter.example.org.\n" in out) == (1, True)
    assert fedctl("drift", str(odd))[0] == 2
    assert json.loads(fedctl("drift", str(bad), "--json")[1])["files"][0]["findings"][0]["hub"] == "otter"


def test_a_write_that_got_no_answer_is_sent_again_and_done_once(token, redis_url):
    token()
    portal = Portal(loses=1)
    client = Client("http://testserver", os.environ["FEDCTL_TOKEN"], transport=portal)
    assert client.drain("heron", reason="fire")["hub"] == "heron"
    assert portal.asked == ["POST", "POST"]
    assert Downtime.objects.count() == 1


def test_a_portal_that_does_not_answer_has_its_own_code(capsys, free_port):
    assert main(["--url", f"http://127.0.0.1:{free_port}", "status"]) == 4
    assert "does not answer" in capsys.readouterr().err
    assert main(["--url", "portal", "status"]) == 2
    assert "http" in capsys.readouterr().err


def test_what_comes_from_the_portal_cant_steer_the_terminal(fedctl):
    Hub.objects.filter(key="heron").update(name="He\x1b[31mron\u202e")
    shown = fedctl("hubs", "show", "heron")[1] + fedctl("status")[1] + fedctl("hubs", "list", "--json")[1]
    assert not {"\x1b", "\u202e"} & set(shown)
    asked = fedctl("hubs", "drain", "heron", "--reason", "x")
    assert "\u202e" not in asked[2]


@pytest.mark.django_db(transaction=True)
def test_over_a_real_connection_the_lists_come_page_by_page(live_server, capsys, monkeypatch):
    for number in range(5):
        make_hub(f"more-{number}")
    with Client(live_server.url) as client:
        assert len(list(client.pages("hubs/", limit="3"))) == 8
    assert main(["--url", live_server.url, "--json", "hubs", "list"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 7
