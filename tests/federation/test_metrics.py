"""The portal's own figures, and the dashboard that reads them."""

import json
import re
from pathlib import Path

import pytest

from routing.services import publishing
from tests.api.conftest import caller_for
from tests.factories import make_checked_hub, make_maintainer, make_notice, make_user

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]


def scrape(client, token: str = "", **headers: str):
    return client.get("/metrics", headers={"Authorization": f"Bearer {token}"} if token else headers)


def test_hubs_letters_and_versions_are_in_it(client, settings, redis_url):
    settings.METRICS_TOKEN = "scraper"
    make_checked_hub("a", weight=3)
    make_notice()
    publishing.publish("first")
    answer = scrape(client, "scraper")
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = answer.content.decode().splitlines()
    assert 'federation_portal_weight{hub="a"} 3.0' in lines
    assert 'federation_portal_effective_weight{hub="a"} 3.0' in lines
    assert 'federation_portal_notices{state="waiting"} 1.0' in lines
    assert "federation_portal_snapshot_version 1.0" in lines


def test_it_is_for_the_scraper_and_for_maintainers(client, settings):
    settings.METRICS_TOKEN = "scraper"
    good = caller_for(make_maintainer(), "metrics").token
    bad = [caller_for(make_maintainer(), "read").token, caller_for(make_user(), "metrics").token, "scrape", "x"]
    assert [scrape(client, token).status_code for token in (good, *bad, "")] == [200, 401, 401, 401, 401, 401]
    settings.METRICS_TOKEN = ""
    assert scrape(client, "scraper").status_code == 401
    client.force_login(make_maintainer())
    assert scrape(client).status_code == 200


def test_a_scrape_takes_few_queries_whatever_the_number_of_hubs(client, settings, django_assert_max_num_queries):
    settings.METRICS_TOKEN = "scraper"
    for number in range(10):
        make_checked_hub(f"hub-{number}")
    scrape(client, "scraper")
    with django_assert_max_num_queries(14):
        scrape(client, "scraper")


def test_the_dashboard_asks_for_nothing_that_is_not_there():
    """Every figure it names is written by the portal or by the redirector."""
    board = json.loads((ROOT / "deploy/grafana/federation.json").read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel.get("targets", [])
        for name in re.findall(r"federation_[a-z_]+", target["expr"])
    }
    code = (ROOT / "federation/metrics.py").read_text()
    portal = {f"federation_portal_{name}" for name in re.findall(r'\(?"([a-z_]+)", "', code)}
    redirector = "".join(path.read_text() for path in (ROOT / "routing/redirector").glob("*.py"))
    there = portal | set(re.findall(r'"(federation_[a-z_]+)"', redirector))
    assert asked
    assert asked <= there
