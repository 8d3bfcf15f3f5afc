"""Who may import whom: the layer rules of pyproject.toml, and what they mean when a process really runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_rooms_import_only_whom_they_may():
    lint_imports = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint_imports, "--no-cache"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_redirector_runs_without_django_or_celery():
    program = (
        "import sys, routing.redirector.__main__;"
        "loaded = {name.partition('.')[0] for name in sys.modules};"
        "print(*loaded & {'django', 'celery', 'psycopg', 'federation', 'members'})"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert result.stdout.split() == []
