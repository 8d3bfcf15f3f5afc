"""Incidents: what maintainers say, who wins when two say it at once, and what the portal drafts by itself."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from foundation.markdown import render_markdown
from routing import tasks
from routing.models import CheckRound, Downtime, Flip, Hub, Incident, IncidentUpdate, Policy
from routing.services import incidents
from routing.services.incident_drafts import draft_for_outages
from tests.factories import bring_back, make_downtime, make_hub, make_maintainer, put_out

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def checks_are_running(db):
    CheckRound.objects.create(pk=1, finished_at=timezone.now())


def phases(incident: Incident) -> list[str]:
    """What was said, the oldest first."""
    return list(incident.updates.order_by("at", "id").values_list("phase", flat=True))


def open_one(*hubs: Hub, title="Slow builds", text="We look into it.", by=None) -> Incident:
    return incidents.open_incident(title, hubs, text, by=by)


# What maintainers say


def test_an_incident_is_told_and_retold_until_it_is_over():
    person, hub = make_maintainer(), make_hub("a")
    incident = open_one(hub, by=person)
    incidents.update(incident, "identified", "The registry is full.", by=person)
    incidents.update(incident, "monitoring", "We made room.", by=person)
    assert incident in Incident.objects.public().open()
    incidents.resolve(incident, "All is well.", by=person)
    assert incident not in Incident.objects.public().open()
    assert phases(incident) == ["investigating", "identified", "monitoring", "resolved"]
    assert set(incident.hubs.all()) == {hub}
    assert {update.by for update in incident.updates.all()} == {person}


def test_the_last_phase_ends_it_too():
    incident = open_one()
    incidents.update(incident, "resolved", "All is well.", by=None)
    incident.refresh_from_db()
    assert incident.standing == "resolved"


def test_a_resolved_one_says_nothing_more_until_it_is_reopened():
    incident = open_one()
    incidents.resolve(incident, "All is well.", by=None)
    with pytest.raises(incidents.Settled, match="Reopen it"):
        incidents.update(incident, "monitoring", "Hm.", by=None)
    incidents.reopen(incident, "It is back.", by=None)
    incidents.update(incident, "monitoring", "Hm.", by=None)
    assert phases(incident) == ["investigating", "resolved", "investigating", "monitoring"]


def test_an_open_one_is_not_reopened():
    with pytest.raises(incidents.Settled, match="open already"):
        incidents.reopen(open_one(), "It is back.", by=None)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"title": " "}, "Give it a title"),
        ({"title": "x" * 201}, "Make the title shorter"),
        ({"text": "\n\0"}, "Say something"),
        ({"text": "x" * 5001}, "Make the text shorter"),
    ],
)
def test_what_says_nothing_or_too_much_is_refused_in_words(values, said):
    with pytest.raises(incidents.IncidentsError, match=said):
        open_one(**values)


def test_a_phase_that_is_none_is_refused():
    with pytest.raises(incidents.IncidentsError):
        incidents.update(open_one(), "over", "x", by=None)
    with pytest.raises(incidents.IncidentsError):
        incidents.open_incident("Title", [], "x", by=None, phase="resolved")


@pytest.mark.django_db(transaction=True)
def test_of_many_who_resolve_it_at_once_exactly_one_does():
    incident = open_one()
    barrier = threading.Barrier(4)

    def resolve(_: int) -> bool:
        with contextlib.closing(connection):
            barrier.wait(timeout=10)
            try:
                incidents.resolve(incident, "All is well.", by=None)
            except incidents.Settled:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(resolve, range(4))) == 1
    assert phases(incident) == ["investigating", "resolved"]


# What the portal drafts


def test_a_hub_that_is_out_for_long_is_drafted_and_not_published():
    hub = make_hub("a", name="Heron")
    flip = put_out(hub, minutes=11, reason="does not answer")
    tasks.draft_incidents()
    draft = Incident.objects.get()
    assert (draft.title, draft.draft, draft.flip, draft.opened_at) == ("Heron is out", True, flip, flip.at)
    assert set(draft.hubs.all()) == {hub}
    assert "<strong>Heron</strong> has taken no launches since" in render_markdown(draft.updates.get().text)
    assert "does not answer" in draft.updates.get().text
    assert not Incident.objects.public().exists()


def test_a_hub_that_is_out_for_a_moment_is_not_drafted():
    put_out(make_hub("a"), minutes=9)
    assert draft_for_outages() is None


def test_how_long_is_a_setting():
    Policy(pk=1, incident_after_minutes=5).save()
    put_out(make_hub("a"), minutes=6)
    assert draft_for_outages()


def test_drafting_again_changes_nothing():
    put_out(make_hub("a"), minutes=11)
    draft_for_outages()
    draft_for_outages()
    assert Incident.objects.count() == IncidentUpdate.objects.count() == 1


def test_hubs_that_are_out_at_once_share_one_draft():
    for key, minutes in (("a", 12), ("b", 13), ("c", 11)):
        put_out(make_hub(key), minutes=minutes)
    draft = draft_for_outages()
    assert (draft.title, draft.flip.hub.key) == ("A, B and C are out", "b")
    assert draft.hubs.count() == 3
    assert Incident.objects.count() == 1


def test_a_hub_that_goes_out_later_joins_the_draft():
    a, b = make_hub("a"), make_hub("b")
    put_out(a, minutes=15)
    draft_for_outages()
    put_out(b, minutes=11, reason="is over its quota")
    draft_for_outages()
    draft = Incident.objects.get()
    assert (draft.title, draft.hubs.count(), draft.updates.count()) == ("A and B are out", 2, 2)
    assert "is over its quota" in draft.updates.first().text


def test_a_hub_that_goes_out_after_the_draft_was_accepted_gets_one_of_its_own():
    put_out(make_hub("a"), minutes=15)
    incidents.accept(draft_for_outages(), by=None)
    put_out(make_hub("b"), minutes=11)
    assert draft_for_outages().title == "B is out"


@pytest.mark.parametrize("decide", [incidents.accept, incidents.discard])
def test_what_a_maintainer_decided_is_not_drafted_again(decide):
    put_out(make_hub("a"), minutes=11)
    decide(draft_for_outages(), by=None)
    assert draft_for_outages() is None


def test_the_next_outage_of_the_same_hub_is_a_new_draft():
    hub = make_hub("a")
    put_out(hub, minutes=120)
    draft = draft_for_outages()
    incidents.discard(draft, by=None)
    Incident.objects.filter(pk=draft.pk).update(resolved_at=timezone.now() - timedelta(minutes=90))
    bring_back(hub, minutes=60)
    put_out(hub, minutes=11)
    assert draft_for_outages()


def test_a_hub_with_an_open_incident_needs_no_draft():
    hub = make_hub("a")
    open_one(hub)
    put_out(hub, minutes=11)
    assert draft_for_outages() is None


def test_a_hub_in_maintenance_is_no_incident():
    for severity in Downtime.Severity.values:
        hub = make_hub()
        make_downtime(hub, severity=severity)
        put_out(hub, minutes=30)
    assert draft_for_outages() is None


def test_a_hub_gets_time_to_come_back_after_its_maintenance():
    hub = make_hub("a")
    row = make_downtime(hub, starts=-3, ends=-0.1)
    put_out(hub, minutes=120)
    assert draft_for_outages() is None
    Downtime.objects.filter(pk=row.pk).update(ends_at=timezone.now() - timedelta(minutes=11))
    assert draft_for_outages()


@pytest.mark.parametrize("values", [{"state": "drained"}, {"state": "onboarding"}, {"weight": 0}])
def test_a_hub_that_gets_no_launches_anyway_is_no_incident(values):
    put_out(make_hub("a", **values), minutes=30)
    assert draft_for_outages() is None


def test_a_prime_that_is_out_is_one_whatever_its_weight():
    put_out(make_hub("a", weight=0, prime=True), minutes=30)
    assert draft_for_outages()


@pytest.mark.parametrize("finished", [None, 120])
def test_while_nobody_checks_nothing_is_drafted(finished):
    at = finished and timezone.now() - timedelta(seconds=finished)
    CheckRound.objects.update(finished_at=at)
    put_out(make_hub("a"), minutes=30)
    assert draft_for_outages() is None


def test_a_hub_that_is_back_is_suggested_as_the_end_and_nothing_is_published():
    hub = make_hub("a")
    put_out(hub, minutes=20)
    draft = draft_for_outages()
    bring_back(hub, minutes=1)
    draft_for_outages()
    draft_for_outages()
    assert phases(draft) == ["investigating", "monitoring"]
    assert "is back since" in draft.updates.first().text
    assert Incident.objects.get().standing == "draft"


def test_a_hub_that_goes_out_again_is_said_in_the_draft_too():
    hub = make_hub("a")
    put_out(hub, minutes=30)
    draft = draft_for_outages()
    bring_back(hub, minutes=20)
    draft_for_outages()
    put_out(hub, minutes=11)
    draft_for_outages()
    assert phases(draft) == ["investigating", "monitoring", "investigating"]
    assert Incident.objects.count() == 1


def test_nothing_is_written_into_an_incident_that_a_maintainer_took_over():
    hub = make_hub("a")
    put_out(hub, minutes=30)
    draft = incidents.accept(draft_for_outages(), by=None)
    bring_back(hub, minutes=20)
    draft_for_outages()
    assert phases(draft) == ["investigating"]


def test_what_a_hub_answered_is_shown_as_it_is():
    put_out(make_hub("a", name="*A*"), minutes=30, reason="[click](https://evil.example) <b>now</b>")
    html = render_markdown(draft_for_outages().updates.get().text)
    assert "<a" not in html
    assert "<strong>*A*</strong>" in html
    assert "[click](https://evil.example) &lt;b&gt;now&lt;/b&gt;" in html


def test_a_draft_is_accepted_under_a_better_title():
    put_out(make_hub("a"), minutes=30)
    person = make_maintainer()
    incident = incidents.accept(draft_for_outages(), title=" Launches on A fail ", by=person)
    assert (incident.title, incident.by, incident.standing) == ("Launches on A fail", person, "open")


def test_a_draft_says_nothing_before_it_is_accepted():
    put_out(make_hub("a"), minutes=30)
    draft = draft_for_outages()
    for phase in ("identified", "resolved"):
        with pytest.raises(incidents.IncidentsError, match="accept it first"):
            incidents.update(draft, phase, "Hm.", by=None)


def test_a_draft_is_decided_once():
    put_out(make_hub("a"), minutes=30)
    draft = draft_for_outages()
    incidents.discard(draft, by=None)
    assert draft.standing == "discarded"
    with pytest.raises(incidents.Settled):
        incidents.accept(draft, by=None)
    with pytest.raises(incidents.Settled):
        incidents.discard(draft, by=None)


@pytest.mark.django_db(transaction=True)
def test_many_tasks_at_once_make_one_draft():
    CheckRound.objects.update_or_create(pk=1, defaults={"finished_at": timezone.now()})
    for key in "ab":
        put_out(make_hub(key), minutes=30)
    barrier = threading.Barrier(4)

    def draft(_: int) -> bool:
        with contextlib.closing(connection):
            barrier.wait(timeout=10)
            return draft_for_outages() is not None

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(draft, range(4))) == 1
    assert Incident.objects.count() == IncidentUpdate.objects.count() == 1
    assert Flip.objects.count() == 2


def test_looking_for_outages_costs_as_many_queries_however_many_hubs(django_assert_max_num_queries):
    for number in range(20):
        put_out(make_hub(f"hub{number}"), minutes=5)
    with django_assert_max_num_queries(8):
        assert draft_for_outages() is None
