"""`/healthz`: the process lives. `/readyz`: it can do its work, or which part is missing.

`/healthz/workers`: what works behind the pages lives (beat, a worker, the checks), for a monitor outside.

Answered before all other middleware: a load balancer asks by address, over plain http, every few seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse

from routing.services import broker, operations

STATEMENT_TIMEOUT_MS: Final = 2000


class NotReady(Exception):
    """One part is missing; the text says what, in a few words without addresses."""


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer the two addresses, hand on everything else."""
    pages = {"/healthz": healthz, "/readyz": readyz, "/healthz/workers": workers}

    def answer(request: HttpRequest) -> HttpResponseBase:
        page = pages.get(request.path_info)
        if page is None:
            return get_response(request)
        response = page() if request.method in {"GET", "HEAD"} else HttpResponseNotAllowed(["GET", "HEAD"])
        response["Cache-Control"] = "no-store"
        return response

    return answer


def healthz() -> HttpResponse:
    """Alive, whatever happens around us."""
    return JsonResponse({"ok": True})


def readyz() -> HttpResponse:
    """200 if database, broker and migrations are as the code needs them, else 503; `checks` names each."""
    checks = {
        name: _outcome(check)
        for name, check in (("database", _database), ("migrations", _migrations), ("broker", _broker))
    }
    ok = all(outcome == "ok" for outcome in checks.values())
    return JsonResponse({"ok": ok, "checks": checks}, status=200 if ok else 503)


def workers() -> HttpResponse:
    """200 unless something is known to be dead on which checks, publishing and letters hang: then 503, and which."""
    try:
        checks = {sign.name.lower(): sign for sign in operations.vital_signs()}
    except DatabaseError:
        return JsonResponse({"ok": False, "checks": {"database": "does not answer"}}, status=503)
    ok = all(sign.well is not False for sign in checks.values())
    said = {
        name: sign.said if sign.well is False else "ok" if sign.well else "unknown" for name, sign in checks.items()
    }
    return JsonResponse({"ok": ok, "checks": said}, status=200 if ok else 503)


def _outcome(check: Callable[[], None]) -> str:
    try:
        check()
    except NotReady as error:
        return str(error)
    return "ok"


def _database() -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}")
            cursor.execute("SELECT 1")
    except DatabaseError:
        raise NotReady("does not answer") from None


def _migrations() -> None:
    try:
        missing = _missing_migrations()
    except DatabaseError:
        raise NotReady("unknown: the database does not answer") from None
    if missing:
        _missing_migrations.cache_clear()  # Asked again; a complete set is remembered for the process's life.
        raise NotReady(f"{missing} not applied yet: run manage.py migrate")


@cache
def _missing_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _broker() -> None:
    try:
        broker.connection().ping()
    except broker.Away:
        raise NotReady("does not answer") from None
