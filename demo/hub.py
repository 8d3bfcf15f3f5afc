"""One simulated BinderHub: answers in a real one's shapes, and can be broken in every way a real one breaks."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from aiohttp import web

from demo import answers, launches, pages
from demo.answers import CORS, OPEN_CORS, SERVER
from demo.figures import Figures
from demo.launches import Launch, Refused

IMAGES_KEPT = 5000


class Mode(StrEnum):
    """How a hub behaves."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    OVER_QUOTA = "over-quota"
    SLOW = "slow"
    HANGING = "hanging"
    WRONG_VERSION = "wrong-version"
    DEAD = "dead"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class HubOptions:
    """What a hub is like. `pace` stretches all times of a launch; 0 makes them instant, for tests."""

    key: str
    name: str
    quota: int | None = 200
    pace: float = 1.0
    pod_seconds: float = 45.0
    pods_cached_seconds: float = 5.0
    launches_per_hour: int | None = None


@dataclass(slots=True)
class Switch:
    """The position of a hub's switch: its mode, and how many seconds a slow answer takes."""

    mode: Mode = Mode.HEALTHY
    seconds: float = 3.0


class SimulatedHub:
    """A hub on one loopback port; `start` and `stop` open and close the port, `switch` changes how it behaves."""

    def __init__(self, options: HubOptions, port: int = 0) -> None:
        self.options = options
        self.port = port
        self.position = Switch()
        self.figures = Figures()
        self._images: OrderedDict[str, None] = OrderedDict()
        self._pods: list[float] = []
        self._counted: tuple[float, int, int] = (float("-inf"), 0, 0)
        self._asked: Counter[str] = Counter()
        self._switched = asyncio.Event()
        self._runner: web.ServerRunner | None = None
        self._switching = asyncio.Lock()

    @property
    def url(self) -> str:
        """Where the hub is, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def listening(self) -> bool:
        """Whether the port is open."""
        return self._runner is not None

    async def start(self) -> None:
        """Open the port; the first time a port 0 becomes a free one, which the hub then keeps."""
        if self._runner is not None:
            return
        server = web.Server(self._answer, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True)
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self.port = site.port
        self._runner = runner

    async def stop(self) -> None:
        """Close the port and every connection: from now on a caller is refused."""
        runner, self._runner = self._runner, None
        if runner is not None:
            self._wake()
            await runner.cleanup()

    async def switch(self, mode: Mode, seconds: float = 3.0) -> None:
        """Behave so from now on; answers that hang are let go first."""
        async with self._switching:
            self.position = Switch(mode, seconds)
            self._counted = (float("-inf"), 0, 0)
            self._wake()
            await (self.stop() if mode is Mode.DEAD else self.start())

    def _wake(self) -> None:
        self._switched.set()
        self._switched = asyncio.Event()

    def state(self) -> dict[str, Any]:
        """The hub as the control page shows it."""
        total, build, user = self._count_pods()
        return {
            "key": self.options.key,
            "name": self.options.name,
            "url": self.url,
            **asdict(self.position),
            "listening": self.listening,
            "pods": {"total": total, "build": build, "user": user, "quota": self.options.quota},
            "images": len(self._images),
        }

    # What it answers

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        mode = self.position.mode
        if mode is Mode.RESET:
            return await answers.reset(request)
        if mode is Mode.HANGING:
            await self._switched.wait()
        if mode is Mode.SLOW:
            await asyncio.sleep(self.position.seconds)
        path = request.raw_path.partition("?")[0]
        if path.startswith("/build/"):
            return await self._build(request, path)
        if request.method not in {"GET", "HEAD"} or (path == "/versions" and request.method == "HEAD"):
            return answers.html(pages.error(405, "Method Not Allowed"), 405)
        return self._page(request, path)

    def _page(self, request: web.BaseRequest, path: str) -> web.Response:
        if path == "/health":
            return self._health()
        if path == "/versions":
            return answers.tagged(json.dumps(self._versions()), "application/json")
        if path == "/metrics":
            return answers.tagged(self.figures.text(), "text/plain; version=1.0.0; charset=utf-8")
        # A 200 on any path at all: with a real BinderHub too a 200 proves nothing.
        return answers.html(pages.page(self.options.name, self.options.key, path, request.headers))

    def _health(self) -> web.Response:
        down = self.position.mode is Mode.UNHEALTHY
        total, build, user = self._count_pods()
        quota = self.options.quota
        checks = [
            {"service": "Docker registry", "ok": True},
            {"service": "JupyterHub API", "ok": not down},
            {
                "service": "Pod quota",
                "total_pods": total,
                "build_pods": build,
                "user_pods": user,
                "quota": quota,
                "ok": quota is None or total <= quota,
                "_ignore_failure": True,
            },
        ]
        body = {"ok": not down, "checks": checks}
        if down:
            return web.json_response(body, status=503, headers={"Server": SERVER, **CORS})
        return answers.tagged(json.dumps(body), "application/json; charset=UTF-8")

    def _versions(self) -> Mapping[str, Any]:
        image = "quay.io/jupyterhub/repo2docker:2024.07.0"
        newer = self.position.mode is Mode.WRONG_VERSION
        version = "0.2.0+2301.g0ddba11" if newer else "0.2.0+2227.gb9fad995"
        return {"builder_info": {"build_image": image}, "binderhub": version, "builder": image}

    def _count_pods(self) -> tuple[int, int, int]:
        """Total, build and user pods, remembered for a while as a real hub does."""
        now = time.monotonic()
        if now - self._counted[0] >= self.options.pods_cached_seconds:
            self._pods = [end for end in self._pods if end > now]
            build, user = self.figures.building, len(self._pods)
            if self.position.mode is Mode.OVER_QUOTA:
                user += (self.options.quota or 0) + 50
            self._counted = (now, build, user)
        _, build, user = self._counted
        return build + user, build, user

    # Launching

    async def _build(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        if request.method != "GET":
            return answers.html(pages.error(405, "Method Not Allowed"), 405)
        try:
            headers = self._admit(request)
        except Refused as refused:
            return answers.tagged(
                answers.data(refused.event), "text/event-stream", {**CORS, "Cache-Control": "no-cache"}
            )
        stream = web.StreamResponse(headers=headers)
        stream.enable_chunked_encoding()
        await stream.prepare(request)
        try:
            await self._launch(launches.parse(path), stream, request.headers.get("X-Binder-Launch-Host"))
        except Refused as refused:
            await stream.write(answers.data(refused.event).encode())
        await stream.write(b":keepalive\n\n")
        return stream

    def _admit(self, request: web.BaseRequest) -> dict[str, str]:
        """The headers of an admitted stream; raises Refused without the Accept header or over the hourly limit."""
        if "text/event-stream" not in request.headers.get("Accept", ""):
            raise Refused("Missing Accept header: text/event-stream", 400)
        headers = {"Server": SERVER, "Content-Type": "text/event-stream", **OPEN_CORS, "Cache-Control": "no-cache"}
        limit = self.options.launches_per_hour
        if limit is None:
            return headers
        hour = int(time.time() // 3600)
        who = f"{request.remote}@{hour}"
        if self._asked[who] >= limit:
            raise Refused("Rate limit exceeded. Try again in 3600 seconds.", 429)
        self._asked[who] += 1
        remaining = {"X-Ratelimit-Remaining": str(limit - self._asked[who]), "X-Ratelimit-Limit": str(limit)}
        return {**headers, **remaining, "X-Ratelimit-Reset": str((hour + 1) * 3600)}

    async def _launch(self, launch: Launch, stream: web.StreamResponse, launch_host: str | None) -> None:
        cached = launch.image in self._images
        if not cached:
            await self._make_image(launch, stream)
        began = time.monotonic()
        self.figures.launching += 1
        try:
            for pause, event in launches.launching(launch, cached):
                await self._tell(stream, pause, event)
                self._refuse_if_broken(launch, event, began)
        finally:
            self.figures.launching -= 1
        self._pods.append(time.monotonic() + self.options.pod_seconds)
        self.figures.launched(launch.provider, launch.repo_url, "success", time.monotonic() - began)
        server = f"{self.url}/user/{launch.repo.replace('/', '-').lower()}-{secrets.token_hex(4)}/"
        host = launch_host or f"{self.url}/"
        await self._tell(stream, 0, launches.ready(launch, server, secrets.token_urlsafe(16), host))

    async def _make_image(self, launch: Launch, stream: web.StreamResponse) -> None:
        began = time.monotonic()
        self.figures.building += 1
        try:
            for pause, event in launches.building(launch):
                await self._tell(stream, pause, event)
        finally:
            self.figures.building -= 1
        self._images[launch.image] = None
        if len(self._images) > IMAGES_KEPT:
            self._images.popitem(last=False)
        self.figures.built(launch.provider, launch.repo_url, "success", time.monotonic() - began)

    def _refuse_if_broken(self, launch: Launch, event: launches.Event, began: float) -> None:
        if event["phase"] != "launching":
            return
        mode, pods = self.position.mode, len(self._pods)
        if mode is Mode.OVER_QUOTA or (self.options.quota is not None and pods >= self.options.quota):
            self.figures.launched(launch.provider, launch.repo_url, "pod_quota", 0)
            raise Refused("Too many users on this BinderHub! Try again soon.")
        if mode is Mode.UNHEALTHY:
            self.figures.launched(launch.provider, launch.repo_url, "failure", time.monotonic() - began)
            raise Refused(f"Failed to launch image {launch.image}")

    async def _tell(self, stream: web.StreamResponse, pause: float, event: launches.Event) -> None:
        if pause and self.options.pace:
            await asyncio.sleep(pause * self.options.pace)
        await stream.write(answers.data(event).encode())
