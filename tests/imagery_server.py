"""A web server on 127.0.0.1 that plays street view, Mapillary, satellite and tile services, well or badly."""

from __future__ import annotations

import io
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

from local_server import listening

Reply = tuple[int, bytes] | Callable[[BaseHTTPRequestHandler], None]


def photo(colour=(180, 60, 40), size=(32, 24), kind="JPEG") -> bytes:
    stream = io.BytesIO()
    grain = np.random.default_rng(0).integers(0, 40, (size[1], size[0], 3))
    Image.fromarray(np.clip(np.array(colour) + grain, 0, 255).astype(np.uint8)).save(stream, kind)
    return stream.getvalue()


def metadata(word="OK", lon=39.0, lat=37.0, pano="pano-1", **more) -> tuple[int, bytes]:
    facts = {"status": word}
    if word == "OK":
        place = {"lat": lat, "lng": lon}
        facts |= {"pano_id": pano, "location": place, "date": "2021-05", "copyright": "(c) Somebody"}
    return 200, json.dumps(facts | more).encode()


class ImageryServer:
    """Answers by path: the first of the scripted replies that is left, then the last one for ever."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.script: dict[str, list[Reply]] = defaultdict(list)
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.release = threading.Event()
        self.lock = threading.Lock()

    def on(self, path: str, *replies: Reply) -> None:
        self.script[path] = list(replies)

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _, _ in self.asked)

    def query(self, path: str) -> dict[str, str]:
        """The last query that came for a path."""
        return [query for asked, query, _ in self.asked if asked == path][-1]

    def reply(self, request: BaseHTTPRequestHandler) -> Reply:
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self.lock:
            self.asked.append((parts.path, query, dict(request.headers)))
            replies = self.script.get(parts.path) or [(404, b"no such thing")]
            return replies.pop(0) if len(replies) > 1 else replies[0]


@contextmanager
def imagery_server() -> Iterator[ImageryServer]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        reply = server.reply(request)
        if callable(reply):
            reply(request)
        else:
            send(request, *reply)

    with listening(answer, "HTTP/1.1") as address:
        server = ImageryServer(address)
        try:
            yield server
        finally:
            server.release.set()


def send(request: BaseHTTPRequestHandler, code: int, body: bytes, length: int | None = None, **headers: str) -> None:
    request.send_response(code)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.send_header("Content-Length", str(len(body) if length is None else length))
    request.end_headers()
    request.wfile.write(body)
    if length is not None:
        request.close_connection = True


def breaking_off(body: bytes) -> Reply:
    """Promise the body, send half of it, hang up."""
    return lambda request: send(request, 200, body[: len(body) // 2], length=len(body))


def busy(seconds: str) -> Reply:
    return lambda request: send(request, 429, b"slow down", Retry_After=seconds)


def silent(server: ImageryServer) -> Reply:
    """Say nothing until the test is over."""
    return lambda request: (server.release.wait(20), None)[1]


def silent_in_the_middle(server: ImageryServer, body: bytes) -> Reply:
    def reply(request: BaseHTTPRequestHandler) -> None:
        send(request, 200, body[:40], length=len(body))
        request.wfile.flush()
        server.release.wait(20)

    return reply
