"""An approved application becomes everything a member needs, exactly once."""

import threading
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from members.models import Access, Application, ComputeOffer, Contact, Invitation, Member, Notice
from members.services import applications
from routing.models import Hub, Onboarding
from routing.services import admissions
from tests.factories import make_hub, make_maintainer
from tests.members.applying import make_application


@pytest.mark.django_db
def test_approval_makes_member_contact_offer_invitation_hub_and_checklist():
    mara = make_maintainer("mara")
    application = make_application(hub_url="https://hub.driftglass.example")

    hub = admissions.admit(application, admissions.proposal(application), by=mara)

    member = Member.objects.get(slug="driftglass-observatory")
    assert (member.state, member.mode, member.summary) == ("onboarding", "member", "We look at the sea.")
    assert [(each.to_state, each.by) for each in member.changes.all()] == [("onboarding", mara)]
    contact = Contact.objects.get(member=member)
    assert (contact.name, contact.email) == ("Ada Sand", "ada@driftglass.example")
    assert contact.email_confirmed_at == application.email_confirmed_at
    offer = ComputeOffer.objects.get(member=member)
    assert (offer.cpu_cores, offer.concurrent_users, offer.team_contact) == (64, 50, contact)
    assert offer.state in {"accepted", "active"}
    assert list(hub.offers.all()) == [offer]
    invitation = Invitation.objects.get(member=member)
    assert (invitation.email, invitation.role) == ("ada@driftglass.example", "manager")
    assert (hub.state, hub.weight, hub.url) == ("onboarding", 0, "https://hub.driftglass.example")
    assert Onboarding.objects.get(hub=hub).steps.count() == 8
    application.refresh_from_db()
    assert (application.state, application.member, application.decided_by) == ("approved", member, mara)
    assert not Access.objects.exists()
    kinds = set(Notice.objects.filter(recipient="ada@driftglass.example").values_list("kind", flat=True))
    assert "application-approved" in kinds
    assert "contact-email" not in kinds


@pytest.mark.django_db
def test_who_names_the_hub_of_another_member_is_not_let_in_with_it():
    make_hub("taken", url="https://hub.driftglass.example")
    application = make_application(hub_url="https://hub.driftglass.example")
    with pytest.raises(ValidationError, match="Another hub has this address already"):
        admissions.admit(application, admissions.proposal(application), by=make_maintainer())
    assert Application.objects.get().state == "submitted"


@pytest.mark.django_db
def test_a_second_approval_is_refused_and_admits_nobody():
    mara, application = make_maintainer("mara"), make_application(hub_url="https://hub.driftglass.example")
    terms = admissions.proposal(application)
    admissions.admit(application, terms, by=mara)
    with pytest.raises(applications.AlreadyDecided, match="approved, by mara"):
        admissions.admit(application, replace(terms, slug="again", key="again"), by=make_maintainer())
    assert (Member.objects.count(), Hub.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_of_two_maintainers_who_approve_at_once_one_does():
    application = make_application(hub_url="https://hub.driftglass.example")
    people = [make_maintainer() for _ in range(2)]
    gate, outcomes = threading.Barrier(2), []

    def approve(person, number):
        terms = replace(admissions.proposal(application), slug=f"member-{number}", key=f"hub-{number}")
        gate.wait()
        try:
            outcomes.append(admissions.admit(application, terms, by=person).key)
        except applications.AlreadyDecided:
            outcomes.append("")
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=(each, number)) for number, each in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(bool, outcomes)) == [False, True]
    assert (Member.objects.count(), Hub.objects.count(), Invitation.objects.count()) == (1, 1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"slug": "taken"}, {"key": "taken"}, {"key": "Not A Key"}, {"url": "ftp://x"}])
def test_names_that_can_not_be_leave_everything_as_it_was(wrong):
    make_hub("taken")
    application = make_application(hub_url="https://hub.driftglass.example")
    with pytest.raises(ValidationError):
        admissions.admit(application, replace(admissions.proposal(application), **wrong), by=make_maintainer())
    assert Application.objects.get().state == "submitted"
    assert (Member.objects.count(), Hub.objects.count(), Contact.objects.count()) == (1, 1, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("organisation", "slug"),
    [
        ("Zürich & Søn", "zurich-sn"),
        ("مركز", "member"),
        ("x" * 100, "x" * 24),
        ("Institute of Open and Reproducible Science", "institute-of-open"),
        ("Taken", "taken-2"),
        ("\U0001f30a", "member"),
    ],
)
def test_the_proposed_names_are_free_and_can_be(settings, organisation, slug):
    settings.REDIRECTOR_URL = "https://binder.example"
    make_hub("taken")
    terms = admissions.proposal(make_application(organisation=organisation))
    assert (terms.slug, terms.key) == (slug, slug)
    assert terms.url == f"https://{slug}.binder.example"
