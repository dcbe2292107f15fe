"""A student without a browser: speaks the application's own websocket protocol, as its front end does.

What a browser sends when somebody opens the page Recognise, chooses *Upload*, and brings one file after another, was
read off a real one: ask for an address, take the last file away, put the new one there, run the page with it.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PATIENCE = 60.0  # seconds without an answer count as an error
XSRF = "_streamlit_xsrf"
PLACE = re.compile(r"^(\d+)(?:st|nd|rd|th) in line")
FULL = "waiting for an answer, and no more may"


@dataclass
class Answer:
    """What became of one clip.

    seconds: from choosing the file to the message with the probabilities.  whole: to the end of the page's run.
    shares: label -> probability as the page draws it.  title: the clip that the page names above them.
    place: the worst place in the line that the page showed.
    """

    student: int
    turn: int
    asked: float
    seconds: float = 0.0
    whole: float = 0.0
    shares: dict[str, float] = field(default_factory=dict)
    title: str = ""
    place: int = 0
    refused: bool = False
    error: str = ""


class Student:
    """One visitor.  Used as `async with Student(...) as one: await one.bring(...)`."""

    def __init__(self, number: int, address: str, checkpoint: str = "") -> None:
        self.number, self.address, self.checkpoint = number, address, checkpoint
        self.http = requests.Session()
        self.socket: ClientConnection
        self.session = self.page = self.title = ""
        self.widgets: dict[str, str] = {}  # key -> the id that the server gave it
        self.file: FileURLs | None = None
        self.answer = Answer(number, -1, 0.0)
        self.runs_begun = self.runs_ended = 0
        self.last: list[str] = []  # texts of the page since the run began
        self.changed = asyncio.Event()
        self.urls: asyncio.Future[FileURLs] | None = None

    async def __aenter__(self) -> Student:
        await asyncio.to_thread(self.http.get, f"{self.address}/_stcore/health", timeout=PATIENCE)
        token = self.http.cookies[XSRF]
        self.http.headers["X-Xsrftoken"] = token
        self.socket = await connect(
            self.address.replace("http", "ws", 1) + "/_stcore/stream",
            subprotocols=[Subprotocol("streamlit"), Subprotocol(token)],
            origin=Origin(self.address),
            additional_headers={"Cookie": f"{XSRF}={token}"},
            max_size=None,
        )
        self.reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.reader.cancel()
        await self.socket.close()

    async def open(self) -> float:
        """Open the page, look at its first answer, choose *Upload*.  Returns the seconds until the first answer."""
        self.answer = Answer(self.number, -1, time.perf_counter())
        await self.run(WidgetStates())
        await self.until(lambda: bool(self.answer.shares or self.answer.error) and self.quiet())
        if self.answer.error:
            raise RuntimeError(f"the first view of student {self.number}: {self.answer.error}")
        first = self.answer.seconds
        await self.run(WidgetStates(widgets=[self._source()]))
        await self.until(lambda: "upload" in self.widgets and self.quiet())
        return first

    async def bring(self, turn: int, name: str, content: bytes) -> Answer:
        """Choose a file and wait for its answer."""
        self.answer = answer = Answer(self.number, turn, time.perf_counter())
        try:
            await self._bring(name, content)
            await self.until(lambda: bool(answer.shares or answer.error or answer.refused))
            await self.until(self.quiet)
        except (OSError, RuntimeError, TimeoutError, requests.RequestException) as error:
            seen = f"{self.runs_begun} runs begun, {self.runs_ended} ended, last on the page: {self.last[-3:]}"
            answer.error = f"{type(error).__name__} {error} ({seen})"
        answer.whole = time.perf_counter() - answer.asked
        return answer

    async def _bring(self, name: str, content: bytes) -> None:
        self.urls = asyncio.get_running_loop().create_future()
        message = BackMsg()
        message.file_urls_request.request_id = f"{self.number}-{self.answer.turn}"
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self.session
        await self.socket.send(message.SerializeToString())
        urls = await asyncio.wait_for(self.urls, PATIENCE)
        if self.file is not None:
            await self.run(self._states(None, name, 0))
            await asyncio.to_thread(self._http, "DELETE", self.file.delete_url)
        await asyncio.to_thread(
            self._http, "PUT", urls.upload_url, files={"file": (name, io.BytesIO(content), "audio/wav")}
        )
        self.file = urls
        await self.run(self._states(urls, name, len(content)))

    def _http(self, method: str, path: str, **how: Any) -> None:
        self.http.request(method, self.address + path, timeout=PATIENCE, **how).raise_for_status()

    def _source(self) -> WidgetState:
        state = WidgetState(id=self.widgets["source"])
        state.string_array_value.data.append("Upload")
        return state

    def _states(self, urls: FileURLs | None, name: str, size: int) -> WidgetStates:
        upload = WidgetState(id=self.widgets["upload"])
        upload.file_uploader_state_value.SetInParent()
        if urls is not None:
            info = upload.file_uploader_state_value.uploaded_file_info.add(name=name, size=size, file_id=urls.file_id)
            info.file_urls.CopyFrom(urls)
        return WidgetStates(widgets=[self._source(), upload])

    async def run(self, states: WidgetStates) -> None:
        """Ask for a run of the page with these values of its widgets."""
        message = BackMsg()
        script = message.rerun_script
        script.widget_states.CopyFrom(states)
        script.page_script_hash = self.page
        if self.checkpoint:
            script.query_string = f"model={self.checkpoint}"
        script.context_info.timezone = "UTC"
        script.context_info.locale = "en-GB"
        script.context_info.url = self.address + "/"
        script.context_info.color_scheme = "light"
        await self.socket.send(message.SerializeToString())

    async def until(self, reached: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not reached():
                self.changed.clear()
                if self.reader.done():
                    raise RuntimeError("the server closed the connection")
                await self.changed.wait()

    def quiet(self) -> bool:
        return 0 < self.runs_begun == self.runs_ended

    async def _read(self) -> None:
        try:
            async for data in self.socket:
                message = ForwardMsg()
                message.ParseFromString(data if isinstance(data, bytes) else data.encode())
                self._take(message)
                self.changed.set()
        finally:
            self.changed.set()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.session = message.new_session.initialize.session_id
            self.page = message.new_session.page_script_hash
            self.runs_begun += 1
            self.title = ""
            self.last = []
        elif kind == "script_finished":
            # of a run that another one replaced no end may be told
            self.runs_ended = self.runs_begun
        elif kind == "file_urls_response" and self.urls is not None and not self.urls.done():
            self.urls.set_result(message.file_urls_response.file_urls[0])
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._element(message.delta.new_element)

    def _element(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind in ("button_group", "file_uploader"):
            widget = getattr(element, kind).id
            self.widgets[widget.rpartition("-")[2]] = widget
        elif kind == "markdown":
            text = element.markdown.body
            self.last.append(text)
            if text.startswith("**") and not self.title:  # the first on the page
                self.title = text
            if place := PLACE.match(text):
                self.answer.place = max(self.answer.place, int(place[1]))
        elif kind == "plotly_chart" and element.plotly_chart.alt.startswith("Probabilities"):
            bars = json.loads(element.plotly_chart.spec)["data"][1]
            self.answer.seconds = time.perf_counter() - self.answer.asked
            self.answer.title = self.title
            self.answer.shares = dict(zip(bars["y"], bars["x"], strict=True))
        elif kind == "alert":
            if FULL in element.alert.body:
                self.answer.refused = True
            else:
                self.answer.error = element.alert.body
        elif kind == "exception":
            self.answer.error = f"{element.exception.type}: {element.exception.message}"
