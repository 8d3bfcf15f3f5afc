"""The embedded servers start anywhere, keep what they were given, and leave nothing behind."""

import os
import re

import psycopg
import pytest
import redis

from dev.server import ServerError, wait_until
from dev.servers import Postgres, Valkey
from tests.dev.conftest import processes_of


def rows(server):
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT one FROM kept").fetchall()


def test_postgres_keeps_its_data_when_it_is_killed(postgres):
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    postgres.kill()
    assert not postgres.is_running()
    postgres.start()
    assert rows(postgres) == [(1,)]


def test_valkey_keeps_its_data_when_it_is_killed(valkey):
    redis.Redis.from_url(valkey.url).set("kept", "1")
    valkey.kill()
    valkey.start()
    assert redis.Redis.from_url(valkey.url).get("kept") == b"1"


def test_servers_work_in_a_private_directory_with_a_long_name(tmp_path):
    directory = tmp_path / ("long" * 30) / "private"
    directory.mkdir(mode=0o700, parents=True)
    with Postgres(directory) as postgres, Valkey(directory) as valkey:
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("federation",)
        assert redis.Redis.from_url(valkey.url).ping()
        assert postgres.data.stat().st_mode & 0o777 == 0o700


def test_stopped_servers_leave_no_process(tmp_path):
    with Postgres(tmp_path) as postgres, Valkey(tmp_path):
        session = psycopg.connect(postgres.url)
        assert len(processes_of(tmp_path)) > 2
    session.close()
    assert processes_of(tmp_path) == []


def test_postgres_wants_its_password_which_only_its_owner_can_read(postgres):
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(re.sub(r":[^:@]+@", ":wrong@", postgres.url))
    (file,) = postgres.directory.glob("*.password")
    assert file.stat().st_mode & 0o777 == 0o600


def test_leftover_of_an_earlier_run_is_ended_and_its_data_kept(tmp_path):
    with Postgres(tmp_path) as lost, Valkey(tmp_path) as lost_valkey:
        with psycopg.connect(lost.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        with Postgres(tmp_path) as postgres, Valkey(tmp_path) as valkey:
            assert rows(postgres) == [(1,)]
            assert (postgres.ended_leftover, valkey.ended_leftover) == (lost.pid, lost_valkey.pid)
            assert not lost.is_running()


def test_stale_pid_file_that_names_a_stranger_is_harmless(tmp_path):
    with Postgres(tmp_path) as postgres:
        data = postgres.data
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    os.chown(data / "postmaster.pid", data.stat().st_uid, data.stat().st_gid)
    with postgres:
        assert postgres.ended_leftover is None


def test_interrupted_creation_is_begun_again(tmp_path):
    half_made = Postgres(tmp_path).data.with_suffix(".new")
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    with Postgres(tmp_path) as postgres:
        assert postgres.is_running()
    assert not half_made.exists()


def test_taken_port_is_said(tmp_path, valkey):
    with pytest.raises(ServerError, match=f"Valkey did not start: .*Failed listening on port {valkey.port}"):
        Valkey(tmp_path, port=valkey.port).start()


def test_port_that_is_snatched_before_the_first_start_is_exchanged(tmp_path, valkey):
    server = Valkey(tmp_path)
    server._port = valkey.port
    with server:
        assert server.port != valkey.port


def test_full_disk_is_said(small_disk):
    with pytest.raises(ServerError, match="the disk is full"):
        Postgres(small_disk).start()
    assert processes_of(small_disk) == []


def test_impossible_directory_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ServerError, match="cannot use"):
        Valkey(tmp_path / "file").start()


def test_waiting_ends():
    assert wait_until(lambda: True, 0)
    assert not wait_until(lambda: False, 0.05)
