"""Exports: the portal's facts in the shapes that others keep, and changes inside files that are there."""

import json
from datetime import date
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from ruamel.yaml import YAML

from members.models import Member
from routing import hosts_file
from routing.models import Hub, Policy
from routing.redirector.answer import moment, redirect
from routing.redirector.table import Table
from routing.redirector.view import View
from routing.services import exports, hosts_import, hubs, publishing
from routing.snapshot import Snapshot
from tests.factories import change_weights, make_hub, make_member, make_user
from tests.redirector.making import NOW, OPTIONS

pytestmark = pytest.mark.django_db


@pytest.fixture
def federation(settings) -> dict[str, Hub]:
    """Four hubs: the prime, one with a path and names of its own, one that is drained, one that left."""
    settings.REDIRECTOR_URL = "https://binder.example"
    alder = make_member(
        "alder", funded_by="Alder Foundation", funded_by_url="https://alder.example/", since=date(2021, 5, 1)
    )
    birch = make_member(
        "birch",
        name="Birch Institute",
        website="https://birch.example",
        run_by="Binder Team",
        run_by_url="https://team.example",
    )
    made = {
        "alder": make_hub(
            "hetzner-alder",
            member=alder,
            name="Alder",
            url="https://alder.binder.example",
            prime=True,
            weight=Decimal("60"),
            ip_address="192.0.2.7",
            grafana_name="alder",
            helm_release="hetzner-alder",
        ),
        "birch": make_hub(
            "birch",
            member=birch,
            name="birch",
            url="https://notebooks.birch.example/binder",
            weight=Decimal("2.5"),
            prometheus_url="https://notebooks.birch.example/prometheus",
        ),
        "cedar": make_hub(
            "cedar", name="Cedar", url="https://cedar.binder.example", weight=30, state=Hub.State.DRAINED
        ),
        "yew": make_hub(
            "yew",
            name="Yew",
            url="https://yew.binder.example",
            weight=5,
            member=make_member("yew", state=Member.State.PAST, funded_by="Yew Trust"),
        ),
        "fir": make_hub("fir", name="Fir", url="https://fir.binder.example", weight=0, state=Hub.State.ONBOARDING),
    }
    change_weights(yew=6)
    hubs.change_state(made["yew"], Hub.State.RETIRED, reason="thanks", by=None)
    return made


def written(name: str, form: str = "") -> str:
    return exports.write(name, form).decode()


def edited(name: str, text: str) -> str:
    return exports.into(name, text.encode()).decode()


def yaml(text: str):
    return YAML(typ="safe", pure=True).load(text)


def test_hosts_are_what_the_redirector_of_today_reads(federation):
    data = json.loads(written("hosts"))
    assert list(data["hosts"]) == ["birch", "cedar", "hetzner-alder"]
    assert data["hosts"]["birch"] == {
        "prime": False,
        "url": "https://notebooks.birch.example/binder",
        "weight": 2.5,
        "health": "https://notebooks.birch.example/binder/health",
        "versions": "https://notebooks.birch.example/binder/versions",
    }
    assert data["hosts"]["hetzner-alder"]["weight"] == 60
    assert data["check"] == {"period": 15, "failed_period": 15, "jitter": 0.1, "retries": 1, "timeout": 4}


def test_a_hub_that_is_to_get_nothing_has_weight_0_in_the_file(federation):
    assert json.loads(written("hosts"))["hosts"]["cedar"]["weight"] == 0


def test_the_yaml_block_reads_as_the_json_and_as_if_a_person_had_written_it(federation):
    text = written("hosts", "yaml")
    assert yaml(text) == {"federationRedirect": json.loads(written("hosts"))}
    assert (
        "    birch:\n      prime: false\n      url: https://notebooks.birch.example/binder\n      weight: 2.5\n" in text
    )


