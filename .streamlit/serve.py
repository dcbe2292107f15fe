"""The application with security headers, which `streamlit run app.py` alone cannot send: `make app`, `make class`.

The browser itself then refuses whatever is not of this server: no page can ask another host, be framed by another site,
or use a camera.  Streamlit needs inline scripts and styles, and builds its components from blob addresses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from streamlit import net_util
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.pages_manager import PagesManager
from streamlit.starlette import App

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline' blob:",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob: data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class SecurityHeaders:
    """Puts the headers on every answer."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def add(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        await self.app(scope, receive, add if scope["type"] == "http" else send)


def _nothing(*_: Any) -> None:
    """Instead of what Streamlit would do."""


# Where a page of another site knocks, Streamlit would ask a host on the internet for this computer's address, and
# everybody would wait for its answer.
net_util.get_external_ip = _nothing
# Any browser may ask to clear the cache of all visitors: their models, and their places in the line.
AppSession._handle_clear_cache_request = _nothing
PagesManager.uses_pages_directory = False  # app.py names the pages itself, also for whoever comes first by a link
app = App(Path(__file__).resolve().parent.parent / "app.py", middleware=[Middleware(SecurityHeaders)])
