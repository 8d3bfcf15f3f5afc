"""What every answer of the API has: rate and CORS headers, an ETag, and a second answer for a repeated write."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date, parse_etags
from rest_framework.exceptions import (
    AuthenticationFailed,
    NotAuthenticated,
    ParseError,
    PermissionDenied,
    ValidationError,
)
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from members.api.problems import Impossible, TooLarge
from members.api.rates import Rate
from members.models import Replay, Token
from members.services import replays, tokens

# More than any order here needs; a body without a length is not read at all.
MOST_BYTES: Final = 262_144
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
EXPOSED: Final = "ETag, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-ID"

KEPT_IN_304: Final = (
    "ETag",
    "Cache-Control",
    "Date",
    "Vary",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
)


class Answers(APIView):
    """The base of all views of the API."""

    # What an answer may hold that is told once only, and is left out of the second answer.
    secrets: tuple[str, ...] = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401
        """Answer, and keep what was asked with a token if it was a write."""
        reads = request.method in SAFE_METHODS
        if reads or not request.headers.get(IDEMPOTENCY_KEY):
            response = super().dispatch(request, *args, **kwargs)
        else:
            response = self._once(request, *args, **kwargs)
        if not reads:
            self._note_use(response)
        return response

    def _once(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401
        """A write with an Idempotency-Key: one transaction with the memory of its answer."""
        with transaction.atomic():
            response = super().dispatch(request, *args, **kwargs)
            replay = getattr(self, "_replay", None)
            if response.status_code >= 400:
                # What was refused changed nothing, and the key can be used again.
                transaction.set_rollback(True)
            elif replay is not None:
                replays.keep(replay, **self._kept(response))
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Refuse what no address or parameter may hold, then see who calls; answer a repeated write at once."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise TooLarge(f"A request may have {MOST_BYTES:,} bytes.")
        odd = [*request.query_params, *(each for found in request.query_params.lists() for each in found[1])]
        if any("\0" in str(each) or not _encodes(str(each)) for each in (*odd, *kwargs.values())):
            raise ParseError("An address may not hold a null byte, nor half a character.")
        try:
            super().initial(request, *args, **kwargs)
        except (AuthenticationFailed, NotAuthenticated, PermissionDenied):
            self._count(request)
            raise
        if request.method not in SAFE_METHODS:
            self._claim(request)

    def handle_exception(self, exc: Exception) -> Response:
        """The problem; or the answer that was given before."""
        if isinstance(exc, _Again):
            row = exc.row
            headers = {"Idempotent-Replayed": "true", **({"Location": row.location} if row.location else {})}
            again = Response(json.loads(row.body) if row.body else None, status=row.status, headers=headers)
            again.record = row.record  # type: ignore[attr-defined]
            return again
        return super().handle_exception(exc)

    def finalize_response(  # type: ignore[override]
        self,
        request: Request,
        response: HttpResponseBase,
        *args: Any,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> HttpResponseBase:
        """Add what all answers have."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        # For the next `updated_since`; a server sets it where we don't.
        response["Date"] = http_date()
        response.setdefault("Cache-Control", "no-cache")
        patch_vary_headers(response, ("Authorization", "Cookie"))
        rate: Rate | None = getattr(request._request, "rate", None)
        if rate is not None:
            response["RateLimit-Limit"] = str(rate.limit)
            response["RateLimit-Remaining"] = str(max(rate.remaining, 0))
            response["RateLimit-Reset"] = str(int(rate.reset) + 1)
        if request.method in SAFE_METHODS:
            # Without credentials: pages of other origins read what is public, as nobody.
            response["Access-Control-Allow-Origin"] = "*"
            response["Access-Control-Expose-Headers"] = EXPOSED
        if isinstance(response, Response) and response.status_code < 300:
            response.add_post_render_callback(self._tagged)
        return response

    def options(  # type: ignore[override]
        self,
        request: Request,
        *_args: Any,  # noqa: ANN401
        **_kwargs: Any,  # noqa: ANN401
    ) -> Response:
        """A browser asks before it lets a page of another origin read: yes, read."""
        response = Response(status=204)
        response["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response["Access-Control-Allow-Headers"] = "Accept, If-None-Match"
        response["Access-Control-Max-Age"] = "86400"
        return response

    def _tagged(self, response: Response) -> HttpResponse | None:
        """The answer with its ETag; 304 for who has it already.

        The part before the dot is the record's own (`record` of the response), which If-Match is about; the rest
        changes with every byte of the answer.
        """
        if not response.content:
            return None
        digest = hashlib.sha256(response.content).hexdigest()[:16]
        record = getattr(response, "record", "")
        etag = f'"{record}.{digest}"' if record else f'"{digest}"'
        return self._unless_known(response, etag)

    def tagged(self, response: HttpResponse) -> HttpResponse:
        """An answer of another form than JSON with its ETag; 304 for who has it already."""
        return self._unless_known(response, f'"{hashlib.sha256(response.content).hexdigest()[:32]}"') or response

    def _unless_known(self, response: HttpResponse, etag: str) -> HttpResponse | None:
        response["ETag"] = etag
        if self.request.method not in {"GET", "HEAD"} or not self._knows(etag):
            return None
        unchanged = HttpResponseNotModified()
        for name in KEPT_IN_304:
            if name in response:
                unchanged[name] = response[name]
        return unchanged

    def _knows(self, etag: str) -> bool:
        known = parse_etags(self.request.headers.get("If-None-Match", ""))
        return "*" in known or etag in {each.removeprefix("W/") for each in known}

    def _count(self, request: Request) -> None:
        """Who is refused is counted as well: else tokens could be guessed as fast as we answer."""
        if getattr(request._request, "rate", None) is None:
            self.check_throttles(request)

    def _claim(self, request: Request) -> None:
        key = request.headers.get(IDEMPOTENCY_KEY, "")
        if not key or not request.user.is_authenticated:
            return
        if len(key) > 255 or not key.isprintable():
            raise ValidationError({f"?{IDEMPOTENCY_KEY}": ["At most 255 printable characters."]})
        raw = request._request
        body = request.data  # Parsed first: what can't be parsed, or is too large, claims nothing.
        try:
            row, new = replays.claim(
                request.user,
                key,
                method=str(request.method),
                address=raw.get_full_path(),
                body=json.dumps(body, sort_keys=True, default=str).encode(),
            )
        except replays.AnotherRequest as error:
            raise Impossible(str(error)) from error
        if not new:
            raise _Again(row)
        self._replay = row

    def _kept(self, response: HttpResponseBase) -> dict[str, Any]:
        data = getattr(response, "data", None)
        if self.secrets and isinstance(data, dict):
            data = {name: found for name, found in data.items() if name not in self.secrets}
        body = "" if data is None else JSONRenderer().render(data).decode()
        kept = {"location": response.get("Location", ""), "record": getattr(response, "record", "")}
        return {"status": response.status_code, "body": body, **kept}

    def _note_use(self, response: HttpResponseBase) -> None:
        # Not request.auth: that would try again to authenticate who was refused.
        token = getattr(self.request, "_auth", None)
        if isinstance(token, Token):
            method = str(self.request.method)
            tokens.note_use(token, method=method, path=self.request.path, status=response.status_code)


class _Again(Exception):
    """Not an error: this write was done before, and here is its answer."""

    def __init__(self, row: Replay) -> None:
        super().__init__()
        self.row = row


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
