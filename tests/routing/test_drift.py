"""Drift: what differs between the portal and the lists that others keep is found, and nothing else."""

import json

import pytest
from django.core.management import call_command

from members.models import Member
from routing.models import Hub
from routing.services import drift, exports, hubs
from routing.services.drift import reports
from tests.factories import change_weights, make_hub, make_member

pytestmark = pytest.mark.django_db

NAMES = [
    ("hosts", "json"),
    ("hosts", "yaml"),
    ("federation", "yml"),
    ("status", "js"),
    ("status", "rst"),
    ("matrix", "yml"),
    ("matrix", "json"),
    ("grafana", "yaml"),
    ("grafana", "json"),
    ("prometheus", "json"),
    ("dns", "txt"),
]


@pytest.fixture(autouse=True)
def federation(settings) -> None:
    settings.REDIRECTOR_URL = "https://binder.example"
    make_hub(
        "hetzner-alder",
        member=make_member("alder", funded_by="Alder Foundation"),
        name="Alder",
        prime=True,
        weight=60,
        url="https://alder.binder.example",
        ip_address="192.0.2.7",
        grafana_name="alder",
    )
    make_hub(
        "birch",
        member=make_member("birch", name="Birch Institute"),
        name="Birch",
        weight=2,
        url="https://birch.binder.example",
        prometheus_url="https://birch.binder.example/prometheus",
    )
    make_hub("cedar", name="Cedar", url="https://cedar.binder.example", weight=30, state=Hub.State.DRAINED)
    make_hub("fir", name="Fir", url="https://fir.binder.example", weight=0, state=Hub.State.ONBOARDING)
    yew = make_hub(
        "yew", member=make_member("yew", state=Member.State.PAST), name="Yew", url="https://yew.binder.example"
    )
    change_weights(yew=0)
    hubs.change_state(yew, Hub.State.RETIRED, reason="thanks", by=None)
    Hub.objects.filter(pk=yew.pk).update(ip_address="192.0.2.9")


def text_of(name: str, form: str = "") -> str:
    return exports.write(name, form).decode()


def found_in(text: str, name: str = "copy") -> list[tuple[str, str, str]]:
    return [(each.list, each.kind, each.hub) for each in drift.compare(text.encode(), name).findings]


@pytest.mark.parametrize(("name", "form"), NAMES)
def test_our_own_exports_do_not_drift(name, form):
    text = text_of(name, form)
    outcome = drift.compare(text.encode(), "copy")
    assert name in outcome.lists
    assert [each.text for each in outcome.findings] == []


PLANTS = [
    # hosts: a hub missing, extra, under another key, other address, weight, prime, past, setting.
    ("hosts", "yaml", "    birch:", "    larch:", [("hosts", "other", "birch")]),
    (
        "hosts",
        "yaml",
        "url: https://birch.",
        "url: https://old-birch.",
        [("hosts", "url", "birch")],
    ),
    ("hosts", "yaml", "weight: 60", "weight: 50", [("hosts", "weight", "hetzner-alder")]),
    ("hosts", "yaml", "weight: 0", "weight: 30", [("hosts", "weight", "cedar")]),
    ("hosts", "yaml", "prime: true", "prime: false", [("hosts", "prime", "hetzner-alder")]),
    ("hosts", "yaml", "    cedar:", "    yew:", [("hosts", "past", "yew")]),
    (
        "hosts",
        "yaml",
        "hosts:\n",
        "hosts:\n    larch: {url: 'https://larch.example', weight: 1}\n",
        [("hosts", "extra", "")],
    ),
    ("hosts", "yaml", "load_balancer: balanced", "load_balancer: random", [("hosts", "other", "")]),
    ("hosts", "json", '"period": 15', '"period": 20', [("hosts", "other", "")]),
    # federation.yml
    (
        "federation",
        "yml",
        "url_binderhub: https://birch.",
        "url_binderhub: https://notebooks.birch.",
        [("federation", "url", "birch")],
    ),
    (
        "federation",
        "yml",
        "funded_by: Alder Foundation",
        "funded_by: Somebody",
        [("federation", "other", "hetzner-alder")],
    ),
    ("federation", "yml", "  active: false\n", "", [("federation", "past", "yew")]),
    (
        "federation",
        "yml",
        "- url_binderhub: https://alder",
        "- url_binderhub: https://larch.example\n  funded_by: L\n\n- url_binderhub: https://alder",
        [("federation", "extra", "")],
    ),
    (
        "federation",
        "yml",
        "- url_binderhub: https://alder",
        "- url_binderhub: https://larch.example\n  active: false\n\n- url_binderhub: https://alder",
        [],
    ),
    # the status page
    ("status", "js", "  'https://birch.binder.example',\n", "", [("status", "missing", "birch")]),
    (
        "status",
        "js",
        "  'https://birch.binder.example',\n",
        "  'https://yew.binder.example',\n",
        [("status", "past", "yew"), ("status", "missing", "birch")],
    ),
    ("status", "rst", "birch.binder.example", "notebooks.birch.example", [("status", "url", "birch")]),
    ("status", "rst", "birch.binder.example\n", "birch.binder.example\nlarch.example\n", [("status", "extra", "")]),
    # the rest
    (
        "matrix",
        "yml",
        "federation_member: birch",
        "federation_member: yew",
        [("matrix", "past", "yew"), ("matrix", "missing", "birch")],
    ),
    ("matrix", "json", '"hetzner-alder"', '"alder"', [("matrix", "other", "hetzner-alder")]),
    ("grafana", "yaml", "birch.binder.example/prometheus", "old.example", [("grafana", "other", "birch")]),
    ("grafana", "json", '"Cedar"', '"Somebody else"', [("grafana", "missing", "cedar")]),
    ("prometheus", "json", '"birch.binder.example"', '"old.birch.example"', [("prometheus", "url", "birch")]),
    (
        "dns",
        "txt",
        "\nalder.binder.example. 300 IN A 192.0.2.7",
        "\nalder.binder.example. 300 IN A 192.0.2.8",
        [("dns", "other", "hetzner-alder")],
    ),
    (
        "dns",
        "txt",
        "*.alder.binder.example. 300 IN A 192.0.2.7",
        "yew.binder.example. IN A 192.0.2.9",
        [("dns", "missing", "hetzner-alder"), ("dns", "past", "yew")],
    ),
]


