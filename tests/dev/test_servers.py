"""The embedded servers do what the rest relies on."""

import psycopg
import redis


def test_postgres_keeps_its_data_when_it_is_killed(postgres):
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    postgres.kill()
    postgres.start()
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_valkey_keeps_its_data_when_it_is_killed(valkey):
    redis.Redis.from_url(valkey.url).set("kept", "1")
    valkey.kill()
    valkey.start()
    assert redis.Redis.from_url(valkey.url).get("kept") == b"1"
