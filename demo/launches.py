"""What a simulated hub tells of a launch: the events of its stream, in a BinderHub's words and order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

Event = Mapping[str, Any]

PROVIDERS = {
    "gh": "GitHub",
    "gl": "GitLab",
    "gist": "Gist",
    "git": "Git",
    "zenodo": "Zenodo",
    "figshare": "Figshare",
    "hydroshare": "Hydroshare",
    "dataverse": "Dataverse",
    "ckan": "CKAN",
}
# Owners and refs that are always refused, so that every refusal can be tried.
BANNED_OWNER = "banned"
MISSING_REF = "nosuchref"


class Refused(Exception):
    """The hub will not launch this; the text is for the visitor, `status_code` is there where a BinderHub gives one."""

    def __init__(self, message: str, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code

    @property
    def event(self) -> Event:
        """The one event of a refusal: the HTTP status stays 200."""
        code = {} if self.status_code is None else {"status_code": self.status_code}
        return {"phase": "failed", **code, "message": f"{self}\n"}


@dataclass(frozen=True, slots=True)
class Launch:
    """One repository at one ref, asked of one hub."""

    prefix: str
    spec: str
    repo: str
    ref: str

    @property
    def provider(self) -> str:
        """The provider's name, as metrics and the launch archive have it."""
        return PROVIDERS[self.prefix]

    @property
    def repo_url(self) -> str:
        """Where the repository is."""
        return f"https://github.com/{self.repo}" if self.prefix == "gh" else f"{self.prefix}:{self.repo}"

    @property
    def commit(self) -> str:
        """The commit that the ref stands for; invented, but always the same."""
        return hashlib.sha1(f"{self.repo}@{self.ref}".encode(), usedforsecurity=False).hexdigest()

    @property
    def image(self) -> str:
        """The name of the built image."""
        slug = self.repo.lower().replace("-", "-2d").replace("/", "-2d").replace(":", "-3a")
        return f"binder-{slug}-{self.commit[:6]}:{self.commit}"


def parse(path: str) -> Launch:
    """The launch that `/build/<provider>/<spec>` asks for; raises Refused for what a BinderHub refuses."""
    prefix, _, spec = path.removeprefix("/build/").partition("/")
    if prefix not in PROVIDERS:
        raise Refused(f"No provider found for prefix {prefix}")
    repo, ref = _github(spec) if prefix in {"gh", "gl"} else (unquote(spec), "HEAD")
    if repo.partition("/")[0].lower() == BANNED_OWNER:
        raise Refused(
            f"Sorry, {spec} has been temporarily disabled from launching. Please contact admins for more info!"
        )
    if ref == MISSING_REF:
        raise Refused(f"Could not resolve ref for {prefix}:{spec}. Double check your URL and that your repo is public.")
    return Launch(prefix, spec, repo, ref)


def _github(spec: str) -> tuple[str, str]:
    parts = spec.split("/", 2)
    if len(parts) < 3 or not all(parts):
        raise Refused(f'Spec is not of the form "user/repo/ref", provided: "{spec}". Did you mean "{spec}/HEAD"?')
    return unquote(f"{parts[0]}/{parts[1]}"), unquote(parts[2])


def building(launch: Launch) -> Iterator[tuple[float, Event]]:
    """The events of a build, each with the seconds before it on a quick hub."""
    yield 0.2, _event("waiting", "Waiting for build to start...")
    yield 0.6, _event("fetching", "Picked Git content provider.")
    yield 0.4, _event("fetching", f"Cloning into '/tmp/repo2docker'... HEAD is now at {launch.commit[:7]}")
    for step in range(1, 7):
        yield 0.8, _event("building", f"Step {step * 7}/42 : RUN ...")
    yield 0.8, _event("pushing", "Pushing image")


def launching(launch: Launch, cached: bool) -> Iterator[tuple[float, Event]]:
    """The events from the built image to just before `ready`."""
    words = "Found built image, launching..." if cached else "Built image, launching..."
    yield 0.1, {**_event("built", words), "imageName": launch.image}
    yield 0.1, _event("launching", "Launching server...")
    yield 0.3, _event("launching", "Server requested")
    yield 0.8, _event("launching", "Spawning server...")
    yield 0.6, _event("launching", "Server ready")


def ready(launch: Launch, server_url: str, token: str, launch_host: str) -> Event:
    """The last event of a launch that worked."""
    return {
        **_event("ready", f"server running at {server_url}"),
        "image": launch.image,
        "repo_url": launch.repo_url,
        "token": token,
        "binder_ref_url": f"{launch.repo_url}/tree/{launch.commit}",
        "binder_launch_host": launch_host,
        "binder_request": f"v2/{launch.prefix}/{launch.spec}",
        "binder_persistent_request": f"v2/{launch.prefix}/{launch.repo}/{launch.commit}",
        "binder_client_ip": "127.0.0.1",
        "url": server_url,
    }


def _event(phase: str, words: str) -> dict[str, Any]:
    return {"phase": phase, "message": f"{words}\n"}
