"""Channels: messages through Apprise to a real webhook on loopback; the address stays secret, and off our network."""

import io
import logging

import pytest

from members.models import Channel, Notice
from members.services import channels, notices, recipients
from members.services.delivery import Undelivered
from tests.factories import make_channel

pytestmark = pytest.mark.django_db

SECRETS = ("hook-of-secrets", "s3cr3t-token")


def tell(channel: Channel) -> Notice:
    whom = [each for each in recipients.maintainers() if each.channel == channel]
    return notices.tell(whom, kind="test", occasion="once", subject="GESIS is out", body="Since 14:02.")[0]


def after(notice: Notice) -> Notice:
    notice.refresh_from_db()
    return notice


def test_a_message_goes_to_the_webhook(webhook):
    notice = tell(make_channel(address=webhook.address))
    assert notices.drain() == 1
    assert after(notice).state == "sent"
    assert (webhook.messages[0]["title"], webhook.messages[0]["message"]) == ("GESIS is out", "Since 14:02.")


@pytest.mark.parametrize("status", [401, 404, 500])
def test_what_came_back_is_said_without_the_secret(webhook, status):
    webhook.status = status
    notice = tell(make_channel(address=webhook.address))
    notices.drain()
    assert after(notice).state == "waiting"
    assert str(status) in notice.error
    assert not any(secret in notice.error for secret in SECRETS)


def test_nobody_there_is_said_without_the_secret(free_port):
    with pytest.raises(Undelivered) as caught:
        channels.send(f"json://127.0.0.1:{free_port}/hook-of-secrets?-token=s3cr3t-token", "Hello", "there")
    assert not any(secret in str(caught.value) for secret in SECRETS)


def test_the_log_does_not_tell_the_secret_either(webhook):
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    webhook.status = 500
    with pytest.raises(Undelivered):
        channels.send(webhook.address, "Hello", "there")
    with pytest.raises(channels.BadAddress):
        channels.check("slack://s3cr3t-token")
    logging.getLogger().removeHandler(handler)
    assert "s3cr3t" not in log.getvalue()


def test_a_redirect_is_not_followed(webhook):
    webhook.status, webhook.location = 307, f"http://127.0.0.1:{webhook.server_address[1]}/elsewhere"
    with pytest.raises(Undelivered):
        channels.send(webhook.address, "Hello", "there")
    assert len(webhook.messages) == 1


@pytest.mark.parametrize(
    "address", ["", "nonsense", "http://", "slack://x", "syslog://", "dbus://", "windows://", "mailto://", "json://"]
)
def test_an_address_that_leads_nowhere_is_refused(address):
    with pytest.raises(channels.BadAddress) as caught:
        channels.check(address)
    assert address == "" or address not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "json://example.org/hook",
        "jsons://127.0.0.1/hook",
        "jsons://[::1]/hook",
        "jsons://169.254.169.254/latest",
        "jsons://10.0.0.1/hook",
        "jsons://2130706433/hook",
        "forms://localhost/hook",
        "xmls://router.local/hook",
        "mailtos://user:password@10.0.0.1?from=a@example.org&to=b@example.org",
        "mailtos://user:password@example.org?smtp=10.0.0.1",
        "ntfys://10.0.0.1/topic",
        "gotifys://127.0.0.1/tokentokent",
    ],
)
def test_in_production_no_channel_leads_into_our_own_network(settings, address):
    settings.ALLOW_PRIVATE_HUBS = False
    with pytest.raises(channels.BadAddress):
        channels.check(address)


def test_a_name_that_resolves_to_a_private_address_is_refused_when_it_is_used(settings, monkeypatch):
    settings.ALLOW_PRIVATE_HUBS = False
    found = [(2, 1, 6, "", ("10.1.2.3", 0))]
    monkeypatch.setattr("members.services.channels.socket.getaddrinfo", lambda *_args, **_kwargs: found)
    with pytest.raises(Undelivered, match="private network"):
        channels.send("jsons://hooks.example.org/x", "Hello", "there")


def test_services_that_know_their_own_host_are_not_asked_for_one(settings, monkeypatch):
    settings.ALLOW_PRIVATE_HUBS = False
    monkeypatch.setattr("members.services.channels.socket.getaddrinfo", None)
    channels.check("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general")


def test_a_channel_that_is_off_or_gone_gets_nothing_and_the_outbox_says_why(webhook):
    off, gone = make_channel(address=webhook.address), make_channel(address=webhook.address)
    rows = [tell(off), tell(gone)]
    Channel.objects.filter(pk=off.pk).update(enabled=False)
    gone.delete()
    notices.drain()
    assert [after(row).state for row in rows] == ["dropped", "dropped"]
    assert [row.error for row in rows] == ["Its channel was switched off.", "Its channel was removed."]
    assert webhook.messages == []
