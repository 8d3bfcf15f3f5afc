"""What pages say of a hub and of the federation: the words, one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from routing.models import CheckRound, Hub
from routing.services import overview, sentences, wording
from tests.factories import make_checked_hub, make_downtime, make_health, make_hub

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
AT = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
FULL = {
    "serving": False,
    "since": AT,
    "reason": "full: 95 of 100 pods, and 10 are kept free",
    "checks": {"versions": True, "Pod quota": False},
}
SILENT = {"serving": False, "since": AT, "reason": "refuses connections"}
QUICK = {"checked_at": NOW}


def make(name: str, health: dict | None = None, **values) -> Hub:
    return make_checked_hub(name.lower(), {**QUICK, **(health or {})}, name=name, **values)


def said() -> str:
    return sentences.of(overview.read(NOW)).text(NOW.date())


def state(key: str):
    found = overview.read(NOW).find(key)
    assert found is not None
    return found.state


def words(key: str) -> str:
    return wording.as_text(state(key).words, NOW.date())


# The whole federation ----------------------------------------------------------------------------------------------


def test_all_hubs_are_serving():
    for name in ("Ants", "Bees", "Crabs", "Ducks", "Eels"):
        make(name)

    assert said() == "All 5 hubs are serving."


def test_one_hub_is_not_a_plural():
    make("Ants")

    assert said() == "The hub is serving."


def test_a_hub_over_its_quota_is_resting_since_then():
    for name in ("Ants", "Bees", "Crabs", "Ducks"):
        make(name)
    make("GESIS", FULL)

    assert said() == (
        "4 of 5 hubs are serving; GESIS is resting: over its pod quota since 14:02 UTC. "
        "New launches go to the other hubs."
    )


def test_two_that_are_away_are_both_named():
    make("Ants")
    make("Bees", SILENT)
    make("Crabs", FULL)

    assert said() == (
        "1 of 3 hubs is serving; Bees is out: not answering since 14:02 UTC; "
        "Crabs is resting: over its pod quota since 14:02 UTC. New launches go to the other hub."
    )


def test_many_that_are_away_are_counted():
    make("Ants")
    for name in ("Bees", "Crabs", "Ducks"):
        make(name, SILENT)
    make("Eels", weight=0)

    assert said() == "1 of 5 hubs is serving; 3 are out and 1 is resting. New launches go to the other hub."


def test_no_hub_answers():
    make("Ants", SILENT)
    make("Bees", SILENT)

    found = sentences.of(overview.read(NOW))

    assert found.text(NOW.date()) == "No hub answers right now. New launches may fail until one is back."
    assert (found.kind, found.shape) == ("out", "✕")


def test_all_hubs_are_full():
    make("Ants", FULL)
    make("Bees", FULL)

    assert said() == "No hub has room right now. New launches may have to wait."


def test_some_full_and_some_out_is_no_hub_all_the_same():
    make("Ants", FULL)
    make("Bees", SILENT)

    assert said() == "No hub can take launches right now. New launches may fail until one is back."


def test_none_that_is_meant_to_take_launches():
    make("Ants", weight=0)

    assert said() == "No hub is meant to take new launches right now."


def test_without_hubs_there_is_nothing_to_say():
    assert said() == "No hub yet."


def test_hubs_that_are_being_set_up_are_no_outage():
    make("Ants")
    make("Bees", weight=0, state=Hub.State.ONBOARDING)
    make("Crabs", weight=0, state=Hub.State.ONBOARDING)

    assert said() == "The hub is serving. Bees and Crabs are joining."


def test_the_first_hub_is_joining():
    make("Ants", weight=0, state=Hub.State.ONBOARDING)

    assert said() == "No hub yet. Ants is joining."


def test_before_the_first_check_nobody_knows():
    make_hub("ants")

    assert said() == "The hubs have not been checked yet, so how they are is unknown. Launches go on as before."


def test_when_nobody_checks_any_more_nobody_knows_since_then():
    make("Ants", {"checked_at": AT})
    make("Bees", {"checked_at": AT - timedelta(minutes=1)})

    assert said() == (
        "The hubs have not been checked since 14:02 UTC, so how they are is unknown. Launches go on as before."
    )


def test_when_all_fall_silent_at_once_our_own_network_is_suspected():
    CheckRound.objects.create(pk=1, finished_at=NOW, fail_open_since=AT)
    make("Ants", {"bad": 1, "reason": "refuses connections"})
    make("Bees", {"bad": 1, "reason": "refuses connections"})

    assert said() == (
        "Not one hub has answered our checks since 14:02 UTC: our own network may be at fault. "
        "Launches go on as before."
    )
    assert state("ants").kind == "trouble"


def test_a_name_with_markup_stays_a_name_of_its_own():
    make("Ants")
    make_checked_hub("bees", {**QUICK, **SILENT}, name="<b>Bees</b>")

    assert wording.Name("<b>Bees</b>") in sentences.of(overview.read(NOW)).words


# One hub -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "shape", "word", "reason"),
    [
        ({}, "●", "serving", ""),
        ({"weight": 0}, "○", "resting", "its weight is 0"),
        ({"state": Hub.State.DRAINED}, "○", "resting", "maintainers gave it a rest"),
        ({"state": Hub.State.ONBOARDING}, "○", "joining", "it is being set up and takes no launches yet"),
    ],
)
def test_what_people_decided_comes_first(values, shape, word, reason):
    make("Ants", SILENT if values else {}, **values)

    assert (state("ants").shape, state("ants").word, words("ants")) == (shape, word, reason)


@pytest.mark.parametrize(
    ("health", "kind", "reason"),
    [
        (FULL, "resting", "over its pod quota since 14:02 UTC"),
        (SILENT, "out", "not answering since 14:02 UTC"),
        ({"bad": 1, "reason": "refuses connections"}, "trouble", "not answering just now; it is being asked again"),
        (
            {"held": True, "bad": 3, "reason": "runs other versions than the prime: binderhub 2 (prime: 1)"},
            "trouble",
            "running other versions than the rest of the federation; it stays because half of the hubs are out already",
        ),
        (
            {"skew": "binderhub 2 (prime: 1)", "skew_since": AT},
            "trouble",
            "running other versions than the rest of the federation since 14:02 UTC",
        ),
        (
            {"returned_at": NOW - timedelta(minutes=3)},
            "limited",
            "back, and taking its share step by step since 14:57 UTC",
        ),
        ({"total_pods": 85, "quota": 100}, "limited", "nearly full, so it gets fewer launches"),
        ({"total_pods": 90, "quota": 100}, "resting", "over its pod quota"),
        ({"checked_at": NOW - timedelta(hours=1)}, "unknown", "not checked since 14:00 UTC"),
        ({"checked_at": NOW - timedelta(seconds=40)}, "serving", ""),
        ({"checked_at": None}, "unknown", "not checked yet"),
    ],
)
def test_what_the_checks_found_is_said_in_plain_words(health, kind, reason):
    make("Ants", health)

    assert (state("ants").kind, words("ants")) == (kind, reason)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"starts": -1, "ends": 2}, "in planned maintenance since {start} until {end}"),
        ({"starts": 0.5, "ends": 2}, "it is being emptied for planned maintenance since {lead} until {end}"),
        (
            {"starts": -1, "ends": None, "emergency": True},
            "maintainers took it out for the moment since {start}",
        ),
        ({"starts": -1, "ends": 2, "severity": "at_risk"}, ""),
        ({"starts": 3, "ends": 4}, ""),
    ],
)
def test_maintenance_is_a_rest_and_never_an_outage(values, reason):
    now = timezone.now()
    hub = make_checked_hub("ants", {"serving": not reason, "reason": "refuses connections" if reason else ""})
    downtime = make_downtime(hub, **values)

    found = overview.read(now).find("ants")

    assert found is not None
    day = now.date()
    times = {
        "start": wording.moment(downtime.starts_at, day),
        "lead": wording.moment(downtime.starts_at - timedelta(hours=1), day),
        "end": wording.moment(downtime.ends_at, day) if downtime.ends_at else "",
    }
    assert wording.as_text(found.state.words, day) == reason.format(**times)
    assert found.state.kind == ("resting" if reason else "serving")


@pytest.mark.parametrize(
    ("reason", "plain"),
    [
        ("full: 95 of 100 pods, and 10 are kept free", "over its pod quota"),
        ("drained: its pod quota is 0", "emptied by its team (its pod quota is 0)"),
        ("refuses connections", "not answering"),
        ("took no connection within 4 s", "not answering"),
        ("broke off before its answer was complete", "not answering"),
        ("did not finish its answer within 4 s", "too slow to answer"),
        ("has a TLS certificate that has expired", "using a certificate that has expired"),
        ("has a TLS certificate for another name", "using a certificate for another name"),
        ("does not speak TLS as it should", "without a secure connection that can be trusted"),
        ("has a name that DNS does not know: a.example", "not found under its name"),
        ("a.example has a private address: 10.0.0.1", "not reachable from the internet"),
        ("answers for its health with HTTP 502", "answering that it is unavailable"),
        ("answers for its health with something that is not a JSON object", "answering what can't be read"),
        ("JupyterHub API fails", "having trouble with its JupyterHub API"),
        (
            "JupyterHub API fails; Docker registry fails; Pod quota fails",
            "having trouble with its JupyterHub API and Docker registry, and over its pod quota",
        ),
        ("refuses connections; took no connection within 4 s", "not answering"),
        ("something nobody thought of", "something nobody thought of"),
        ("", "not well"),
    ],
)
def test_reasons_are_said_without_what_only_operators_understand(reason, plain):
    assert wording.plain(reason) == plain


@pytest.mark.parametrize(
    ("share", "text"), [(None, "unknown"), (1.0, "100%"), (0.99999, "99.99%"), (0.9512, "95.12%"), (0.0, "0.00%")]
)
def test_what_was_not_all_of_the_time_is_never_rounded_to_it(share, text):
    assert wording.availability(share) == text


def test_shares_are_promised_and_due():
    make("Ants", weight=3)
    make("Bees", SILENT, weight=1)
    make("Crabs", {"returned_at": NOW - timedelta(minutes=5)}, weight=4)

    found = overview.read(NOW)

    assert [(each.hub.name, each.promised) for each in found.hubs] == [("Crabs", 0.5), ("Ants", 0.375), ("Bees", 0.125)]
    shares = {each.hub.name: each.share for each in found.hubs}
    assert shares == pytest.approx({"Crabs": 2.2 / 5.2, "Ants": 3 / 5.2, "Bees": 0})


def test_four_queries_however_many_hubs(django_assert_num_queries):
    for number in range(20):
        make_downtime(make(f"Hub{number}"))

    with django_assert_num_queries(4):
        found = overview.read(NOW)
        sentences.of(found)
        found.downtimes()

    assert len(found.hubs) == 20


def test_a_hub_that_is_checked_rarely_is_not_unknown_in_between():
    hub = make("Ants", {"checked_at": NOW - timedelta(minutes=20)}, check_period=600)

    assert state("ants").kind == "serving"
    make_health(hub, checked_at=NOW - timedelta(minutes=31))
    assert state("ants").kind == "unknown"


@pytest.mark.parametrize("severity", ["at_risk", "outage"])
@pytest.mark.parametrize("ended", [0, 0.5])
def test_a_hub_that_is_away_as_announced_never_looks_down(severity, ended):
    hub = make_checked_hub(health={"serving": False, "reason": "refuses connections"})
    make_downtime(hub, severity=severity, starts=-1, ends=-ended / 60 if ended else 1)
    state = overview.read().find(hub.key).state
    assert (state.kind, state.cause) == ("resting", "maintenance")


def test_a_hub_that_is_still_away_well_after_its_maintenance_is_out():
    hub = make_checked_hub(health={"serving": False, "reason": "refuses connections"})
    make_downtime(hub, starts=-1, ends=-0.1)
    assert overview.read().find(hub.key).state.kind == "out"
