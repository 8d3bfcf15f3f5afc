"""`manage.py import_hosts`: today's file becomes hubs, all of it or nothing, again and again."""

import json

import pytest
from django.core.management import CommandError, call_command

from members.models import Member
from routing.models import Hub, Policy, SnapshotVersion, WeightChange
from tests.factories import change_weights, make_hub, make_member

pytestmark = pytest.mark.django_db

CONFIG = {
    "check": {"period": 15, "timeout": 5},
    "load_balancer": "random",
    "hosts": {
        "hetzner-2i2c": {
            "prime": True,
            "url": "https://2i2c.mybinder.org/",
            "weight": 60,
            "health": "https://2i2c.mybinder.org/health",
            "versions": "https://2i2c.mybinder.org/versions",
        },
        "gesis": {"url": "https://notebooks.gesis.org/binder/", "weight": 40, "surprise": 1},
        "gone": None,
        "resting": {"url": "https://resting.mybinder.org", "weight": 0},
    },
    "image": {"tag": "1"},
}


@pytest.fixture
def run(tmp_path, capsys, redis_url, django_capture_on_commit_callbacks):
    """Import data (as JSON) or a text under a file name; what was said."""

    def do(data, *arguments: str, name: str = "config.json") -> str:
        file = tmp_path / name
        file.write_text(data if isinstance(data, str) else json.dumps(data))
        with django_capture_on_commit_callbacks(execute=True):
            call_command("import_hosts", str(file), *arguments)
        return capsys.readouterr().out

    return do


def everything() -> list:
    return [list(kind.objects.order_by("pk").values()) for kind in (Hub, Member, Policy, WeightChange, SnapshotVersion)]


def test_todays_file_becomes_hubs(run):
    said = run(CONFIG)
    hubs = {hub.key: hub for hub in Hub.objects.all()}
    assert set(hubs) == {"hetzner-2i2c", "gesis", "resting"}
    assert hubs["hetzner-2i2c"].prime
    assert hubs["hetzner-2i2c"].url == "https://2i2c.mybinder.org"
    assert hubs["gesis"].url == "https://notebooks.gesis.org/binder"
    assert hubs["gesis"].health_url == "https://notebooks.gesis.org/binder/health"
    assert (hubs["gesis"].weight, hubs["resting"].weight) == (40, 0)
    assert all(hub.state == Hub.State.ACTIVE for hub in hubs.values())
    assert "add  gesis: https://notebooks.gesis.org/binder, weight 40, of a new member of the same name" in said
    assert "skip  hosts.gone is null: skipped" in said


def test_weights_come_with_a_reason_in_one_batch(run):
    run(CONFIG, "--reason", "we move house")
    assert {change.reason for change in WeightChange.objects.all()} == {"imported from config.json: we move house"}
    assert WeightChange.objects.values("batch").distinct().count() == 1


def test_the_import_is_published_once_with_its_reason(run):
    run(CONFIG)
    assert [version.reason for version in SnapshotVersion.objects.all()] == ["imported from config.json"]


def test_the_first_import_takes_the_policy_that_runs_today(run):
    run(CONFIG)
    policy = Policy.objects.get()
    assert (policy.balancer, policy.check_period, policy.check_timeout) == ("random", 15, 5)


def test_a_later_import_changes_only_the_settings_that_the_file_names(run):
    run(CONFIG)
    Policy.objects.update(check_period=99, host_cookie_age_hours=7)
    run(CONFIG)
    policy = Policy.objects.get()
    assert (policy.check_period, policy.host_cookie_age_hours) == (15, 7)


def test_importing_again_changes_nothing(run):
    run(CONFIG)
    before = everything()
    said = run(CONFIG)
    assert everything() == before
    assert "Nothing to do" in said
    assert "leave  gesis: nothing to change" in said


def test_what_differs_is_changed_and_told(run):
    run(CONFIG)
    change_weights(gesis=1)
    moved = {
        **CONFIG,
        "hosts": {**CONFIG["hosts"], "hetzner-2i2c": {**CONFIG["hosts"]["hetzner-2i2c"], "prime": False}},
    }
    moved["hosts"]["gesis"] = {"url": "https://new.gesis.org", "weight": 40, "prime": True}
    said = run(moved)
    assert "change  gesis: url https://notebooks.gesis.org/binder → https://new.gesis.org" in said
    assert "change  gesis: weight 1 → 40" in said
    assert "change  gesis: becomes the prime (was hetzner-2i2c)" in said
    assert Hub.objects.get(prime=True).key == "gesis"


