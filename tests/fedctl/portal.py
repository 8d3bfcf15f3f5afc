"""The real API, asked by httpx without a connection in between: in the test's own transaction."""

from __future__ import annotations

import httpx
from django.test import Client as Browser


class Portal(httpx.BaseTransport):
    """Hands requests to Django as a server would; `loses` answers of writes come to nothing."""

    def __init__(self, loses: int = 0) -> None:
        self.browser = Browser(raise_request_exception=False)
        self.loses = loses
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.method)
        kept = {name: value for name, value in request.headers.items() if name not in {"host", "connection"}}
        answer = self.browser.generic(
            request.method,
            request.url.raw_path.decode(),
            request.read(),
            request.headers.get("content-type", ""),
            headers=kept,
        )
        if request.method == "POST" and self.loses:
            self.loses -= 1
            raise httpx.ReadTimeout("no answer came", request=request)
        return httpx.Response(answer.status_code, headers=list(answer.items()), content=answer.content)
