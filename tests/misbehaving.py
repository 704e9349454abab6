"""A server on this machine that gives files as the course hopes for, or fails in one of the ways that real ones do.

`server.url("cuts off", "a.bin")` is an address of the file `a.bin` under which the server behaves so.
"""

import hashlib
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote

from course_lib.download import RemoteFile

PAGE = b"<!DOCTYPE html><html><body>Welcome to our wireless network. Please log in.</body></html>"


class Misbehaving:
    """Use it in a `with` block. `files` are the bytes by name, `asked` is (behaviour, Range header) of each request."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.go_on = threading.Event()  # "waits" goes on when this is set
        self._arrived = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._server.daemon_threads = True
        self._server.block_on_close = False

    def __enter__(self) -> "Misbehaving":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    def url(self, behaviour: str, name: str) -> str:
        assert behaviour in BEHAVIOURS, behaviour
        return f"http://127.0.0.1:{self._server.server_address[1]}/{quote(behaviour)}/{name}"

    def remote(self, *behaviours: str, name: str = "a.bin", content: bytes | None = None) -> RemoteFile:
        """A file with one address a behaviour. `content` is what it should be; the server gives `files[name]`."""
        right = self.files.setdefault(name, content) if content is None else content
        self.files.setdefault(name, right)
        urls = tuple(self.url(behaviour, name) for behaviour in behaviours)
        return RemoteFile(name, urls, hashlib.sha256(right).hexdigest(), len(right), "Bytes for a test.", "none")

    def wait_for(self, requests: int) -> None:
        """Until so many requests have come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.asked) >= requests, timeout=30), self.asked


class _Handler(BaseHTTPRequestHandler):
    owner: Misbehaving

    def do_GET(self) -> None:
        _, behaviour, name = unquote(self.path).split("/", 2)
        with self.owner._arrived:
            self.owner.asked.append((behaviour, self.headers.get("Range")))
            self.owner._arrived.notify_all()
        try:
            BEHAVIOURS[behaviour](self, self.owner.files[name])
        except ConnectionError:
            pass  # whoever asked has gone

    def log_message(self, *_: object) -> None:
        """Nothing on stderr, which belongs to the progress bar."""

    def answer(self, code: int, body: bytes, **headers: object) -> None:
        self.send_response(code)
        for name, value in {"Content-Type": "application/octet-stream", "Content-Length": len(body), **headers}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def begin(self) -> int:
        """The first byte that the request asks for."""
        return int(re.match(r"bytes=(\d+)-$", self.headers.get("Range", "bytes=0-"))[1])

    def part(
        self, body: bytes, *, says: int | None = None, length: int | None = None, sends: int | None = None
    ) -> None:
        """What was asked for: 206 with a Content-Range for a Range, 200 without; `says` and `sends` make it a lie."""
        begin = self.begin()
        rest = body[begin:]
        headers = {"Content-Length": len(rest) if length is None else length}
        if "Range" in self.headers:
            headers["Content-Range"] = f"bytes {begin if says is None else says}-{len(body) - 1}/{len(body)}"
        self.answer(206 if "Range" in self.headers else 200, rest[:sends], **headers)


def _waits(request: _Handler, body: bytes) -> None:
    """Half of what was asked for, and the rest when `go_on` is set."""
    half = len(body[request.begin() :]) // 2
    request.part(body, sends=half)
    request.wfile.flush()
    request.owner.go_on.wait(30)
    request.wfile.write(body[request.begin() + half :])


def _hangs(request: _Handler, body: bytes) -> None:
    request.owner.go_on.wait(30)


BEHAVIOURS: dict[str, Callable[[_Handler, bytes], None]] = {
    "good": lambda request, body: request.part(body),
    "knows no range": lambda request, body: request.answer(200, body),
    "names no length": lambda request, body: request.answer(200, body, **{"Content-Length": None}),
    "cuts off": lambda request, body: request.part(body, sends=len(body[request.begin() :]) // 2),
    "cuts off a short one": lambda request, body: request.answer(200, body[: len(body) // 2]),
    "refuses ranges": lambda request, body: request.answer(416, b"") if request.begin() else request.part(body),
    "another range": lambda request, body: request.part(body, says=0),
    "a middle part": lambda request, body: request.answer(206, body[5:], Content_Range="bytes 5-9/10"),
    "too much": lambda request, body: request.answer(200, body + b"more", **{"Content-Length": None}),
    "too much, and says so": lambda request, body: request.answer(200, body + b"more"),
    "a page": lambda request, body: request.answer(200, PAGE, **{"Content-Type": "text/html; charset=utf-8"}),
    "a page in disguise": lambda request, body: request.answer(200, PAGE, **{"Content-Length": None}),
    "another file": lambda request, body: request.answer(200, bytes(len(body))),
    "not found": lambda request, body: request.answer(404, b"nothing here"),
    "broken": lambda request, body: request.answer(503, b"come back later"),
    "no http": lambda request, body: request.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "hangs up": lambda request, body: None,
    "hangs": _hangs,
    "waits": _waits,
}