def test_hubs_that_the_file_does_not_name_stay_and_are_named(run):
    make_hub("ours", weight=5)
    said = run(CONFIG)
    assert Hub.objects.get(key="ours").weight == 5
    assert "leave  ours: not in the file, stays as it is" in said


def test_a_dry_run_says_the_same_and_changes_nothing(run):
    make_hub("ours")
    before = everything()
    said = run(CONFIG, "--dry-run")
    assert everything() == before
    assert "would add  gesis" in said
    assert "dry run: nothing was changed" in said


def test_a_member_that_is_known_keeps_its_hub(run):
    make_member("gesis", name="GESIS institute")
    assert "of the member GESIS institute" in run(CONFIG)
    assert Hub.objects.get(key="gesis").member.name == "GESIS institute"


def test_a_hub_that_is_retired_here_is_not_brought_back(run):
    make_hub("gesis", state=Hub.State.RETIRED, weight=0)
    assert "skip  gesis: is retired here" in run(CONFIG)
    assert Hub.objects.get(key="gesis").weight == 0


def test_a_hub_that_is_drained_here_stays_so(run):
    make_hub("gesis", state=Hub.State.DRAINED)
    assert "gesis is drained here and stays so" in run(CONFIG)
    assert Hub.objects.get(key="gesis").state == Hub.State.DRAINED


def test_the_headroom_of_a_known_hub_changes_only_if_the_file_names_it(run):
    make_hub("gesis", pod_headroom=33)
    run(CONFIG)
    assert Hub.objects.get(key="gesis").pod_headroom == 33
    run({**CONFIG, "pod_headroom": 20})
    assert Hub.objects.get(key="gesis").pod_headroom == 20


def test_the_helm_values_are_read_without_their_secrets(run):
    text = (
        "binderhub:\n  token: &secret hunter2\n  again: *secret\nfederationRedirect:\n  enabled: true\n  hosts:\n"
        "    ovh:\n      prime: true\n      url: https://ovh.mybinder.org\n      weight: 10\n"
    )
    said = run(text, name="prod.yaml")
    assert "add  ovh" in said
    assert "hunter2" not in said
    assert Policy.objects.get().balancer == "random"  # The chart's default, which is what runs today.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("federationRedirect:\n  hosts:\n    a:\n      url: https://a.org\n      weight: -1\n", "line 5: .*weight"),
        ("federationRedirect:\n  hosts:\n    a:\n      url: https://a.org\n", "hosts.a.weight: is missing"),
        ("federationRedirect:\n  hosts:\n    A_b: {url: https://a.org, weight: 1}\n", "line 3: .*A_b: Lower-case"),
        ("federationRedirect:\n  hosts:\n    a: {url: https://a.org, weight: 1.23456}\n", "three decimals"),
        ("federationRedirect: 1\n", "line 1: federationRedirect"),
        ("other: 1\n", "hosts"),
        ("hosts: [\n", "line 2, column 1"),
    ],
)
def test_a_malformed_file_changes_nothing_and_names_the_place(run, text, said):
    make_hub("ours")
    before = everything()
    with pytest.raises(CommandError, match=said):
        run(text, name="prod.yaml")
    assert everything() == before


def test_a_bad_hub_after_good_ones_takes_them_back(run):
    hosts = {**CONFIG["hosts"], "Bad_Key": {"url": "https://a.org", "weight": 1}}
    with pytest.raises(CommandError, match=r"hosts\.Bad_Key"):
        run({**CONFIG, "hosts": hosts})
    assert not Hub.objects.exists()
    assert not Member.objects.exists()


def test_private_addresses_are_refused_in_production(run, settings):
    settings.ALLOW_PRIVATE_HUBS = False
    with pytest.raises(CommandError, match=r"hosts\.a: url"):
        run({"hosts": {"a": {"url": "http://127.0.0.1:1", "weight": 1}}})


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_hosts", str(tmp_path / "none.json"))
