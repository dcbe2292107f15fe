"""Who may launch, cancel, delete and import: whoever runs the server, and nobody else without knowing it.

Everyone may where the server is configured to this computer alone, is addressed as such, and no proxy stands between.
Else it takes the passphrase SER_ADMIN_KEY.  SER_OPEN=1 lifts that, with a quota for each visitor.  Headers are written
by the visitor, so each of them can only take the permission away.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ser_core.errors import NotAllowed

LOCAL = ("localhost", "127.0.0.1", "::1")
PROXIES = ("forwarded", "via", "x-real-ip")  # and everything that begins with x-forwarded
UNFINISHED = 2  # jobs that a visitor of an open server may have waiting or running
KEPT = 20  # runs of one visitor that an open server keeps


@dataclass(frozen=True)
class Permission:
    """An answer of `may_act`.  reason: one sentence, why or why not.

    visitor: on an open server, whose jobs these are; empty for whoever runs the server, who may touch every job.
    """

    allowed: bool
    reason: str
    visitor: str = ""

    def require(self, action: str) -> None:
        """Raises NotAllowed.  action: "launch a training"."""
        if not self.allowed:
            raise NotAllowed(f"You may not {action} here. {self.reason}")

    def require_for(self, owner: str, action: str) -> None:
        """The same, and a visitor of an open server only for what is their own.  owner: `visitor` of who launched."""
        self.require(action)
        if self.visitor and self.visitor != owner:
            raise NotAllowed(f"You may not {action} here: it is somebody else's.")


AT_THE_SHELL = Permission(True, "Whoever has a shell on this computer runs the server.")


class Throttle:
    """After every wrong passphrase the next try has to wait, twice as long each time.

    For all visitors together, because nothing that tells them apart is safe from forging.  clock: monotonic seconds.
    """

    LONGEST = 16.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._failures = 0
        self._until = float("-inf")

    def attempt(self, key: str, secret: str) -> str:
        """Try a passphrase.  Returns what is wrong, empty where it is right."""
        with self._guard:  # one at a time: tries in parallel gain nothing
            wait = self._until - self._clock()
            if wait > 0:
                return f"The last passphrase was wrong: try again in {math.ceil(wait)} s."
            if hmac.compare_digest(_bytes(key), _bytes(secret)):
                self._failures = 0
                return ""
            self._failures += 1
            self._until = self._clock() + min(self.LONGEST, 2.0 ** (self._failures - 1))
            return "That passphrase is wrong."


_THROTTLE = Throttle()


def may_act(
    server_address: str | None,
    headers: Mapping[str, str],
    host: str,
    key: str | None = None,
    *,
    visitor: str = "",
    settings: Mapping[str, str] = os.environ,
    throttle: Throttle = _THROTTLE,
) -> Permission:
    """Whether a visitor may act on jobs.

    server_address: as the server is configured; None or empty listens everywhere.  headers: of the visitor's request.
    host: its Host header.  key: the passphrase they typed.  visitor: what tells visitors apart on an open server,
    e.g. an address; only a hash of it is ever kept.  settings: where SER_ADMIN_KEY and SER_OPEN are looked up.
    """
    if is_local(server_address, headers, host):
        return Permission(True, "This server answers this computer only.")
    secret = settings.get("SER_ADMIN_KEY", "")
    if key and secret:
        wrong = throttle.attempt(key, secret)
        return Permission(not wrong, wrong or "The passphrase is right.")
    if settings.get("SER_OPEN") == "1":
        name = hashlib.blake2b((visitor or "unknown").encode(), digest_size=6).hexdigest()
        return Permission(True, f"This server is open: {UNFINISHED} jobs at a time for each visitor.", name)
    if secret:
        return Permission(False, "It takes the passphrase of whoever runs this server.")
    return Permission(
        False,
        "Others can reach this server, so whoever runs it has to set a passphrase first (SER_ADMIN_KEY), "
        "or to start it with --server.address=localhost.",
    )


def visitor_of(address: str | None, headers: Mapping[str, str]) -> str:
    """What tells visitors apart on an open server: the address of their connection.

    address: None where the connection comes from this computer: then a proxy here stands between, which adds the
    visitor's address at the end of X-Forwarded-For; what stands before it anybody can have written.
    """
    names = {name.lower(): value for name, value in headers.items()}
    return address or names.get("x-forwarded-for", "").rpartition(",")[2].strip()


def is_local(server_address: str | None, headers: Mapping[str, str], host: str) -> bool:
    """Whether a request cannot have come from elsewhere, as far as anything can tell."""
    names = {name.lower(): value for name, value in headers.items()}
    if any(name in PROXIES or name.startswith("x-forwarded") for name in names):
        return False
    if "origin" in names and _host_of(urlsplit(names["origin"]).netloc) not in LOCAL:
        return False  # a page from elsewhere, open in a browser on this computer
    if "host" in names and _host_of(names["host"]) not in LOCAL:
        return False
    return _host_of(host) in LOCAL and _is_loopback(server_address or "")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")  # whatever was typed


def _is_loopback(address: str) -> bool:
    try:
        return address == "localhost" or ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def _host_of(text: str) -> str:
    """`localhost:8501` -> `localhost`, `[::1]:8501` -> `::1`; empty where it is neither a name nor an address."""
    try:
        parts = urlsplit(f"//{text}")
        port = parts.port  # raises where it is no number
    except ValueError:
        return ""
    plain = text == parts.netloc and "@" not in text and port != 0
    return (parts.hostname or "") if plain else ""