@pytest.mark.parametrize(("name", "form", "old", "new", "expected"), PLANTS)
def test_each_plant_is_found_and_nothing_else(name, form, old, new, expected):
    text = text_of(name, form)
    assert old in text
    assert sorted(found_in(text.replace(old, new, 1))) == sorted(expected)


def test_it_is_said_in_words():
    text = text_of("federation").replace("https://birch.binder", "https://notebooks.birch")
    [finding] = drift.compare(text.encode(), "federation.yml").findings
    assert finding.text == (
        "federation.yml still lists Birch at https://notebooks.birch.example; the portal has https://birch.binder.example."
    )
    assert finding.member == "birch"


def test_helm_values_hold_two_lists_and_their_secrets_stay_where_they_are():
    grafana = "\n".join("    " + line for line in text_of("grafana").splitlines()).replace(
        "alder.binder", "alder.binder"
    )
    text = f"binderhub:\n  token: hunter2\n{text_of('hosts', 'yaml')}grafana:\n  datasources:\n{grafana}\n"
    outcome = drift.compare(text.replace("weight: 60", "weight: 61").encode(), "prod.yaml")
    assert outcome.lists == ("hosts", "grafana")
    assert [each.kind for each in outcome.findings] == ["weight"]
    assert "hunter2" not in repr(outcome)


def test_a_password_in_an_address_is_not_repeated():
    text = text_of("status").replace("https://birch", "https://me:hunter2@birch2")
    assert "hunter2" not in " ".join(each.text for each in drift.compare(text.encode(), "status.js").findings)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "none of the lists"),
        (b"hello", "none of the lists"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * 500_001, "too big"),
        (b"federationRedirect: [", "looks like hosts"),
        (b'{"hosts": {', "looks like hosts"),
        (b"- url_binderhub: *x\n", "looks like federation"),
        (b"- url_binderhub: [\n", "looks like federation"),
        (b'[{"targets": ', "looks like prometheus"),
        (b'{"a":' * 100_000, "none of the lists"),
        (b"url_binderhub: " + b"[" * 5_000, "looks like federation"),
        (b"hosts:\n  - a.example\n", "none of the lists"),
    ],
)
def test_what_cant_be_compared_says_why(content, said):
    with pytest.raises(drift.Unreadable, match=said):
        drift.compare(content, "copy")


def test_an_issue_calls_nobody_and_shows_text_as_text():
    text = text_of("status").replace("https://birch.binder.example", "https://x/@everyone/<script>[a](b)")
    issue = reports.as_markdown(
        [reports.Report("status.js", *vars(drift.compare(text.encode(), "status.js")).values())], "https://p"
    )
    assert "@everyone" not in issue
    assert "<script>" not in issue.replace("\\<", "")
    assert "**birch**" in issue
    assert "- [ ] status.js does not list Birch" in issue


def run(capsys, *arguments: str) -> tuple[int, str]:
    code = 0
    try:
        call_command("drift", *arguments)
    except SystemExit as error:
        code = int(error.code or 0)
    return code, capsys.readouterr().out


def test_the_command_ends_with_1_on_drift_and_0_without(tmp_path, capsys):
    good, bad = tmp_path / "good.yml", tmp_path / "status.js"
    good.write_text(text_of("federation"))
    bad.write_text(text_of("status").replace("  'https://birch.binder.example',\n", ""))
    assert run(capsys, str(good)) == (0, "good.yml says what the portal says (federation).\n")
    code, said = run(capsys, str(good), str(bad))
    assert (code, "  status.js does not list Birch; the portal has it at https://birch.binder.example.\n" in said) == (
        1,
        True,
    )
    code, said = run(capsys, str(bad), "--json")
    assert (code, json.loads(said)["files"][0]["findings"][0]["kind"]) == (1, "missing")
    code, said = run(capsys, str(bad), "--markdown")
    assert (code, said.startswith("### status.js differs")) == (1, True)


def test_the_command_ends_with_2_for_what_it_cant_compare(tmp_path, capsys):
    assert run(capsys, str(tmp_path / "none")) == (2, "none could not be compared. No such file or directory.\n")
    code, said = run(capsys, "https://127.0.0.1:1/x", "--json")
    assert code == 2
    assert json.loads(said)["files"][0]["problem"]
