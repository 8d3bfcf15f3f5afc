"""What becomes of an application: each step is taken once, by whom it belongs to."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from members.models import Application, Evidence, Notice
from members.services import application_letters, application_links, applications, people
from tests.factories import make_maintainer, make_member, make_user
from tests.members.applying import FIRST, REST, make_application, make_draft

pytestmark = pytest.mark.django_db


def letters(kind: str) -> list[Notice]:
    return list(Notice.objects.filter(kind=kind).order_by("pk"))


@pytest.fixture
def maintainer():
    return make_maintainer("mara")


def test_the_same_first_form_sent_twice_makes_one_draft_and_one_letter():
    once = uuid.uuid4()
    first, second = (applications.begin(FIRST, once=once) for _ in range(2))
    assert first == second
    assert [each.recipient for each in letters(application_letters.LINK)] == ["ada@driftglass.example"]


def test_the_first_letter_says_nothing_that_a_stranger_typed():
    applications.begin({**FIRST, "organisation": "Buy pills", "contact_name": "at pills.example"}, once=uuid.uuid4())
    letter = Notice.objects.get()
    assert "pills" not in letter.subject + letter.body


def test_nobody_gets_more_than_three_links_a_day():
    for _ in range(3):
        applications.begin(FIRST, once=uuid.uuid4())
    with pytest.raises(application_letters.TooManyLetters):
        applications.begin({**FIRST, "email": "ADA@driftglass.example"}, once=uuid.uuid4())
    assert Application.objects.count() == 3


def test_links_to_strangers_are_bounded_for_all_together(monkeypatch):
    monkeypatch.setattr(application_letters, "MOST_AN_HOUR", 2)
    for number in range(2):
        applications.begin({**FIRST, "email": f"{number}@example.org"}, once=uuid.uuid4())
    with pytest.raises(application_letters.TooManyLetters):
        applications.begin({**FIRST, "email": "third@example.org"}, once=uuid.uuid4())


def test_another_address_gets_another_link_and_has_to_be_confirmed_again():
    draft = applications.confirm(make_draft())
    old = application_links.secret(draft)

    moved = applications.save(draft, {"email": "desk@driftglass.example"})

    assert moved.email_confirmed_at is None
    assert letters(application_letters.LINK)[-1].recipient == "desk@driftglass.example"
    with pytest.raises(application_links.BadLink):
        application_links.opened(old)


def test_a_link_leads_to_its_application_only_unchanged_and_not_for_ever(monkeypatch):
    draft = make_draft()
    secret = application_links.secret(draft)
    assert application_links.opened(secret) == draft

    for wrong in (secret[:-1], secret.replace(f"{draft.pk}-", f"{draft.pk + 1}-"), "", "1~2~3", "é" * 50):
        with pytest.raises(application_links.BadLink):
            application_links.opened(wrong)

    monkeypatch.setattr(application_links, "LASTS", timedelta(seconds=-1))
    with pytest.raises(application_links.OldLink):
        application_links.opened(secret)


@pytest.mark.parametrize("order", [("confirm", "submit"), ("submit", "confirm")])
def test_it_arrives_when_it_is_sent_and_confirmed_whichever_comes_first(maintainer, order):
    application = make_draft(hub_url="https://hub.driftglass.example")
    for name in order:
        assert letters("application-arrived") == []
        application = getattr(applications, name)(application)

    assert list(Application.objects.waiting()) == [application]
    assert [each.recipient for each in letters("application-arrived")] == [maintainer.email]
    assert [each.recipient for each in letters("application-received")] == [application.email]
    assert Evidence.objects.get().application == application


def test_sending_and_confirming_twice_changes_nothing(maintainer):
    application = make_application()
    count = Notice.objects.count()
    applications.submit(application)
    applications.confirm(application)
    assert Notice.objects.count() == count


def test_an_incomplete_draft_is_not_sent_and_what_is_missing_is_named():
    draft = applications.begin({**FIRST, "summary": ""}, once=uuid.uuid4())
    with pytest.raises(applications.Incomplete) as error:
        applications.submit(draft)
    assert [step for step, _ in error.value.missing] == [
        "organisation",
        "offer",
        "offer",
        "people",
        "people",
        "promises",
    ]
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_what_was_sent_is_not_edited_any_more():
    application = make_application()
    with pytest.raises(applications.NoDraft):
        applications.save(application, {"organisation": "Another"})


def test_maintainers_do_not_see_what_is_not_confirmed(maintainer):
    application = applications.submit(make_draft())
    assert not Application.objects.sent().exists()
    for verb in (
        lambda: applications.take_up(application, by=maintainer),
        lambda: applications.approve(application, by=maintainer),
        lambda: applications.decline(application, reason="No", by=maintainer),
    ):
        with pytest.raises(applications.AlreadyDecided):
            verb()


def test_who_takes_it_up_second_is_told_who_was_first(maintainer):
    application = make_application()
    applications.take_up(application, by=maintainer)
    with pytest.raises(applications.AlreadyDecided, match="in review, by mara"):
        applications.take_up(application, by=make_maintainer("second"))


def test_a_question_takes_it_up_and_goes_to_the_applicant_once(maintainer):
    application, once = make_application(), uuid.uuid4()
    for _ in range(2):
        applications.say(application, "Which region?", once=once, by=maintainer)

    application.refresh_from_db()
    assert (application.state, application.reviewer) == ("review", maintainer)
    assert application.messages.count() == 1
    (letter,) = letters("application-question")
    assert letter.recipient == application.email
    assert "Which region?" in letter.body
    assert "/join/" in letter.body


def test_the_answer_goes_to_the_maintainers(maintainer):
    application = make_application()
    applications.say(application, "Lisbon \U0001f30a", once=uuid.uuid4(), by=None)
    (letter,) = letters("application-answer")
    assert letter.recipient == maintainer.email
    assert "Lisbon \U0001f30a" in letter.body


def test_nothing_but_blanks_is_not_said():
    with pytest.raises(applications.ApplicationsError):
        applications.say(make_application(), " \u202e ", once=uuid.uuid4(), by=None)


def test_it_is_decided_once(maintainer):
    application = make_application()
    applications.decline(application, reason="We have no room for it this year.", by=maintainer)
    assert "no room" in letters("application-declined")[0].body
    with pytest.raises(applications.AlreadyDecided, match="declined, by mara"):
        applications.approve(application, by=maintainer)
    with pytest.raises(applications.AlreadyDecided):
        applications.withdraw(application)
    with pytest.raises(applications.AlreadyDecided):
        applications.say(application, "But why?", once=uuid.uuid4(), by=None)


def test_taking_it_back_tells_the_maintainers_if_they_knew_of_it(maintainer):
    applications.withdraw(make_draft())
    assert letters("application-withdrawn") == []
    applications.withdraw(make_application(email="bob@driftglass.example"))
    assert [each.recipient for each in letters("application-withdrawn")] == [maintainer.email]


def test_a_strangers_hub_is_looked_at_one_time_in_ten_minutes(maintainer):
    application = make_application(hub_url="https://hub.driftglass.example")
    with pytest.raises(applications.ApplicationsError, match="already"):
        applications.ask_for_evidence(application, by=maintainer)
    Evidence.objects.update(finished_at=timezone.now())
    with pytest.raises(applications.ApplicationsError, match="ten minutes"):
        applications.ask_for_evidence(application, by=maintainer)
    Evidence.objects.update(asked_at=timezone.now() - timedelta(minutes=11))
    assert applications.ask_for_evidence(application, by=maintainer, test_spec="gh/a/b/HEAD").asked_by == maintainer


def test_without_a_hub_there_is_nothing_to_look_at(maintainer):
    with pytest.raises(applications.ApplicationsError, match="no hub"):
        applications.ask_for_evidence(make_application(), by=maintainer)


def test_what_nobody_confirms_sends_or_needs_is_forgotten(maintainer, settings):
    now = timezone.now()
    unconfirmed = applications.submit(make_draft(email="a@example.org"))
    draft = applications.confirm(make_draft(email="b@example.org"))
    waiting = make_application(email="c@example.org")
    declined = make_application(email="d@example.org")
    applications.decline(declined, reason="No", by=maintainer)

    def left(days: int) -> set[Application]:
        applications.forget(now + timedelta(days=days))
        return set(Application.objects.all())

    assert left(6) == {unconfirmed, draft, waiting, declined}
    assert left(8) == {draft, waiting, declined}
    assert left(91) == {waiting, declined}
    assert left(settings.APPLICATIONS_KEPT_DAYS + 1) == {waiting}


def test_who_is_erased_is_no_longer_named_in_applications(maintainer):
    person = make_user("ada")
    declined, became = (make_application(email=person.email, organisation=name) for name in ("Declined", "Became"))
    applications.decline(declined, reason="No", by=maintainer)
    Application.objects.filter(pk=became.pk).update(member=make_member())
    assert [each["organisation"] for each in people.export(person)["applications"]] == ["Became", "Declined"]

    people.erase(person)

    (left,) = Application.objects.all()
    assert left.organisation == "Became"
    assert person.email != left.email
    assert left.contact_name == people.ERASED


def test_what_ends_before_it_starts_is_refused():
    with pytest.raises(ValidationError, match="before it starts"):
        make_draft(**{key: value for key, value in REST.items()}, starts="2027-02-01", ends="2027-01-01")
