"""Channels and the outbox in the office: addresses stay secret, and every letter can be explained."""

import pytest
from django.urls import reverse

from members.models import Channel, Notice
from members.services import notices
from tests.factories import make_channel, make_maintainer, make_notice, make_user
from tests.routing.test_office_weights import text

pytestmark = pytest.mark.django_db

SECRET = "s3cr3t-token"


@pytest.fixture(autouse=True)
def maintainer(client, redis_url):
    person = make_maintainer("mara")
    client.force_login(person)
    return person


def url(page: str, *arguments) -> str:
    return reverse(f"admin:members_{page}", args=arguments)


def add(client, **values):
    data = {"name": "Zulip", "address": f"json://127.0.0.1:9/{SECRET}", "enabled": "on", **values}
    return client.post(url("channel_add"), data, follow=True)


def test_an_address_goes_in_and_never_comes_out(client):
    assert SECRET not in text(add(client))
    channel = Channel.objects.get()
    assert SECRET in channel.address
    for page in (
        url("channel_changelist"),
        url("channel_change", channel.pk),
        url("channel_history", channel.pk),
        url("channel_send_test", channel.pk),
        url("channel_delete", channel.pk),
        reverse("admin:index"),
    ):
        assert SECRET not in client.get(page).content.decode()


def test_an_edit_without_an_address_keeps_it(client):
    channel = make_channel("Zulip", address=f"json://127.0.0.1:9/{SECRET}")
    client.post(url("channel_change", channel.pk), {"name": "Matrix", "address": ""})
    channel.refresh_from_db()
    assert (channel.name, channel.enabled) == ("Matrix", False)
    assert SECRET in channel.address


def test_a_mistake_in_the_form_does_not_send_the_address_back(client):
    page = add(client, name="")
    assert SECRET not in page.content.decode()
    assert not Channel.objects.exists()


def test_a_new_channel_needs_an_address_that_apprise_understands(client):
    assert "A channel needs an address." in text(add(client, address=""))
    assert "does not understand" in text(add(client, address="telegraph://office"))
    assert not Channel.objects.exists()


def test_who_may_only_look_does_not_see_the_address(client):
    channel = make_channel(address=f"json://127.0.0.1:9/{SECRET}")
    person = make_user(is_staff=True)
    person.user_permissions.add(*_permissions("view_channel"))
    client.force_login(person)
    page = client.get(url("channel_change", channel.pk))
    assert page.status_code == 200
    assert SECRET not in page.content.decode()


def _permissions(*names):
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(codename__in=names)


def test_the_test_button_asks_and_then_sends_a_real_message(client, webhook):
    channel = make_channel(address=webhook.address)
    assert "A real message goes to this channel" in text(client.get(url("channel_send_test", channel.pk)))
    assert webhook.messages == []
    page = client.post(url("channel_send_test", channel.pk), follow=True)
    assert "took the test message" in text(page)
    assert "mara" in webhook.messages[0]["message"]


def test_the_test_button_says_what_came_back(client, webhook):
    webhook.status = 403
    channel = make_channel(address=webhook.address)
    page = client.post(url("channel_send_test", channel.pk), follow=True)
    assert "did not go out" in text(page)
    assert "403" in text(page)
    assert "hook-of-secrets" not in page.content.decode()


def test_the_outbox_says_by_recipient_what_became_of_each_letter(client):
    make_notice("ada@example.org", subject="GESIS is out", state="sent")
    make_notice("channel:1", channel=make_channel("zulip"), subject="GESIS is back", state="failed")
    make_notice("channel:99")
    page = text(client.get(url("notice_changelist")))
    for words in ("GESIS is out ada@example.org", "● sent", "channel zulip", "✕ failed", "a channel that was removed"):
        assert words in page


def test_the_outbox_is_searched_and_filtered(client):
    make_notice("ada@example.org", subject="One", state="sent")
    make_notice("bob@example.org", subject="Two", state="failed")
    assert "bob@example.org" not in text(client.get(url("notice_changelist"), {"q": "ada@"}))
    assert "ada@example.org" not in text(client.get(url("notice_changelist"), {"state__exact": "failed"}))


def test_a_letter_is_shown_as_it_reads_with_why_and_what_went_wrong(client):
    notice = make_notice(
        body="What <b>happened</b>.", why="you are a maintainer", state="failed", tries=8, error="550 no such person"
    )
    page = client.get(url("notice_change", notice.pk))
    assert "What <b>happened</b>." not in page.content.decode()
    for words in ("You get this because you are a maintainer.", "550 no such person", "✕ failed"):
        assert words in text(page)
    assert 'name="_save"' not in page.content.decode()


def test_failed_letters_are_sent_again_and_waiting_ones_dropped(client):
    failed, waiting = make_notice(state="failed", tries=8), make_notice()
    for action in ("send_again", "drop"):
        chosen = {"send_again": failed, "drop": waiting}[action]
        client.post(url("notice_changelist"), {"action": action, "_selected_action": [chosen.pk]}, follow=True)
    assert set(Notice.objects.values_list("pk", "state")) == {(failed.pk, "waiting"), (waiting.pk, "dropped")}
    waiting.refresh_from_db()
    assert waiting.error == "Dropped by mara."
    assert notices.drain() == 1


def test_nobody_writes_or_deletes_a_letter_by_hand(client):
    notice = make_notice()
    assert client.post(url("notice_change", notice.pk), {"subject": "Other"}).status_code == 403
    assert client.post(url("notice_delete", notice.pk), {"post": "yes"}).status_code == 403
    assert client.get(url("notice_add")).status_code == 403


@pytest.mark.parametrize("page", ["notice_changelist", "channel_changelist"])
def test_a_longer_list_asks_the_database_no_more_often(client, page, django_assert_max_num_queries):
    for number in range(12):
        make_notice(f"channel:{number}", channel=make_channel())
    with django_assert_max_num_queries(14):
        client.get(url(page))


def test_the_development_page_shows_what_waits_and_what_was_sent(client, settings, tmp_path):
    settings.ROOT_URLCONF = "tests.routing.dev_urls"
    settings.EMAIL_BACKEND, settings.MAILBOX = "members.services.mailbox.Backend", tmp_path / "mail"
    notices.queue(kind="t", recipient="ada@example.org", occasion="1", subject="Hello", body="<i>", why="you are ada")
    waiting = text(client.get("/dev/mail/"))
    notices.drain()
    sent = text(client.get("/dev/mail/"))
    for page in (waiting, sent):
        assert page.count("Hello") == 1
        assert "You get this because you are ada." in page
    assert "waiting" in waiting
    assert "waiting" not in sent


def test_outside_of_development_there_is_no_such_page(client):
    assert client.get("/dev/mail/").status_code == 404
