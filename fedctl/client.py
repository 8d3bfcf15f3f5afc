"""A client of the API: answers as Python data, refusals as exceptions, writes that are safe to send again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx

TIMEOUT: Final = 30.0
# A write carries its key, so that the portal knows the second try as the same.
TRIES: Final = 3


class FedctlError(Exception):
    """It did not work; the text says why, in a sentence for people."""


class Away(FedctlError):
    """The portal does not answer, or is not well."""


class Refused(FedctlError):
    """The portal understood and said no: `status`, and what it said field by field."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        super().__init__(_said(status, problem))


class Client:
    """The API of one portal. `token` is one of /my/tokens/; without it only what is public can be read."""

    def __init__(self, url: str, token: str = "", *, transport: httpx.BaseTransport | None = None) -> None:
        token = token.strip()
        if not all("!" <= sign <= "~" for sign in token):
            raise FedctlError(
                "FEDCTL_TOKEN holds no token: there are blanks or other signs in it. Look at /my/tokens/."
            )
        self._token = bool(token)
        headers = {"User-Agent": "fedctl", **({"Authorization": f"Bearer {token}"} if token else {})}
        if not url.startswith(("https://", "http://")):
            raise FedctlError(f"{url} is no address of a portal: it begins with https:// or http://.")
        self._http = httpx.Client(base_url=f"{url.rstrip('/')}/", headers=headers, timeout=TIMEOUT, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def hubs(self, **filters: str) -> list[dict[str, Any]]:
        """All hubs, with their factors."""
        return list(self.pages("hubs/", **filters))

    def hub(self, key: str) -> dict[str, Any]:
        """One hub."""
        try:
            return self.get(f"hubs/{quote(key, safe='')}/")
        except Refused as error:
            if error.status != 404:
                raise
            raise Refused(404, {"detail": f"There is no hub {key}. `fedctl hubs list` lists them."}) from None

    def set_weights(self, weights: Mapping[str, str], *, reason: str, seen: Mapping[str, float], **more: str) -> Any:  # noqa: ANN401
        """New weights, if the hubs still have the ones that were seen."""
        return self.post("weight-changes/", {"weights": weights, "reason": reason, "seen": seen, **more})

    def drain(self, key: str, *, reason: str, until: str = "") -> dict[str, Any]:
        """No launches for a hub from now on."""
        body = {"reason": reason, **({"until": until} if until else {})}
        found: dict[str, Any] = self.post(f"hubs/{quote(key, safe='')}/drain/", body)
        return found

    def undrain(self, key: str, *, reason: str = "") -> dict[str, Any]:
        """The emergency is over."""
        found: dict[str, Any] = self.post(f"hubs/{quote(key, safe='')}/undrain/", {"reason": reason})
        return found

    def status(self) -> dict[str, Any]:
        """The sentence of the status page, hubs, incidents, maintenance."""
        found: dict[str, Any] = self._ask("GET", "status.json").json()
        return found

    def exports(self) -> list[dict[str, Any]]:
        """What can be exported."""
        found: list[dict[str, Any]] = self._ask("GET", "api/v1/exports/").json()
        return found

    def export(self, name: str, form: str) -> bytes:
        """One export, byte for byte."""
        return self._ask("GET", f"api/v1/exports/{quote(name, safe='')}.{quote(form, safe='')}").content

    def drift(self, name: str, content: str) -> dict[str, Any]:
        """How a list differs from the portal."""
        found: dict[str, Any] = self.post("drift/", {"name": name, "content": content})
        return found

    def meetings(self) -> list[dict[str, Any]]:
        """The coming meetings, the next one first."""
        return list(self.pages("meetings/", phase="coming", ordering="starts_at"))

    def get(self, path: str, **parameters: str) -> dict[str, Any]:
        """One document of the API."""
        found: dict[str, Any] = self._ask("GET", f"api/v1/{path}", params=parameters).json()
        return found

    def pages(self, path: str, **parameters: str) -> Iterator[dict[str, Any]]:
        """All rows of a list, page by page."""
        page = self.get(path, **parameters)
        while True:
            yield from page["results"]
            if not page.get("next"):
                return
            page = self._ask("GET", page["next"]).json()

    def post(self, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """A write: done once, however often it had to be sent."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return self._ask("POST", f"api/v1/{path}", json=body, headers=headers).json()

    def _ask(self, method: str, path: str, **what: Any) -> httpx.Response:  # noqa: ANN401
        response = None
        for left in reversed(range(TRIES)):
            try:
                response = self._http.request(method, path, **what)
            except httpx.TransportError as error:
                if not left:
                    raise Away(f"{self._http.base_url} does not answer: {error or type(error).__name__}.") from None
                continue
            if response.status_code not in (502, 503, 504):
                break
        if response is not None and response.status_code == 401 and not self._token:
            raise Refused(401, {"detail": "This needs a token: make one at /my/tokens/, and put it into FEDCTL_TOKEN."})
        return _checked(response)


def fetched(url: str) -> bytes:
    """What is at an address of the web, without saying who asks."""
    try:
        response = httpx.get(url, timeout=TIMEOUT, follow_redirects=True, headers={"User-Agent": "fedctl"})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FedctlError(f"{url} can't be read: {error or type(error).__name__}.") from None
    if response.status_code != 200:
        raise FedctlError(f"{url} can't be read: it answers {response.status_code}.")
    return response.content


def _checked(response: httpx.Response | None) -> httpx.Response:
    if response is None or response.status_code >= 500:
        status = response.status_code if response is not None else "nothing"
        raise Away(f"The portal is not well: it answers {status}.")
    if response.status_code >= 400:
        raise Refused(response.status_code, _problem(response))
    if response.status_code >= 300:
        raise FedctlError(f"The portal redirects to {response.headers.get('Location', '')}: use that address.")
    return response


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _said(status: int, problem: Mapping[str, Any]) -> str:
    if status == 401 and not str(problem.get("detail", "")).startswith("This needs"):
        return "The portal does not know this token: it is wrong, expired or revoked. Make one at /my/tokens/."
    errors = problem.get("errors") or []
    fields = [f"{each.get('where', '')}: {each.get('detail', '')}" for each in errors]
    text = str(problem.get("detail") or problem.get("title") or f"The portal refused ({status}).")
    return " ".join([text, *fields])
