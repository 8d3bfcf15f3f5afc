"""Production starts only when it is safe to, and then its own check finds nothing. Asked as it is run: as a process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from federation.guards import refuse_days, refuse_unsafe

ROOT = Path(__file__).parents[2]
KEY = "k8Jw0rT5yUqZ2xVb7nMl4pQe9sDf1gHa3cXi6oRt8uYw0zBv5m"
SAFE = {
    "FEDERATION_MODE": "production",
    "SECRET_KEY": KEY,
    "ALLOWED_HOSTS": "portal.example.org",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "DATABASE_URL", "REDIS_URL") if name in os.environ}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**kept, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_safe_production_passes_its_own_check():
    done = manage("check", "--deploy", "--fail-level", "WARNING", **SAFE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues (0 silenced)" in done.stdout


def test_an_unsafe_production_does_not_start_and_says_all_that_has_to_be_set():
    done = manage("check", FEDERATION_MODE="production", DEBUG="1", ALLOWED_HOSTS="*", ALLOW_PRIVATE_HUBS="1")
    assert done.returncode != 0
    for variable in ("DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "ALLOW_PRIVATE_HUBS"):
        assert f"Set {variable}" in done.stderr


def test_a_mode_that_does_not_exist_is_refused():
    done = manage("check", FEDERATION_MODE="prodution")
    assert done.returncode != 0
    assert "FEDERATION_MODE is development or production" in done.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"debug": True}, "Set DEBUG=0"),
        ({"secret_key": "development"}, "the development key is public"),
        ({"secret_key": KEY[:49]}, "can be guessed"),
        ({"secret_key": "a" * 60}, "can be guessed"),
        ({"allowed_hosts": []}, "Set ALLOWED_HOSTS to the portal's host names"),
        ({"allowed_hosts": ["portal.example.org", "*"]}, "instead of"),
        ({"allow_private_hubs": True}, "Set ALLOW_PRIVATE_HUBS=0"),
    ],
)
def test_each_unsafe_setting_is_refused_by_name(wrong, said):
    safe = {
        "debug": False,
        "secret_key": KEY,
        "development_key": "development",
        "allowed_hosts": [".example.org"],
        "allow_private_hubs": False,
    }
    refuse_unsafe(**safe)
    with pytest.raises(ImproperlyConfigured, match=said):
        refuse_unsafe(**{**safe, **wrong})


@pytest.mark.parametrize("days", [[], [0], [7, 0], [-1]])
def test_reminders_on_no_day_before_a_meeting_are_refused(days):
    refuse_days([7, 1])
    with pytest.raises(ImproperlyConfigured, match="MEETING_REMINDER_DAYS"):
        refuse_days(days)


def test_a_program_does_not_start_with_an_empty_list_of_days():
    done = manage("check", MEETING_REMINDER_DAYS="")
    assert done.returncode != 0
    assert "MEETING_REMINDER_DAYS names one day at least" in done.stderr
