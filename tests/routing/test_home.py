"""The first page says what this is and whether it works, whatever the federation looks like."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import redis
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import OperationalError, ProgrammingError
from django.template import loader
from django.test import RequestFactory
from psycopg.errors import UndefinedTable

from members.models import Member, User
from routing.models import Hub
from routing.snapshot import REDIS_REDIRECTS
from routing.views import errors
from tests.factories import make_health
from tests.routing.reading import text_of

pytestmark = pytest.mark.django_db


def make_hub(key: str, weight: int = 1, **values) -> Hub:
    member, _ = Member.objects.get_or_create(
        slug=values.pop("slug", "quiet"), defaults={"name": values.pop("member", "Quiet Lab")}
    )
    url = f"https://{key}.example.org"
    facts = {"name": key.title(), "url": url, "health_url": f"{url}/health", "versions_url": f"{url}/versions"}
    facts |= {"state": Hub.State.ACTIVE, "weight": Decimal(weight), "member": member} | values
    hub = Hub.objects.create(key=key, **facts)
    make_health(hub)
    return hub


@pytest.fixture
def count(redis_url):
    """Let redirectors have sent so many launches today."""

    def write(**counts: int) -> None:
        with redis.Redis.from_url(redis_url) as client:
            client.hset(REDIS_REDIRECTS.format(day=datetime.now(UTC).date().isoformat()), mapping=counts)

    return write


@pytest.fixture
def read_home(client):
    def read() -> str:
        answer = client.get("/")
        assert answer.status_code == 200
        return text_of(answer.content)

    return read


def test_it_says_in_one_sentence_that_the_hubs_serve(read_home, count):
    make_hub("one", 3)
    make_hub("two", 1)
    count(one=900, two=300)

    assert "All 2 hubs are serving. 1,200 launches so far today (since midnight UTC)" in read_home()


def test_a_hub_shows_what_it_was_promised_and_what_it_received(read_home, count):
    make_hub("one", 3)
    make_hub("two", 1)
    count(one=700, two=300)

    assert "One ● serving Run by Quiet Lab Promised 75% Received 70% Today 700 launches" in read_home()


def test_the_hub_with_the_largest_promise_comes_first(read_home, count):
    make_hub("alpha", 1)
    make_hub("zulu", 9)

    text = read_home()

    assert text.index("Zulu") < text.index("Alpha")


def test_before_the_first_launch_of_a_day_nothing_was_received(read_home, count):
    make_hub("one")

    assert "0 launches so far today" in read_home()
    assert "Received none yet Today 0 launches" in read_home()


def test_one_launch_is_not_launches(read_home, count):
    make_hub("one")
    count(one=1)

    assert "1 launch so far today" in read_home()


def test_with_redis_away_the_numbers_are_unknown_and_the_page_works(read_home, settings, free_port):
    make_hub("one")
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port}/0"

    text = read_home()

    assert "How many launches there were today is unknown right now" in text
    assert "Received unknown Today unknown" in text


def test_without_a_hub_it_says_how_one_is_added(read_home, client, count):
    assert "No hub yet A maintainer adds one here" in read_home()
    link = re.search(r'<a href="(/admin/[^"]*)">here</a>', client.get("/").content.decode())
    assert link
    assert client.get(link[1]).status_code in {200, 302}


@pytest.mark.parametrize(
    ("values", "sentence", "words"),
    [
        ({"weight": 0}, "1 of 2 hubs is serving; Quiet is", "○ resting Run by Quiet Lab Its weight is 0"),
        (
            {"state": Hub.State.DRAINED},
            "1 of 2 hubs is serving; Quiet is",
            "○ resting Run by Quiet Lab Maintainers gave it a rest",
        ),
        (
            {"state": Hub.State.ONBOARDING},
            "The hub is serving. Quiet is joining.",
            "○ joining Run by Quiet Lab It is being set up",
        ),
    ],
)
def test_a_hub_that_takes_no_launches_says_why(read_home, count, values, sentence, words):
    make_hub("busy")
    make_hub("quiet", **values)

    text = read_home()

    assert sentence in text
    assert f"Quiet {words}" in text


def test_it_is_plain_when_no_hub_takes_launches(read_home, count):
    make_hub("one", 0)

    assert "▲ No hub is meant to take new launches right now." in read_home()


def test_a_retired_hub_is_not_shown(read_home, count):
    make_hub("one")
    make_hub("gone", 0, state=Hub.State.RETIRED)

    assert "Gone" not in read_home()
    assert "The hub is serving." in read_home()


def test_names_are_text_never_html(client, count):
    make_hub("one", name="<script>alert(1)</script>", member="<b>Bold</b>")

    html = client.get("/").content.decode()

    assert "<script>alert" not in html
    assert "<b>Bold" not in html


def test_a_hundred_hubs_cost_as_many_queries_as_one(client, count, django_assert_max_num_queries):
    for number in range(100):
        make_hub(f"hub-{number:03d}", number, slug=f"member-{number:03d}", member=f"Member {number}")
    client.force_login(User.objects.create(username="someone"))

    with django_assert_max_num_queries(8):
        html = client.get("/").content.decode()

    assert html.count('class="card"') == 100


def test_the_page_needs_no_inline_script_or_style_and_nothing_from_elsewhere(client, count):
    make_hub("one")

    answer = client.get("/")

    html = answer.content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)
    assert not re.findall(r'(?:src|<link[^>]*href)="(?:https?:)?//', html)
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_all_static_files_of_the_page_are_there(client, count):
    html = client.get("/").content.decode()

    files = re.findall(rf'(?:src|href)="/{settings.STATIC_URL.strip("/")}/([^"]+)"', html)

    assert len(files) == 4
    assert all(finders.find(name) for name in files)


def test_the_page_only_reads(client):
    assert client.post("/").status_code == 405


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "410", "429"])
def test_an_error_page_says_what_happened_and_the_way_on(name):
    html = loader.render_to_string(f"{name}.html", request=RequestFactory().get("/somewhere/"))

    assert f"{name[:3]}, " in html
    assert re.search(r"<h1>[A-Z].+</h1>", html)
    assert '<a class="button" href="/">To the first page</a>' in html


@pytest.mark.parametrize("name", ["400", "500", "503"])
def test_the_pages_for_bad_times_need_no_context_and_no_database(name, django_db_blocker):
    with django_db_blocker.block():
        html = loader.get_template(f"{name}.html").render()

    assert f"{name}, " in html


@pytest.mark.parametrize("name", ["500", "503"])
def test_the_pages_for_very_bad_times_need_no_list_of_static_files(name, settings):
    missing = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": missing}}
    settings.DEBUG = False

    html = loader.get_template(f"{name}.html").render()

    for path in re.findall(r'href="/static/([^"]+)"', html):
        assert finders.find(path)


def test_an_unknown_address_gets_the_kind_page(client):
    answer = client.get("/no/such/page/")

    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.content.decode()


@pytest.mark.parametrize("debug", [True, False])
def test_with_postgres_away_the_portal_says_when_to_come_back(client, monkeypatch, settings, debug):
    settings.DEBUG = debug
    client.raise_request_exception = False

    def refuse(*_args, **_values):
        raise OperationalError("connection refused")

    monkeypatch.setattr("routing.models.hubs.HubQuerySet.published", refuse)

    answer = client.get("/")

    assert answer.status_code == 503
    assert answer["Retry-After"] == str(errors.RETRY_AFTER_SECONDS)
    assert "The portal is away for a moment" in answer.content.decode()


def test_while_the_tables_are_made_the_portal_says_that_it_is_away(client, monkeypatch):
    client.raise_request_exception = False

    def refuse(*_args, **_values):
        raise ProgrammingError("no such table") from UndefinedTable("no such table")

    monkeypatch.setattr("routing.models.hubs.HubQuerySet.published", refuse)

    assert client.get("/").status_code == 503


def test_a_fault_of_ours_is_a_500_with_a_page_for_people(client, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("routing.views.home.cards_of", lambda *_: 1 / 0)

    answer = client.get("/")

    assert answer.status_code == 500
    assert "Something broke here, not at your end" in answer.content.decode()


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, two: str) -> float:
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def palettes() -> dict[str, dict[str, str]]:
    css = (settings.BASE_DIR / "static/css/site.css").read_text()
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in css.split("@media", 2)[:2])
    return {"light": light, "dark": dark}


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("text", ["ink", "muted", "accent", "good", "limited", "trouble"])
@pytest.mark.parametrize("ground", ["ground", "surface", "sunken"])
def test_text_can_be_read_on_every_ground(mode, text, ground):
    colours = palettes()[mode]

    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_buttons_can_be_read_and_seen(mode):
    colours = palettes()[mode]

    assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
    assert contrast(colours["ink"], colours["accent-soft"]) >= 4.5
    assert contrast(colours["edge"], colours["surface"]) >= 3
    assert contrast(colours["edge"], colours["ground"]) >= 3
