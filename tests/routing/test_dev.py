"""The development page shows the demo hubs beside the redirector's opinion, and breaks a hub with a click."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client

from demo.hub import HubOptions, Mode
from demo.hubs import DemoHubs

METRICS = """# HELP federation_health 1 when the hub is healthy, else 0 and why.
# TYPE federation_health gauge
federation_health{member="one",reason=""} 1
federation_health{member="two",reason="JupyterHub API is {down} says \\"it\\""} 0
federation_redirect_count{member="one",reason="load_balancer"} 40
federation_redirect_count{member="one",reason="cookie"} 2
"""


class Redirector(BaseHTTPRequestHandler):
    """Stands in for the redirector."""

    def do_GET(self) -> None:
        body = METRICS if self.path == "/metrics" else json.dumps({"active_hosts": {"one": {}}})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_args) -> None:
        pass


@pytest.fixture(scope="module")
def redirector():
    with ThreadingHTTPServer(("127.0.0.1", 0), Redirector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def demo():
    with DemoHubs(0, [HubOptions("one", "One", pace=0), HubOptions("two", "Two", quota=None, pace=0)]) as hubs:
        yield hubs


@pytest.fixture(autouse=True)
def here(settings, demo, redirector):
    settings.ROOT_URLCONF = "tests.routing.dev_urls"
    settings.DEMO_HUBS_URL = demo.url
    settings.REDIRECTOR_URL = redirector
    yield
    demo.switch("one", Mode.HEALTHY)


def test_each_hub_stands_beside_what_the_redirector_says_of_it(client):
    html = client.get("/dev/hubs/").content.decode()

    assert "sends launches there" in html
    assert "skips it</span>: JupyterHub API is {down} says" in html
    assert "42 launches" in html
    assert "of any number" in html


def test_a_click_breaks_a_hub(client, demo):
    answer = client.post("/dev/hubs/one/", {"mode": "unhealthy"}, follow=True)

    assert demo.hubs["one"].position.mode is Mode.UNHEALTHY
    assert "answers 503: its JupyterHub does not respond" in answer.content.decode()


@pytest.mark.parametrize("mode", list(Mode))
def test_every_way_of_breaking_has_its_button(client, mode):
    assert f'id="one-{mode}" name="mode" value="{mode}"' in client.get("/dev/hubs/").content.decode()


def test_a_click_needs_the_forms_token(demo):
    answer = Client(enforce_csrf_checks=True).post("/dev/hubs/one/", {"mode": "dead"})

    assert answer.status_code == 403
    assert demo.hubs["one"].position.mode is Mode.HEALTHY


def test_looking_breaks_nothing(client):
    assert client.get("/dev/hubs/one/").status_code == 405


@pytest.mark.parametrize(("key", "mode"), [("one", "explode"), ("one", ""), ("three", "dead")])
def test_a_click_that_makes_no_sense_is_told(client, key, mode):
    answer = client.post(f"/dev/hubs/{key}/", {"mode": mode}, follow=True)

    assert 'class="error"' in answer.content.decode()


def test_without_a_redirector_the_page_says_so(client, settings, free_port):
    settings.REDIRECTOR_URL = f"http://127.0.0.1:{free_port}"

    html = client.get("/dev/hubs/").content.decode()

    assert "does not answer, so its side is missing here" in html
    assert "sends launches there" not in html


def test_without_the_demo_hubs_the_page_says_how_to_start_them(client, settings, free_port):
    settings.DEMO_HUBS_URL = f"http://127.0.0.1:{free_port}"

    assert "python -m demo.hubs" in client.get("/dev/hubs/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/dev/hubs/", "/dev/hubs/one/"])
def test_the_page_exists_in_development_only(client, settings, path):
    settings.ROOT_URLCONF = "federation.urls"

    assert client.get(path).status_code == 404