def test_the_file_and_the_portal_mean_the_same_to_our_redirector(federation):
    read = hosts_file.loads(written("hosts"))
    mine = {hub.key: hub.published() for hub in Hub.objects.exclude(state__in=["retired", "onboarding"])}
    assert {hub.key: (hub.url, hub.health, hub.versions, hub.prime) for hub in read.hubs} == {
        key: (hub.url, hub.health, hub.versions, hub.prime) for key, hub in mine.items()
    }
    assert read.policy.balancer == "balanced"
    assert read.policy.check_timeout == 4


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_import_export_import_changes_nothing(federation, form, django_capture_on_commit_callbacks, redis_url):
    hosts_import.run(exports.write("hosts", form), name="first")
    before = [list(kind.objects.order_by("pk").values()) for kind in (Hub, Member)]
    text = exports.write("hosts", form)
    report = hosts_import.run(text, name="again")
    assert (report.adds, report.changes) == ([], [])
    assert [list(kind.objects.order_by("pk").values()) for kind in (Hub, Member)] == before
    assert exports.write("hosts", form) == text
    assert Hub.objects.get(key="cedar").weight == 30


def test_headroom_is_exported_only_if_all_hubs_have_the_same(federation):
    assert json.loads(written("hosts"))["pod_headroom"] == 10
    Hub.objects.filter(key="birch").update(pod_headroom=3)
    assert "pod_headroom" not in json.loads(written("hosts"))


def test_the_list_of_members_is_alphabetical_and_keeps_who_left(federation):
    entries = yaml(written("federation"))
    assert [each["funded_by"] for each in entries] == ["Alder Foundation", "Birch Institute", "Cedar", "Yew Trust"]
    assert entries[0] == {
        "url_binderhub": "https://alder.binder.example",
        "logo": "",
        "funded_by": "Alder Foundation",
        "funded_by_link": "https://alder.example/",
    }
    assert (entries[1]["run_by"], entries[1]["run_by_link"]) == ("Binder Team", "https://team.example")
    assert entries[3]["active"] is False
    assert [list(each)[:4] for each in entries] == [["url_binderhub", "logo", "funded_by", "funded_by_link"]] * 4


def test_the_status_page_gets_addresses_and_rows(federation):
    assert written("status") == (
        "var fedUrls = [\n  'https://alder.binder.example',\n  'https://notebooks.birch.example/binder',\n"
        "  'https://cedar.binder.example',\n];\n"
    )
    lines = written("status", "rst").splitlines()
    assert lines[1].split("  ")[0] == "URL"
    assert lines[3:-1] == ["alder.binder.example", "notebooks.birch.example/binder", "cedar.binder.example"]
    assert lines[0] == lines[2] == lines[-1]
    assert len(lines[0].split("  ")[0]) >= len("notebooks.birch.example/binder")


def test_the_deploy_matrix_names_releases(federation):
    entries = yaml(written("matrix"))
    assert [each["federation_member"] for each in entries] == ["birch", "cedar", "fir", "hetzner-alder"]
    assert entries[2] == {"federation_member": "fir", "chartpress_args": "", "helm_version": "", "experimental": True}
    assert json.loads(written("matrix", "json")) == {"include": entries}


def test_grafana_gets_every_prometheus(federation):
    sources = json.loads(written("grafana", "json"))
    assert sources[-1] == {
        "name": "alder",
        "url": "https://prometheus.alder.binder.example",
        "access": "proxy",
        "type": "prometheus",
    }
    assert sources[0]["url"] == "https://notebooks.birch.example/prometheus"
    assert yaml(written("grafana")) == {"apiVersion": 1, "datasources": sources}


def test_prometheus_discovers_every_hub(federation):
    groups = {each["labels"]["hub"]: each for each in json.loads(written("prometheus"))}
    assert groups["birch"]["targets"] == ["notebooks.birch.example"]
    assert groups["birch"]["labels"]["__metrics_path__"] == "/binder/metrics"
    assert groups["birch"]["labels"]["member"] == "birch"


def test_dns_has_two_records_for_each_name_in_our_domain(federation):
    text = written("dns")
    assert "alder.binder.example. 300 IN A 192.0.2.7\n*.alder.binder.example. 300 IN A 192.0.2.7\n" in text
    assert "notebooks.birch.example" not in text
    assert "; cedar.binder.example. has no address here" in text


