"""What readers want of our letters: kept, obeyed, easy to change, and never a way for strangers to change it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from anymail.signals import AnymailTrackingEvent, EventType, tracking
from django.urls import reverse
from django.utils import timezone

from members.models import DeadAddress, Notice
from members.services import mail, notices, readers, topics, weekly, wishes
from members.services.topics import ALERTS, MEETINGS
from tests.factories import make_contact, make_maintainer, make_member, make_notice, make_user

pytestmark = pytest.mark.django_db

ADA = "ada@example.org"
SECRET = f"https://portal.example.org/join/{40 * 'x'}/"
MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC)


def alert(**values) -> Notice:
    return make_notice(ADA, kind="alert-out", why="you are a contact of Heron", **values)


def after(notice: Notice) -> Notice:
    notice.refresh_from_db()
    return notice


def test_a_letter_is_text_and_html_with_a_button_and_says_how_to_stop_it():
    letter = mail.letter(
        alert(
            body="Heron <b>is</b> out.\n\nSee https://heron.example.org/x",
            link="https://x.example.org",
            link_text="Look",
        )
    )
    page = letter.alternatives[0].content
    assert "Heron &lt;b&gt;is&lt;/b&gt; out." in page
    assert 'href="https://heron.example.org/x"' in page
    assert ">Look</a>" in page
    assert "Look:\nhttps://x.example.org" in letter.body
    for text in (page, letter.body):
        assert wishes.choices_link(ADA) in text
        assert "you are a contact of Heron" in text
    assert letter.extra_headers["List-Unsubscribe"] == f"<{wishes.stop_link(ADA, ALERTS)}>"
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_what_somebody_asked_for_cannot_be_stopped():
    letter = mail.letter(make_notice(ADA, kind="contact-email"))
    assert "List-Unsubscribe" not in letter.extra_headers
    assert wishes.choices_link(ADA) in letter.body
    assert wishes.choices_link(ADA) in letter.alternatives[0].content
    with pytest.raises(ValueError, match="can be chosen"):
        wishes.choose(ADA, topics.NEEDED, "never")


def test_an_invitation_is_a_part_that_mail_programs_show_as_one():
    made = mail.letter(alert(calendar="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", calendar_method="REQUEST")).message()
    part = next(each for each in made.walk() if each.get_content_type() == "text/calendar")
    assert part.get_param("method") == "REQUEST"


def test_unwanted_letters_are_dropped_and_the_row_says_why(letterbox):
    wishes.choose(ADA, ALERTS, "never")
    notice, other = alert(), make_notice(ADA, kind="meeting-reminder")
    assert notices.drain() == 1
    assert (after(notice).state, "switched off" in notice.error) == ("dropped", True)
    assert after(other).state == "sent"


def test_weekly_letters_are_held_and_come_together_on_monday_once(letterbox):
    wishes.choose(ADA.upper(), ALERTS, "weekly")
    first, second = alert(subject="Heron is out"), alert(subject="Heron is back")
    late = alert(subject="Of no use by then", useful_until=MONDAY - timedelta(days=1))
    assert notices.drain(now=MONDAY - timedelta(days=3)) == 0
    Notice.objects.update(due_at=MONDAY - timedelta(days=4))
    notices.drain(now=MONDAY - timedelta(days=3))
    Notice.objects.update(created_at=MONDAY - timedelta(days=3))
    assert after(first).state == "held"

    assert weekly.write(MONDAY - timedelta(minutes=1)) == 0
    assert [weekly.write(MONDAY + timedelta(minutes=minute)) for minute in (0, 30)] == [1, 0]

    letter = Notice.objects.get(kind="weekly")
    assert letter.subject == "The federation this week: 2 messages"
    assert letter.body.index("Heron is out") < letter.body.index("Heron is back")
    assert [after(each).state for each in (first, second, late)] == ["sent", "sent", "dropped"]


def test_what_is_held_after_the_weekly_letter_was_written_goes_into_one_of_its_own(letterbox):
    wishes.choose(ADA, ALERTS, "weekly")
    for number, word in ((1, "first"), (2, "second")):
        notice = alert(subject=f"The {word} one", state=Notice.State.HELD)
        Notice.objects.filter(pk=notice.pk).update(created_at=MONDAY - timedelta(days=1))
        assert [weekly.write(MONDAY + timedelta(minutes=30 * each)) for each in (number, number + 1)] == [1, 0]
        assert after(notice).state == "sent"
        assert Notice.objects.filter(kind="weekly").count() == number
    assert Notice.objects.filter(kind="weekly", subject__endswith="The second one").exists()


@pytest.mark.parametrize(("wanted", "state"), [("now", "waiting"), ("never", "dropped")])
def test_what_is_held_follows_a_change_of_mind(letterbox, wanted, state):
    wishes.choose(ADA, ALERTS, "weekly")
    notice = alert()
    notices.drain()
    wishes.choose(ADA, ALERTS, wanted)
    assert after(notice).state == state


def test_whoever_is_logged_in_finds_their_choices_on_their_own_pages(client):
    client.force_login(make_user("ada"))
    for page in ("account", "my", "my-data"):
        assert f'href="{reverse("own-letters")}"' in client.get(reverse(page)).content.decode()
    assert ADA in client.get(reverse("own-letters"), follow=True).content.decode()


def test_an_account_without_an_address_gets_no_letters_and_is_told_so(client):
    person = make_user("ada")
    person.email = ""
    person.save()
    client.force_login(person)
    assert "no e-mail address" in client.get(reverse("own-letters"), follow=True).content.decode()


def test_one_click_of_the_mail_program_stops_one_topic_without_cookie_or_csrf(client):
    client.handler.enforce_csrf_checks = True
    link = wishes.stop_link(ADA, ALERTS).removeprefix("http://127.0.0.1:8000")
    assert client.get(link).status_code == 200
    assert wishes.wish(ADA, ALERTS) == "now"  # Mail scanners open links.
    assert client.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert (wishes.wish(ADA, ALERTS), wishes.wish(ADA, MEETINGS)) == ("never", "now")


def test_who_gets_no_alerts_any_more_hears_of_it_at_once(client):
    stop = wishes.stop_link(ADA, ALERTS).removeprefix("http://127.0.0.1:8000")
    for _ in range(2):
        client.post(stop)
    client.post(wishes.stop_link(ADA, MEETINGS).removeprefix("http://127.0.0.1:8000"))
    said = Notice.objects.get()
    assert (said.recipient, said.subject) == (ADA, "Letters on “Trouble with hubs” were switched off")
    assert topics.of(said.kind) == topics.NEEDED
    page = wishes.choices_link(ADA).removeprefix("http://127.0.0.1:8000")
    client.post(page, {"alerts": "now"})
    client.post(page, {"alerts": "weekly"})
    assert Notice.objects.count() == 2


def test_the_page_shows_and_changes_what_comes_when(client):
    page = reverse("letters", args=[wishes.signed(ADA)])
    assert (
        client.post(page, {"alerts": "weekly", "meetings": "never", "needed": "never", "reports": "x"}).status_code
        == 302
    )
    found = {topic.name: wish for topic, wish in wishes.wishes(ADA)}
    assert (found["alerts"], found["meetings"], found["reports"]) == ("weekly", "never", "now")
    assert b"checked" in client.get(page).content


@pytest.mark.parametrize("name", ["letters", "letters-stop"])
def test_a_tampered_link_is_nobodys(client, name):
    secret = wishes.signed(ADA)
    secret = ("A" if secret[0] != "A" else "B") + secret[1:]
    args = [secret] if name == "letters" else [secret, "alerts"]
    assert client.post(reverse(name, args=args), {"alerts": "never"}).status_code == 404
    assert client.post(reverse("letters-stop", args=[wishes.signed(ADA), "needed"])).status_code == 404
    assert wishes.wish(ADA, ALERTS) == "now"


@pytest.mark.parametrize(
    ("what", "dead"), [(EventType.BOUNCED, True), (EventType.COMPLAINED, True), (EventType.DEFERRED, False)]
)
def test_an_address_that_bounces_gets_no_more_and_that_can_be_seen(letterbox, client, what, dead):
    event = AnymailTrackingEvent(
        event_type=what, recipient=ADA.title(), mta_response="550 No such user", reject_reason="x"
    )
    tracking.send(sender=None, event=event, esp_name="test")
    notice = alert()
    notices.drain()
    assert after(notice).state == ("dropped" if dead else "sent")
    assert DeadAddress.objects.filter(address=ADA).exists() is dead
    if dead:
        assert "takes no letters" in notice.error
        page = reverse("letters", args=[wishes.signed(ADA)])
        assert b"550 No such user" in client.get(page).content
        client.post(page, {"alive": "on"})
        assert not DeadAddress.objects.exists()


def test_a_maintainer_sees_what_a_reader_gets_and_why_not(client):
    client.force_login(make_maintainer())
    member = make_member("heron")
    make_contact(member, email=ADA, roles=["on-call"], email_confirmed_at=None)
    make_user("ada", is_active=False)
    wishes.choose(ADA, ALERTS, "never")
    wishes.bury(ADA, "letters to it come back")
    alert(state="dropped", error="Not wanted")
    page = client.get(reverse("admin:members_notice_reader"), {"address": ADA.upper()}).content.decode()
    for said in (
        "switched off",
        "has not confirmed the address",
        "not at all",
        "letters to it come back",
        "Not wanted",
    ):
        assert said in page
    assert (
        "Nobody that the portal knows"
        in client.get(reverse("admin:members_notice_reader"), {"address": "x@example.org"}).content.decode()
    )


def test_a_letter_is_previewed_where_nothing_of_it_can_run(client):
    client.force_login(make_maintainer())
    answer = client.get(reverse("admin:members_notice_letter", args=[alert(body="<script>x</script>", link=SECRET).pk]))
    assert b"https://portal.example.org/join/" in answer.content
    assert SECRET.encode() not in answer.content
    assert b"&lt;script&gt;" in answer.content
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_every_kind_that_is_queued_has_a_topic_on_purpose():
    assert topics.of("alert-out-over") == ALERTS
    assert topics.of("check-in") == topics.CHECK_INS
    assert topics.of("something-new") == topics.NEEDED
    assert topics.named("needed") is None


def test_who_is_unknown_gets_nothing_and_has_no_reasons():
    assert readers.of("nobody@example.org").reasons == ()


def test_the_weekly_letter_is_due_on_the_next_monday():
    assert weekly.next_one(MONDAY - timedelta(seconds=1)) == MONDAY
    assert weekly.next_one(MONDAY) == MONDAY + timedelta(days=7)
    assert timezone.is_aware(weekly.next_one(MONDAY))
