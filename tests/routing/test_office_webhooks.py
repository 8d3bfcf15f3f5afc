"""Webhooks and their deliveries in the office: a secret is seen once, what failed is sent again."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from routing.models import Delivery, Webhook
from routing.services import waiting, webhooks
from tests.factories import make_delivery, make_maintainer, make_user
from tests.routing.test_office_weights import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def maintainer(client, redis_url):
    person = make_maintainer("mara")
    client.force_login(person)
    return person


def url(page: str, *arguments) -> str:
    return reverse(f"admin:routing_{page}", args=arguments)


def add(client, **values):
    data = {"name": "Chat", "url": "https://hooks.example.org/x", "events": ["hub.flipped"], **values}
    return client.post(url("webhook_add"), data)


def test_a_secret_is_shown_to_who_sets_it_up_and_never_again(client):
    page = add(client).content.decode()
    row = Webhook.objects.get()
    assert row.secret in page
    assert (row.enabled, row.created_by.username, row.history.get().history_user.username) == (True, "mara", "mara")
    for name in ("webhook_change", "webhook_history", "webhook_test", "webhook_delete"):
        assert row.secret not in client.get(url(name, row.pk)).content.decode()
    assert not hasattr(row.history.get(), "secret")


@pytest.mark.parametrize("address", ["http://10.0.0.1/", "https://127.0.0.1/", "ftp://x", "hooks.example.org", ""])
def test_an_address_that_we_may_not_send_to_is_refused_and_what_was_typed_stays(client, settings, address):
    settings.ALLOW_PRIVATE_HUBS = False
    page = add(client, url=address).content.decode()
    assert 'value="Chat"' in page
    assert not Webhook.objects.exists()


def test_of_two_who_edit_at_once_the_second_is_told(client):
    row = make_delivery().webhook
    edit = {"name": "Chat", "url": row.url, "events": ["hub.flipped"], "enabled": "on", "seen": row.fingerprint}
    client.post(url("webhook_change", row.pk), edit)
    late = client.post(url("webhook_change", row.pk), {**edit, "name": "Other", "events": ["weight.changed"]})
    assert "changed this since you opened it" in text(late)
    row.refresh_from_db()
    assert (row.name, row.events) == ("Chat", ["hub.flipped"])


def test_one_that_was_switched_off_is_switched_on_again(client):
    row = make_delivery().webhook
    Webhook.objects.update(enabled=False, switched_off_because="it answered 410", failing_since=timezone.now())
    assert "it answered 410" in text(client.get(url("webhook_changelist")))
    row.refresh_from_db()
    client.post(
        url("webhook_change", row.pk),
        {"name": row.name, "url": row.url, "events": row.events, "enabled": "on", "seen": row.fingerprint},
    )
    row.refresh_from_db()
    assert (row.enabled, row.switched_off_because, row.failing_since) == (True, "", None)


def test_a_webhook_goes_with_what_it_was_told(client):
    row = make_delivery().webhook
    client.post(url("webhook_delete", row.pk), {"post": "yes"})
    assert not Webhook.objects.exists()
    assert Webhook.history.first().history_user.username == "mara"


def test_a_test_is_asked_about_and_then_queued(client):
    row = make_delivery(state="sent").webhook
    assert "goes to https://hooks.example.org/" in text(client.get(url("webhook_test", row.pk)))
    page = client.post(url("webhook_test", row.pk), follow=True)
    assert "on its way" in text(page)
    assert [each.state for each in Delivery.objects.all()] == ["waiting", "sent"]


def test_only_what_failed_is_sent_again(client):
    failed, sent = make_delivery(state="failed", tries=8, error="refused"), make_delivery(state="sent")
    assert "refused" in text(client.get(url("delivery_changelist")))
    assert "test" in text(client.get(url("delivery_change", failed.pk)))
    client.post(
        url("delivery_changelist"), {"action": "send_again", "_selected_action": [failed.pk, sent.pk]}, follow=True
    )
    failed.refresh_from_db()
    sent.refresh_from_db()
    assert (failed.state, failed.tries, sent.state) == ("waiting", 0, "sent")
    with pytest.raises(webhooks.NotAllowed):
        webhooks.send_again([failed], by=make_user())


def test_what_does_not_arrive_waits_for_a_person():
    make_delivery()
    assert [each.count for each in waiting.of_webhooks(timezone.now())] == [0]
    Webhook.objects.update(failing_since=timezone.now() - timedelta(hours=7))
    [found] = waiting.of_webhooks(timezone.now())
    assert (found.count, found.words) == (1, "1 webhook does not arrive")
    Webhook.objects.update(enabled=False, failing_since=None, switched_off_because="")
    assert [each.count for each in waiting.of_webhooks(timezone.now())] == [0]