def test_tables_are_safe_to_open_in_a_spreadsheet(federation):
    Member.objects.filter(slug="birch").update(name='=HYPERLINK("https://evil.example")')
    rows = written("members").splitlines()
    assert any(row.startswith("birch,\"'=HYPERLINK") for row in rows)
    assert "Cedar,cedar,drained,no,30" in written("hubs")


def test_who_is_not_public_yet_is_in_no_table_of_members(federation):
    make_member("larch", state=Member.State.ONBOARDING)
    rows = written("members").splitlines()
    assert not any(row.startswith("larch,") for row in rows)
    assert any(row.startswith("birch,") for row in rows)


def test_the_same_facts_give_the_same_bytes(federation):
    for each in exports.ALL:
        for form in each.forms:
            if each.name != "calendar":
                assert exports.write(each.name, form.extension) == exports.write(each.name, form.extension)


@pytest.mark.parametrize("name", [each.name for each in exports.ALL])
def test_every_export_of_an_empty_federation_is_a_document(name, settings):
    for form in exports.find(name).forms:
        assert exports.write(name, form.extension)


PROD = """\
# The production values.
binderhub:
  token: &secret hunter2
  again: *secret

federationRedirect:
  host: binder.example   # ours
  enabled: true
  load_balancer: "random"
  hosts:
    # the big one
    hetzner-alder:
      prime: true
      url: 'https://alder.binder.example/'
      weight: 10   # temporarily
      health: https://alder.binder.example/health
      versions: https://alder.binder.example/versions
    # gone since May
    oak:
      prime: false
      url: https://oak.binder.example
      weight: 1
    cedar:
      url: https://cedar.binder.example
      weight: 0

    fir: null
  resources:
    limits: {cpu: "1"}

other:   [1,   2]
"""


def test_into_changes_only_our_keys_and_keeps_comments_and_all_other_bytes(federation):
    text = edited("hosts", PROD)
    assert text == (
        PROD.replace('load_balancer: "random"', 'load_balancer: "balanced"')
        .replace("weight: 10   # temporarily", "weight: 60   # temporarily")
        .replace("    oak:\n      prime: false\n      url: https://oak.binder.example\n      weight: 1\n", "")
        .replace(
            "\n    fir: null\n",
            """\
    birch:
      prime: false
      url: https://notebooks.birch.example/binder
      weight: 2.5
      health: https://notebooks.birch.example/binder/health
      versions: https://notebooks.birch.example/binder/versions
""".join(["\n", ""]),
        )
        .replace("  hosts:\n", "  check:\n    failed_period: 15\n    retries: 1\n    timeout: 4\n  hosts:\n")
    )
    assert edited("hosts", text) == text


def test_what_was_put_into_a_file_is_imported_as_no_change(federation):
    Policy.objects.get_or_create(pk=1)
    report = hosts_import.run(edited("hosts", PROD).encode(), name="prod.yaml")
    assert (report.adds, report.changes) == ([], [])


def test_into_a_config_json_keeps_what_is_not_ours(federation):
    old = {
        "port": 8080,
        "hosts": {"hetzner-alder": {"url": "https://old.example", "weight": 1, "prime": True}, "oak": None},
    }
    new = json.loads(edited("hosts", json.dumps(old, indent=4)))
    assert new["port"] == 8080
    assert list(new["hosts"]) == ["hetzner-alder", "birch", "cedar"]
    assert new["hosts"]["hetzner-alder"]["url"] == "https://alder.binder.example"
    assert edited("hosts", json.dumps(new, indent=4)) == json.dumps(new, indent=4)


FEDERATION = """\
# Alphabetical order

- url_binderhub: https://alder.binder.example
  logo: https://alder.example/logo.svg
  funded_by: Alder Foundation   # since 2021
  funded_by_link: https://alder.example

- url_binderhub: https://cedar.binder.example
  logo: https://cedar.example/logo.svg
  funded_by: Cedar
  active: false

# Down, investigating
- url_binderhub: https://elm.binder.example
  logo: https://elm.example/logo.svg
  funded_by: Elm
  funded_by_link: https://elm.example

- url_binderhub: https://old.yew.example
  logo: x
  funded_by: Yew Trust
  funded_by_link: https://yew.example
"""


