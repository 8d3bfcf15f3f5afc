"""Webhooks: told once of each event, signed, tried again, switched off when nobody is there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.utils import timezone

from members.models import Notice
from members.services import records
from routing.models import Delivery, Webhook
from routing.models.webhooks import EVENTS
from routing.services import downtimes, incidents, webhook_delivery, webhooks
from tests.factories import (
    change_weights,
    make_downtime,
    make_hub,
    make_incident,
    make_maintainer,
    make_member,
    make_user,
    put_out,
)

pytestmark = pytest.mark.django_db


class Ear:
    """A program that hears webhooks, and answers as told."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                ear.heard.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(ear.status)
                self.send_header("Content-Length", "0")
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear()
    thread = threading.Thread(target=ear.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield ear
    ear.server.shutdown()
    thread.join()
    ear.server.server_close()


def make_webhook(url: str = "https://hooks.example.org/", *events: str, **values) -> Webhook:
    webhook = webhooks.add(name="Chat", url=url, events=events or EVENTS, by=make_maintainer())
    Webhook.objects.filter(pk=webhook.pk).update(**values)
    webhook.refresh_from_db()
    return webhook


def queued() -> list[str]:
    webhooks.queue()
    return sorted(Delivery.objects.values_list("event", flat=True))


def test_each_kind_of_event_is_told_once():
    make_webhook()
    hub = make_hub("a")
    change_weights(a=3)
    put_out(hub)
    downtimes.drain(hub, reason="on fire", by=None)
    incidents.open_incident("Slow", [hub], "We look into it.", by=None)
    hub.member.changes.create(to_state="active", reason="welcome")
    assert queued() == sorted(EVENTS)
    assert queued() == sorted(EVENTS)
    told = {each.event: json.loads(each.body)["data"] for each in Delivery.objects.all()}
    assert told["weight.changed"]["changes"] == [{"hub": "a", "from_weight": 1, "to_weight": 3}]
    assert told["hub.flipped"]["to"] == "out"
    assert told["downtime.changed"]["text"] == "on fire"
    assert told["incident.updated"]["hubs"] == ["a"]
    assert told["member.changed"]["to_state"] == "active"


def test_a_change_of_a_downtime_is_another_event():
    make_webhook()
    row = make_downtime(starts=24, ends=25)
    assert queued() == ["downtime.changed"]
    downtimes.cancel(row, reason="not needed", by=None)
    assert queued() == ["downtime.changed"] * 2


def test_a_change_of_a_members_record_says_which_fields():
    make_webhook()
    member, soon = make_member("ovh"), make_member("soon", state="onboarding")
    for each in (member, soon):
        records.edit(each, {"summary": "We give.", "website": "https://ovh.example.org"}, by=make_maintainer())
    assert queued() == ["member.changed"]
    told = json.loads(Delivery.objects.get().body)["data"]
    assert (told["member"], told["fields"]) == ("ovh", ["website", "summary"])


def test_only_what_it_asked_for_and_only_since_it_is_there():
    hub = make_hub("a")
    change_weights(a=2)
    make_webhook("https://hooks.example.org/", "weight.changed")
    put_out(hub)
    assert queued() == []
    change_weights(a=3)
    assert queued() == ["weight.changed"]


def test_drafts_and_members_that_nobody_knows_of_are_not_told():
    make_webhook()
    make_incident(draft=True)
    make_member("soon", state="onboarding").changes.create(to_state="onboarding", reason="welcome")
    assert queued() == []


def test_after_an_hour_without_workers_nothing_is_missing():
    make_webhook(created_at=timezone.now() - timedelta(days=2), read_until=timezone.now() - timedelta(hours=1))
    put_out(make_hub("a"), minutes=55)
    assert queued() == ["hub.flipped"]


def test_what_arrives_is_whole_and_signed(ear):
    webhook = make_webhook(ear.url)
    make_hub("a")
    change_weights(a=3)
    webhooks.queue()
    assert webhook_delivery.drain() == 1
    [(headers, body)] = ear.heard
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(webhook.secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert json.loads(body)["id"] == headers["webhook-id"]
    assert json.loads(body)["event"] == "weight.changed"
    assert (Delivery.objects.get().state, webhook_delivery.drain()) == ("sent", 0)


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_is_not_taken_is_tried_again_with_the_same_id(ear, status):
    webhook = make_webhook(ear.url)
    webhooks.send_test(webhook, by=make_maintainer())
    ear.status = status
    assert webhook_delivery.drain() == 0
    row = Delivery.objects.get()
    assert (row.state, row.status, row.tries) == ("waiting", status, 1)
    assert webhook_delivery.drain() == 0
    ear.status = 200
    assert webhook_delivery.drain(now=timezone.now() + timedelta(minutes=2)) == 1
    assert len({headers["webhook-id"] for headers, _ in ear.heard}) == 1
    webhook.refresh_from_db()
    assert webhook.failing_since is None


def test_after_the_last_try_it_is_given_up(free_port):
    webhook = make_webhook(f"http://127.0.0.1:{free_port}/")
    webhooks.send_test(webhook, by=make_maintainer())
    Delivery.objects.update(tries=webhook_delivery.TRIES - 1)
    webhook_delivery.drain()
    row = Delivery.objects.get()
    assert (row.state, row.status) == ("failed", None)
    assert row.error


def test_a_claim_of_a_killed_process_is_taken_back(ear):
    webhooks.send_test(make_webhook(ear.url), by=make_maintainer())
    Delivery.objects.update(state="sending", claimed_at=timezone.now() - timedelta(minutes=6))
    assert webhook_delivery.drain() == 1


@pytest.mark.parametrize("gone", [True, False])
def test_where_nobody_is_for_days_it_is_switched_off_and_maintainers_hear_of_it(ear, gone):
    webhook = make_webhook(ear.url, failing_since=timezone.now() - timedelta(days=0 if gone else 6))
    webhooks.send_test(webhook, by=make_maintainer())
    ear.status = 410 if gone else 500
    webhook_delivery.drain()
    webhook.refresh_from_db()
    assert not webhook.enabled
    assert webhook.switched_off_because
    assert "Chat" in Notice.objects.filter(kind="webhook-off").first().subject
    back = webhooks.edit(webhook, {"enabled": True}, by=make_maintainer())
    assert (back.enabled, back.failing_since, back.switched_off_because) == (True, None, "")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/",
        "https://10.0.0.1/",
        "https://localhost/",
        "https://me:secret@example.org/",
        "ftp://a",
    ],
)
def test_addresses_inside_are_refused(url, settings):
    settings.ALLOW_PRIVATE_HUBS = False
    with pytest.raises(webhooks.WebhooksError):
        make_webhook(url)


def test_a_name_that_leads_inside_is_refused_when_it_is_sent(ear, settings):
    webhooks.send_test(make_webhook(ear.url), by=make_maintainer())
    settings.ALLOW_PRIVATE_HUBS = False
    assert webhook_delivery.drain() == 0
    assert ear.heard == []


def test_only_maintainers_have_webhooks():
    with pytest.raises(webhooks.NotAllowed):
        webhooks.add(name="Chat", url="https://a.example.org/", events=EVENTS, by=make_user())
