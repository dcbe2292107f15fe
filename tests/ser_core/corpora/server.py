"""A web server on this machine that misbehaves as told."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """One file and how it is sent.

    says_length: whether the length is said, or what is said instead.
    breaks: after how many bytes each coming answer breaks off.  statuses: what each coming request is answered with
    instead of the file.  asked: the Range header of each request so far, empty where there was none.
    """

    content: bytes
    url: str = ""
    etag: str | None = '"one"'
    ranges: bool = True
    says_length: bool | str = True
    breaks: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    sent: int = 0


@contextmanager
def serving(content: bytes) -> Iterator[Site]:
    site = Site(content)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            site.asked.append(wanted)
            if site.statuses:
                self.send_error(site.statuses.pop(0))
                return
            start, body = 0, site.content
            match = re.fullmatch(r"bytes=(\d+)-", wanted)
            if match and site.ranges and self.headers.get("If-Range") in (None, site.etag):
                start = int(match.group(1))
                if start >= len(body):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(body)}")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            else:
                self.send_response(200)
            if site.says_length:
                said = site.says_length
                self.send_header("Content-Length", said if isinstance(said, str) else str(len(body) - start))
            if site.etag:
                self.send_header("ETag", site.etag)
            self.end_headers()
            part = body[start:]
            if site.breaks:
                part = part[: site.breaks.pop(0)]
            self.wfile.write(part)
            site.sent += len(part)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the screen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}/corpus.zip"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
