"""A portal on this machine for tests: it answers as it is told, in order, and remembers what it was asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    at: float


@dataclass(frozen=True)
class Reply:
    """One answer. `announced` is the length told, if it is not the true one; below 0 none is."""

    content: bytes = b""
    status: int = 200
    media_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    announced: int | None = None
    silent_seconds: float = 0
    piece_pause: float = 0


Answering = Callable[[Asked], Reply]


@dataclass
class Portal:
    """The portal's address, what it was asked, and how it answers: path → replies, the last of them for ever."""

    address: str
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, list[Reply | Answering]] = field(default_factory=dict)

    def on(self, path: str, *replies: Reply | Answering) -> None:
        """Answer a path with these replies, one after the other."""
        self.answers[path] = list(replies)

    def paths(self) -> list[str]:
        """What was asked, in order."""
        return [asked.path for asked in self.asked]

    def reply(self, asked: Asked) -> Reply:
        """The next answer to a path."""
        self.asked.append(asked)
        queue = self.answers.get(asked.path, [Reply(b"no such page", 404, "text/plain")])
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        return answer(asked) if callable(answer) else answer


@contextmanager
def serve() -> Iterator[Portal]:
    """Run a portal on a free port of the loopback address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
            asked = Asked(self.command, parts.path, parameters, dict(self.headers), body, time.monotonic())
            reply = portal.reply(asked)
            time.sleep(reply.silent_seconds)
            try:
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.media_type)
                length = len(reply.content) if reply.announced is None else reply.announced
                if length >= 0:
                    self.send_header("Content-Length", str(length))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self._write(reply)
            except OSError:
                # The guest has left: that is what some tests are about.
                self.close_connection = True
            if reply.announced is not None:
                self.close_connection = True

        def _write(self, reply: Reply) -> None:
            if not reply.piece_pause:
                self.wfile.write(reply.content)
                return
            for position in range(0, len(reply.content), 10):
                self.wfile.write(reply.content[position : position + 10])
                self.wfile.flush()
                time.sleep(reply.piece_pause)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    portal = Portal(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield portal
    finally:
        server.shutdown()
        server.server_close()


def ckan(result: object) -> Reply:
    """CKAN's envelope around a result."""
    document = {"help": "https://example.org/help_show", "success": True, "result": result}
    return Reply(json.dumps(document).encode())


def ckan_error(kind: str, text: str, status: int = 404) -> Reply:
    """CKAN's envelope around a refusal."""
    error = {"__type": kind, "message": text}
    return Reply(json.dumps({"help": "", "success": False, "error": error}).encode(), status)