def test_into_the_list_of_members(federation):
    text = edited("federation", FEDERATION)
    assert text == (
        FEDERATION.replace("  funded_by: Cedar\n  active: false\n", "  funded_by: Cedar\n")
        .replace("https://elm.example\n\n", "https://elm.example\n  active: false\n\n")
        .replace("https://old.yew.example", "https://yew.binder.example")
        .replace("https://yew.example\n", "https://yew.example\n  active: false\n")
        .replace(
            "- url_binderhub: https://cedar",
            """\
- url_binderhub: https://notebooks.birch.example/binder
  logo: ''
  funded_by: Birch Institute
  funded_by_link: https://birch.example
  run_by: Binder Team
  run_by_link: https://team.example

- url_binderhub: https://cedar""",
        )
    )
    assert edited("federation", text) == text


STATUS_JS = """\
// in sync with list in status.rst
var fedUrls = [
  'https://alder.binder.example',
  // 'https://oak.binder.example',
  "https://elm.binder.example",
  'https://old-birch.example/binder'
];

var urlRows = {};
"""


def test_into_status_js(federation):
    text = edited("status", STATUS_JS)
    assert text == STATUS_JS.replace('  "https://elm.binder.example",\n', "").replace(
        "'https://old-birch.example/binder'\n",
        "'https://notebooks.birch.example/binder',\n  'https://cedar.binder.example',\n",
    )
    assert edited("status", text) == text


def test_into_status_rst(federation):
    rule = "=======================  ========  ====="
    head = "  URL                    Response  Quota"
    page = f"Status\n======\n\n{rule}\n{head}\n{rule}\nalder.binder.example\nelm.binder.example\n{rule}\n\nEnd.\n"
    wide = "=======" + rule
    text = edited("status", page)
    assert text == (
        f"Status\n======\n\n{wide}\n  URL                           Response  Quota\n{wide}\nalder.binder.example\n"
        f"notebooks.birch.example/binder\ncedar.binder.example\n{wide}\n\nEnd.\n"
    )
    assert edited("status", text) == text


WORKFLOW = """\
jobs:
  staging:
    strategy:
      matrix:
        include:
          - federation_member: staging
            chartpress_args: ""
  prod:
    strategy:
      matrix:
        include:
          # the prime
          - federation_member: hetzner-alder
            chartpress_args: "--push"
            helm_version: ""
          - federation_member: yew
            chartpress_args: ""
          - federation_member: birch
            helm_version: "v3"
    steps:
      - run: echo ${{ matrix.federation_member }}
"""


def test_into_the_deploy_matrix(federation):
    text = edited("matrix", WORKFLOW)
    assert text == WORKFLOW.replace(
        '          - federation_member: yew\n            chartpress_args: ""\n', ""
    ).replace(
        '            helm_version: "v3"\n',
        '            helm_version: "v3"\n'
        "          - federation_member: cedar\n            chartpress_args: ''\n            helm_version: ''\n"
        "            experimental: false\n"
        "          - federation_member: fir\n            chartpress_args: ''\n            helm_version: ''\n"
        "            experimental: true\n",
    )
    assert edited("matrix", text) == text


def test_into_grafanas_data_sources_leaves_others_alone(federation):
    text = (
        "apiVersion: 1\ndatasources:\n  - name: prometheus\n    type: prometheus\n    url: https://prometheus.binder.example\n"
        "  - name: BIRCH\n    type: prometheus\n    url: https://old.example\n  - name: logs\n    type: loki\n    url: https://loki.example\n"
    )
    new = {each["name"]: each["url"] for each in yaml(edited("grafana", text))["datasources"]}
    assert new["birch"] == "https://notebooks.birch.example/prometheus"
    assert {"prometheus", "logs", "alder", "Cedar", "Fir"} <= set(new)
    assert "BIRCH" not in new


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("hosts", "hosts: [", "not YAML"),
        ("hosts", "a: 1\n", "no hosts"),
        ("hosts", "hosts:\n  a: &x {url: u, weight: 1}\n  b: *x\n", "aliases"),
        ("hosts", "hosts: {hetzner-alder: {weight: 1, url: 'https://a.example'}}\n", "braces"),
        ("hosts", '{"hosts": 3}', "not an object"),
        ("federation", "a: 1\n", "no list"),
        ("status", "var x = [];", "neither"),
        ("matrix", "- a\n", "no matrix"),
        ("grafana", "a: [1]\n", "no data sources"),
        ("prometheus", "[]", "new one"),
        ("federation", "- &a {x: 1}\n- *a\n", "no alias|aliases|braces"),
    ],
)
def test_a_file_that_cant_be_changed_says_why(federation, name, text, said):
    with pytest.raises(exports.CantEdit, match=said):
        edited(name, text)


