"""A web server on 127.0.0.1 that behaves well or badly, and a manifest that points at it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import yaml

from lib.errors import CompanionError, FetchError
from lib.manifest import fetch
from local_server import listening

BODY = b"II*\x00" + bytes(range(256)) * 800
SHA256 = hashlib.sha256(BODY).hexdigest()
OTHER = BODY[:-1] + b"?"
OTHER_SHA256 = hashlib.sha256(OTHER).hexdigest()
NAME = "set/image.tif"

Route = Callable[[BaseHTTPRequestHandler], None]


class DataServer:
    """Routes by path; `hits` lists the paths that were asked for."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.routes: dict[str, Route] = {}
        self.hits: list[str] = []
        self.release = threading.Event()

    def add(self, path: str, route: Route) -> str:
        self.routes[path] = route
        return f"{self.address}{path}"


@contextmanager
def running_server() -> Iterator[DataServer]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        server.hits.append(request.path)
        server.routes.get(request.path, status(404))(request)

    with listening(answer) as address:
        server = DataServer(address)
        try:
            yield server
        finally:
            server.release.set()


def send(body: bytes, length: int | None = None, content_type: str = "image/tiff") -> Route:
    def route(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", content_type)
        request.send_header("Content-Length", str(len(body) if length is None else length))
        request.end_headers()
        request.wfile.write(body)
        if length is not None:
            request.close_connection = True

    return route


def status(code: int) -> Route:
    def route(request: BaseHTTPRequestHandler) -> None:
        request.send_error(code)

    return route


def redirect(target: str) -> Route:
    def route(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", target)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return route


def send_half_then(wait: Callable[[], object], body: bytes = BODY) -> Route:
    """Send half of the body, call `wait`, send the rest."""

    def route(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: len(body) // 2])
        request.wfile.flush()
        wait()
        request.wfile.write(body[len(body) // 2 :])

    return route


def write_manifest(folder: Path, urls: list[str], **fields: object) -> Path:
    """Write a manifest of one file, whose true bytes are BODY unless the fields say otherwise."""
    own = {"file": "image.tif", "size": len(BODY), "sha256": SHA256} | fields
    shared = {
        "what": "An image",
        "licence": "CC0",
        "citation": "Nobody",
        "media_type": "image/tiff",
        "chapters": [],
        "how": "direct",
        "urls": urls,
    }
    for key in [key for key in own if key in shared]:
        shared[key] = own.pop(key)
    if "instructions" in own:
        shared["instructions"] = own.pop("instructions")
    path = folder / "manifest.yaml"
    path.write_text(yaml.safe_dump({"datasets": {"set": shared | {"files": [own]}}}))
    return path


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def failing(manifest: Path, kind: type[CompanionError] = FetchError, **options: float) -> str:
    with pytest.raises(kind) as caught:
        fetch(NAME, manifest=manifest, **options)
    assert type(caught.value) is kind
    return str(caught.value)
