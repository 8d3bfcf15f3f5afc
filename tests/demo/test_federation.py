"""The demo federation is loaded once, and what a person changed since stays."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from demo.hubs import HUBS as SIMULATED
from demo.hubs import PORT
from foundation.months import Month
from members.models import Application, FederationReport, Member, Report, User
from routing.models import Hub, SnapshotVersion, WeightChange
from routing.services import hubs, publishing, report_figures, weights

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, settings, redis_url):
    monkeypatch.setenv("DEMO_PASSWORD", "try-things-on-7")
    settings.DEMO_HUBS_URL = "http://127.0.0.1:8090"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Quick: nothing here is a secret.


@pytest.fixture
def load(django_capture_on_commit_callbacks, capsys):
    def run(*arguments: str) -> str:
        with django_capture_on_commit_callbacks(execute=True):
            call_command("load_demo", *arguments)
        return capsys.readouterr().out

    return run


def test_it_loads_hubs_with_shares_of_50_30_and_20_percent_and_one_prime(load):
    load()

    assert weights.shares(Hub.objects.all()) == {"heron": 0.5, "otter": 0.3, "marten": 0.2}
    assert [hub.key for hub in Hub.objects.filter(prime=True)] == ["heron"]
    assert Member.objects.listed().count() == 3


def test_its_hubs_are_those_that_the_simulation_serves(load):
    load()

    expected = {each.key: f"http://127.0.0.1:{PORT + number}" for number, each in enumerate(SIMULATED, start=1)}
    assert dict(Hub.objects.values_list("key", "url")) == expected


def test_an_application_is_in_review_and_each_hub_runs_on_an_offer(load, client):
    load()

    application = Application.objects.get()
    assert application.state == "review"
    client.force_login(User.objects.get(username="maintainer"))
    page = client.get(f"/applications/{application.pk}/").content.decode()
    assert "other than binderhub" in page
    assert "computing desk has the keys" in page
    assert all(hub.offers.exists() for hub in Hub.objects.all())


def test_its_hubs_are_published_and_have_a_history(load):
    load()

    version = publishing.newest()
    assert version is not None
    assert len(version.snapshot.hubs) == 3
    assert WeightChange.objects.count() == 3


def test_its_launches_follow_the_weights_and_its_checks_are_quick(load):
    load()

    policy = publishing.newest().snapshot.policy
    assert policy.balancer == "balanced"
    assert policy.check_failed_period == 3


def test_the_maintainer_can_log_in_and_change_weights(load, client):
    load()

    assert client.login(username="maintainer", password="try-things-on-7")
    user = User.objects.get(username="maintainer")
    assert user.is_staff
    assert user.has_perm("routing.add_weightchange")
    assert user.email, "alerts would reach nobody"


def test_a_second_run_changes_nothing(load):
    load()
    before = list(Hub.objects.values()), SnapshotVersion.objects.count(), WeightChange.objects.count()

    said = load()

    assert "There is a federation already: it stays as it is." in said
    assert (list(Hub.objects.values()), SnapshotVersion.objects.count(), WeightChange.objects.count()) == before


def test_what_a_person_changed_stays(load, client):
    load()
    heron = Hub.objects.get(key="heron")
    weights.change({heron.pk: Decimal(7)}, reason="trying", by=None)
    hubs.edit(heron, {"name": "My heron"}, reason="trying", by=None)
    user = User.objects.get(username="maintainer")
    user.set_password("another-one-8")
    user.save()

    load()

    heron.refresh_from_db()
    assert (heron.name, heron.weight) == ("My heron", 7)
    assert client.login(username="maintainer", password="another-one-8")
    assert Hub.objects.count() == 3


def test_a_federation_that_was_imported_is_left_alone(load):
    Member.objects.create(slug="real", name="Somebody real")

    load()

    assert not Hub.objects.exists()


def test_demo_hubs_that_listen_on_other_ports_are_found_again(load):
    load()

    load("--hubs", *(f"http://127.0.0.1:{port}" for port in (9101, 9102, 9103)))

    assert Hub.objects.get(key="otter").health_url == "http://127.0.0.1:9102/health"


def test_a_demo_hub_that_a_person_pointed_elsewhere_stays_there(load):
    load()
    address = {name: f"https://hub.example.org{path}" for name, path in (("url", ""), ("health_url", "/health"))}
    hubs.edit(Hub.objects.get(key="otter"), address, reason="trying", by=None)

    load("--hubs", *(f"http://127.0.0.1:{port}" for port in (9101, 9102, 9103)))

    assert Hub.objects.get(key="otter").url == "https://hub.example.org"


def test_without_a_password_one_is_made_up_and_said(load, client, monkeypatch):
    monkeypatch.delenv("DEMO_PASSWORD")

    said = load()

    made_up = said.rpartition("Its password is ")[2].strip()
    assert client.login(username="maintainer", password=made_up)


def test_production_refuses(settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="This is a production"):
        call_command("load_demo")

    assert not Member.objects.exists()


def test_two_months_were_told_of_and_one_is_being_written(load, client):
    load()

    assert list(Report.objects.unfinished().values_list("member__slug", flat=True)) == ["driftglass"]
    told = list(FederationReport.objects.published())
    assert len(told) == 2
    for path in ("/reports/", f"/reports/{told[0].period}/", f"/reports/{told[1].period}.md"):
        assert client.get(path).status_code == 200


def test_its_figures_have_the_shape_of_real_ones(load):
    load()

    month = Month(FederationReport.objects.latest("month").month)
    real = report_figures.of_federation(month)
    told = FederationReport.objects.get(month=month.first).figures
    assert told.keys() == real.keys()
    member = Member.objects.get(slug="mossgate")
    mine = report_figures.of_member(member, Month(Report.objects.latest("month").month))
    assert Report.objects.filter(member=member).latest("month").figures.keys() == mine.keys()