def test_windows_line_ends_and_a_byte_order_mark_stay(federation):
    content = b"\xef\xbb\xbf" + FEDERATION.replace("\n", "\r\n").encode()
    new = exports.into("federation", content)
    assert new.startswith(b"\xef\xbb\xbf")
    assert new.count(b"\n") == new.count(b"\r\n")
    assert b"notebooks.birch.example" in new


def test_the_command_writes_into_a_file_and_says_when_there_is_nothing_to_do(federation, tmp_path, capsys):
    file = tmp_path / "federation.yml"
    file.write_text(FEDERATION)
    file.chmod(0o640)
    call_command("export", "federation", "--into", str(file))
    assert "notebooks.birch.example" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640
    call_command("export", "federation", "--into", str(file))
    assert "nothing to change" in capsys.readouterr().err
    call_command("export", "status", "--form", "rst")
    assert "cedar.binder.example" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["hosts", "--form", "xml"], "json, yaml"), (["hosts", "--into", "/nowhere/x"], "No such file")],
)
def test_the_command_says_what_is_wrong_in_a_sentence(arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command("export", *arguments)


def test_an_export_is_served_to_any_program(client, federation):
    response = client.get("/exports/prometheus.json")
    assert response["Content-Type"] == "application/json"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert client.get("/exports/prometheus.json", headers={"If-None-Match": response["ETag"]}).status_code == 304
    assert client.get("/exports/prometheus.xml").status_code == 404
    assert client.get("/exports/secrets.json").status_code == 404


def test_an_export_takes_few_queries(client, federation, django_assert_max_num_queries):
    for number in range(20):
        make_hub(f"more{number}")
    with django_assert_max_num_queries(4):
        client.get("/exports/federation.yml")


def test_the_page_of_exports_names_every_file(client):
    page = client.get("/exports/").content.decode()
    assert all(f"/exports/{each.name}.{form.extension}" in page for each in exports.ALL for form in each.forms)


def test_what_people_typed_is_data_in_every_export(federation):
    odd = "Ünï \u202e: # 'x' \"y\" {a} - *b\U0001f333"
    Hub.objects.filter(key="birch").update(name=odd, grafana_name="")
    Member.objects.filter(slug="birch").update(name=odd, funded_by=odd)
    assert any(each["funded_by"] == odd for each in yaml(written("federation")))
    assert any(each["name"] == odd for each in yaml(written("grafana"))["datasources"])
    assert edited("federation", written("federation")) == written("federation")
    assert make_user()


@pytest.mark.parametrize("balancer", ["balanced", "rendezvous"])
def test_a_redirector_with_the_exported_file_redirects_byte_for_byte_the_same(federation, balancer):
    Policy.objects.update_or_create(pk=1, defaults={"balancer": balancer})
    read = hosts_file.loads(written("hosts"))
    by_portal = table_of(publishing.current(1))
    by_file = table_of(Snapshot(version=1, published_at=NOW, hubs=read.hubs, policy=read.policy))
    at = moment(NOW, by_file.cookie_age)
    targets = [f"/build/gh/owner-{number % 97}/repo/main?x={number}".encode() for number in range(400)]
    answers = [redirect(target, None, by_file, at)[0] for target in targets]
    assert answers == [redirect(target, None, by_portal, at)[0] for target in targets]
    assert len({answer.partition(b"location: ")[2][:20] for answer in answers}) == 2


def table_of(snapshot: Snapshot) -> Table:
    slots = {hub.key: place for place, hub in enumerate(snapshot.hubs)}
    return Table(View(snapshot, source="config", confirmed_at=NOW, verdicts={}), OPTIONS, slots=slots)
