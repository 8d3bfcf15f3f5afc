"""Incidents in the office: drafts are decided on, the others told to their end."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from routing.models import CheckRound, Incident
from routing.services import incidents
from routing.services.incident_drafts import draft_for_outages
from tests.factories import bring_back, make_hub, make_incident, make_maintainer, put_out
from tests.routing.test_office_weights import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def maintainer(client):
    person = make_maintainer("mara")
    client.force_login(person)
    return person


@pytest.fixture
def send(client):
    return lambda page, /, *arguments, **data: client.post(reverse(f"admin:routing_{page}", args=arguments), data)


@pytest.fixture
def look(client):
    return lambda incident: text(client.get(reverse("admin:routing_incident_change", args=[incident.pk])))


@pytest.fixture
def draft():
    """What the portal wrote of Heron, which is out."""
    CheckRound.objects.create(pk=1, finished_at=timezone.now())
    put_out(make_hub("a", name="Heron"), minutes=15, reason="does not answer")
    return draft_for_outages()


def test_an_incident_is_opened_with_its_hubs(send, maintainer):
    hub = make_hub("a")
    data = {"title": "Launches fail", "hubs": [hub.pk], "phase": "identified", "text": "The **registry** is full."}
    assert send("incident_add", **data).status_code == 302
    incident = Incident.objects.get()
    assert (incident.title, incident.by, incident.standing) == ("Launches fail", maintainer, "open")
    assert set(incident.hubs.all()) == {hub}
    assert incident.updates.get().phase == "identified"


@pytest.mark.parametrize("wrong", [{"title": ""}, {"text": ""}, {"phase": "resolved"}, {"hubs": [0]}, {"text": "\0"}])
def test_a_bad_form_tells_nobody(send, wrong):
    data = {"title": "Launches fail", "hubs": [], "phase": "identified", "text": "Hm.", **wrong}
    assert send("incident_add", **data).status_code == 200
    assert not Incident.objects.exists()


def test_an_incident_is_a_thread_with_the_newest_first(send, look):
    incident = make_incident(make_hub("a", name="Heron"))
    send("incident_update", incident.pk, phase="identified", text="A *disk* is full.")
    page = look(incident)
    assert re.search(r"Identified .*mara .*A disk is full\. .*Investigating .*We are looking into it\.", page)
    assert "Heron" in page


def test_hostile_markdown_is_shown_and_not_run(client, look):
    incident = make_incident(said="<script>alert(1)</script> [x](javascript:alert(1))")
    page = client.get(reverse("admin:routing_incident_change", args=[incident.pk])).content.decode()
    assert "<script>alert(1)" not in page
    assert 'href="javascript:' not in page


def test_an_incident_is_resolved_and_reopened(send, look):
    incident = make_incident()
    send("incident_update", incident.pk, phase="resolved", text="All is well.")
    assert Incident.objects.get().standing == "resolved"
    assert "Say what is new" not in look(incident)
    send("incident_reopen", incident.pk, text="Not quite.")
    assert Incident.objects.get().standing == "open"


def test_an_update_without_a_text_keeps_what_was_chosen(send):
    incident = make_incident()
    response = send("incident_update", incident.pk, phase="monitoring", text="  ")
    assert response.status_code == 200
    assert re.search(r'value="monitoring"[^>]*checked', response.content.decode())
    assert incident.updates.count() == 1


def test_who_comes_second_reads_that_it_is_resolved(send, look):
    incident = make_incident()
    incidents.resolve(incident, "Done.", by=None)
    send("incident_update", incident.pk, phase="monitoring", text="Hm.")
    assert "It was resolved already" in look(incident)


def test_a_draft_is_marked_and_shows_how_its_hubs_are_now(client, look, draft):
    assert re.search(r"Heron is out .*◐ draft", text(client.get(reverse("admin:routing_incident_changelist"))))
    page = look(draft)
    assert "Nobody but maintainers sees it" in page
    assert re.search(r"Heron : ✕ out since .* UTC : does not answer", page)
    bring_back(draft.hubs.get())
    draft_for_outages()
    assert "Heron is back since" in look(draft)


def test_the_first_page_of_the_office_says_that_a_draft_waits(client, draft):
    assert "1 draft of an incident waits" in text(client.get(reverse("admin:index")))


def test_a_draft_is_accepted_under_another_title(send, draft, maintainer):
    send("incident_accept", draft.pk, title="Launches on Heron fail")
    incident = Incident.objects.get()
    assert (incident.title, incident.standing, incident.by) == ("Launches on Heron fail", "open", maintainer)


def test_a_draft_is_discarded(send, look, draft):
    send("incident_discard", draft.pk)
    assert Incident.objects.get().standing == "discarded"
    assert "never published" in look(draft)


@pytest.mark.parametrize("standing", ["draft", "open", "resolved", "discarded"])
def test_the_list_is_filtered_by_state(client, standing):
    now = timezone.now()
    make_incident(title="it is draft", draft=True)
    make_incident(title="it is open")
    make_incident(title="it is resolved", resolved_at=now)
    make_incident(title="it is discarded", draft=True, resolved_at=now)
    page = text(client.get(reverse("admin:routing_incident_changelist"), {"is": standing}))
    assert re.findall(r"it is (\w+)", page) == [standing]


def test_what_is_sent_is_never_got(client):
    incident = make_incident()
    for page in ("update", "reopen", "accept", "discard"):
        assert client.get(reverse(f"admin:routing_incident_{page}", args=[incident.pk])).status_code == 405
