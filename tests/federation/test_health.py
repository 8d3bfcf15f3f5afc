"""`/healthz` and `/readyz`: what a load balancer is told."""

import pytest
from django.conf import settings
from django.db import connection

from dev.servers import Valkey
from federation import health
from routing.services import broker

PARTS = {"database": "ok", "migrations": "ok", "broker": "ok"}


@pytest.fixture(autouse=True)
def _nothing_remembered():
    health._missing_migrations.cache_clear()


def test_alive_needs_neither_database_nor_redis(client):
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"ok": True})


@pytest.mark.django_db
def test_ready_names_what_it_looked_at(client):
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"ok": True, "checks": PARTS})


@pytest.mark.django_db
def test_not_ready_without_the_broker(client, settings, tmp_path):
    with Valkey(tmp_path) as valkey:
        settings.REDIS_URL = valkey.url
        assert client.get("/readyz").status_code == 200
        valkey.kill()
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"ok": False, "checks": {**PARTS, "broker": "does not answer"}}


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing(client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'routing'")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "not applied yet" in response.json()["checks"]["migrations"]


@pytest.fixture
def database_away(django_db_blocker, monkeypatch, free_port):
    """Nobody listens where the database should be."""
    with django_db_blocker.unblock():
        connection.close()
        monkeypatch.setitem(connection.settings_dict, "PORT", free_port)
        yield
        connection.close()


@pytest.mark.usefixtures("database_away")
def test_not_ready_without_the_database_and_no_word_of_where_it_is(client):
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "does not answer"
    assert b"127.0.0.1" not in response.content


@pytest.mark.usefixtures("database_away")
def test_alive_without_the_database(client):
    assert client.get("/healthz").status_code == 200


@pytest.mark.usefixtures("database_away")
@pytest.mark.parametrize("path", ["/", "/api/v1/snapshot/", "/accounts/login/"])
def test_pages_without_the_database_ask_to_come_back(client, path):
    client.raise_request_exception = False
    response = client.get(path)
    assert response.status_code in ({200, 503} if "login" in path else {503})
    if response.status_code == 503:
        assert response["Retry-After"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_load_balancer_asks_by_address_over_plain_http(client, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    response = client.get(path, headers={"Host": "10.0.0.7:8000"})
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_they_are_only_read(client, path):
    assert client.post(path).status_code == 405


def test_a_broker_that_hangs_is_given_up_soon():
    assert broker.TIMEOUT_SECONDS <= 1
    assert settings.DATABASES["default"]["OPTIONS"]["connect_timeout"] <= 3
