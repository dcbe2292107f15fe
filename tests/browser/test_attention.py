"""The page Attention in a real browser: playhead, stretch, zoom, links, comparison, files to take away."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import soundfile
from playwright.sync_api import BrowserContext, Locator, Page, expect
from streamlit.proto.ClientState_pb2 import ClientState

from ser_core.audio import SAMPLE_RATE, load
from ser_core.corpora.synthetic import samples
from ser_core.maps import maps_from_bytes
from tests.browser.conftest import NewPage, settled
from tests.browser.test_live import rerun
from tests.browser.test_recognise import picture

LEFT, RIGHT = 54, 10  # pixels beside the stage's lanes


def drawn(page: Page) -> Page:
    """Wait until the page stands and the server has nothing more to do."""
    expect(page.locator(".st-key-more")).to_be_visible()
    expect(page.locator(".stage")).to_be_visible()
    return settled(page)


def to_attention(page: Page, phone: bool = False) -> Page:
    if phone:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Attention").click()
    expect(page.locator(".surface")).to_be_visible()
    return drawn(page)


def surface(page: Page) -> Locator:
    return page.locator(".surface")


def drag(page: Page, start: float, end: float, seconds: float, height: int = 200) -> None:
    """Over the spectrogram, or at another height in pixels from the top; from and to in seconds."""
    box = surface(page).bounding_box()
    assert box is not None
    inner = box["width"] - LEFT - RIGHT
    first, last = (box["x"] + LEFT + inner * moment / seconds for moment in (start, end))
    page.mouse.move(first, box["y"] + height)
    page.mouse.down()
    page.mouse.move((first + last) / 2, box["y"] + height + 5, steps=4)
    page.mouse.move(last, box["y"] + height + 10, steps=4)
    page.mouse.up()


def moment(page: Page) -> float:
    return float(page.locator(".front").get_attribute("data-playhead") or "nan")


def saved(page: Page, kind: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_test_id("stPopoverBody").get_by_role("button", name=kind, exact=True).click()
    return Path(download.value.path()).read_bytes()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("screen", "width", "height"), [("laptop", 1440, 900), ("phone", 390, 844)])
def test_the_stage_fits_the_screen(visit: NewPage, theme: str, screen: str, width: int, height: int) -> None:
    page = to_attention(visit(theme=theme, width=width, height=height), phone=screen == "phone")
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth") <= width
    lanes = page.locator(".stage").get_attribute("data-lanes") or ""
    assert lanes.startswith("Waveform|")
    assert lanes.endswith("over the log-mel spectrogram")
    picture(page, f"attention-{theme}-{screen}")


def test_the_playhead_moves_with_the_sound_and_obeys_the_keyboard(visit: NewPage) -> None:
    page = to_attention(visit())
    surface(page).press("ArrowRight")
    surface(page).press("ArrowRight")
    expect(page.locator(".clock")).to_contain_text("0.20 /")
    expect(surface(page)).to_have_attribute("aria-valuetext", "0.20 seconds")
    surface(page).press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.locator(".front")).not_to_have_attribute("data-playhead", "0.200")
    assert moment(page) > 0.2
    surface(page).press("Home")
    surface(page).press("End")
    assert moment(page) == pytest.approx(load(samples()[0].path).seconds, abs=0.02)


def test_a_click_seeks(visit: NewPage) -> None:
    page = to_attention(visit())
    seconds = load(samples()[0].path).seconds
    width = surface(page).bounding_box()["width"] - LEFT - RIGHT
    surface(page).click(position={"x": LEFT + width * 0.5, "y": 200})
    assert moment(page) == pytest.approx(seconds / 2, abs=0.02)


def test_the_playhead_is_dragged_along_the_waveform(visit: NewPage) -> None:
    page = to_attention(visit())
    drag(page, 0.2, 0.9, load(samples()[0].path).seconds, height=40)
    assert moment(page) == pytest.approx(0.9, abs=0.02)
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)  # no stretch was drawn and played


def test_a_stretch_is_played_answered_and_stands_in_the_address(visit: NewPage) -> None:
    page = to_attention(visit())
    drag(page, 0.5, 1.0, load(samples()[0].path).seconds)
    expect(page.locator(".st-key-stretch")).to_contain_text("heard alone")
    page.wait_for_url(re.compile("[?&]start="))
    query = parse_qs(urlsplit(page.url).query)
    assert [float(query[name][0]) for name in ("start", "end")] == pytest.approx([0.5, 1.0], abs=0.05)
    expect(page.locator(".stage").get_by_role("button", name="Play")).to_have_count(1)  # it has played, and stopped
    assert moment(page) == pytest.approx(1.0, abs=0.15)
    page.get_by_role("button", name="Remove the stretch").click()
    expect(page.locator(".st-key-stretch")).to_have_count(0)
    assert "start=" not in page.url


def test_zoom_is_shared_and_stands_in_the_address(visit: NewPage) -> None:
    page = to_attention(visit())
    page.locator(".stage").evaluate("stage => { stage.dataset.same = 'yes' }")
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_url(re.compile("zoomto="))
    expect(drawn(page).locator(".stage")).to_have_attribute("data-same", "yes")  # another one would fall silent
    page.get_by_role("button", name="Whole clip").click()
    expect(page).not_to_have_url(re.compile("zoomto="))


def test_a_link_opens_the_same_view_in_a_fresh_browser(context: BrowserContext, address: str, visit: NewPage) -> None:
    first = to_attention(visit())
    first.locator(".strength").fill("40")
    first.wait_for_url(re.compile("[?&]cover=40"))
    drawn(first)
    first.get_by_role("radio", name="Over time").or_(first.get_by_role("button", name="Over time")).first.click()
    drawn(first)
    drag(first, 0.4, 0.9, load(samples()[0].path).seconds)
    expect(first.locator(".st-key-stretch")).to_contain_text("heard alone")
    drawn(first)
    first.get_by_role("button", name="Link to this view").click()
    link = first.get_by_test_id("stPopoverBody").get_by_test_id("stCode").inner_text().strip()
    assert "model=" in link
    page = context.new_page()
    page.goto(link)
    drawn(page)
    for where in (".st-key-stretch", ".st-key-figures"):
        expect(page.locator(where)).to_have_text(first.locator(where).inner_text(), use_inner_text=True)
    lanes = first.locator(".stage").get_attribute("data-lanes")
    assert lanes.count("|") == 2  # the curve has a lane of its own
    expect(page.locator(".stage")).to_have_attribute("data-lanes", lanes)
    expect(page.locator(".strength")).to_have_value("40")
    page.close()


def test_leaving_right_after_a_zoom_tells_nothing_of_it(visit: NewPage) -> None:
    page = to_attention(visit())
    sent: list[ClientState] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(rerun(frame))))
    page.reload()
    drawn(page)
    sent.clear()
    # At once, since the zoom is told a moment later.
    page.get_by_role("button", name="Zoom in").evaluate(
        "button => { button.click(); document.querySelector('a[href$=\"/models\"]').click(); }"
    )
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    settled(page)
    assert [one.fragment_id for one in sent] == [""]
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()


def test_long_work_can_be_stopped(visit: NewPage, tmp_path: Path) -> None:
    speech = np.concatenate([load(one.path).samples for one in samples()])
    soundfile.write(tmp_path / "minute.wav", np.resize(speech, 55 * SAMPLE_RATE), SAMPLE_RATE)
    page = drawn(visit("attention?model=serct-synthetic"))
    page.get_by_text("Upload", exact=True).click()
    page.locator("input[type=file]").set_input_files(tmp_path / "minute.wav")
    stop(page)
    expect(page.locator(".stage")).to_have_count(0)
    page.get_by_role("button", name="Go on").click()
    drawn(page)
    expect(page.get_by_text("Stopped.")).to_have_count(0)
    page.get_by_role("button", name="Mask what it attended to").click()
    stop(page)
    expect(drawn(page).locator(".st-key-masking-curves")).to_have_count(0)
    page.locator(".st-key-view").get_by_role("radio").nth(1).click()
    drawn(page)
    expect(stop_button(page)).to_have_count(0)  # what was stopped stays so


def stop_button(page: Page) -> Locator:
    """Of the page; Streamlit has one of its own."""
    return page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True)


def stop(page: Page) -> None:
    stop_button(page).click()
    expect(stop_button(page)).to_have_count(0)
    settled(page)


def test_models_are_compared_on_one_axis(visit: NewPage) -> None:
    page = to_attention(visit())
    page.get_by_role("radio", name="Compare").or_(page.get_by_role("button", name="Compare")).first.click()
    expect(page.locator(".st-key-beside")).to_be_visible()
    drawn(page)
    stage = page.locator(".stage").first  # until the run ends, the one of the part before stands behind it
    expect(stage).to_have_attribute("data-lanes", re.compile(r"(.*\|){3}"))  # four or more
    expect(page.locator("table")).to_contain_text("acted")
    picture(page, "attention-compare")


def test_the_view_can_be_taken_away(visit: NewPage) -> None:
    page = to_attention(visit())
    page.locator(".st-key-more").get_by_role("button", name="Save").click()
    assert saved(page, "PNG").startswith(b"\x89PNG")
    assert b"<svg" in saved(page, "SVG")
    html = saved(page, "HTML").decode()
    assert "Plotly.newPlot(" in html
    assert not re.search(r"<(script|link)[^>]+(src|href)=", html)
    rows = list(csv.reader(io.StringIO(saved(page, "CSV").decode())))
    assert rows[0] == ["curve", "figure", "value"]
    assert "energy_rho" in {row[1] for row in rows}
    maps = maps_from_bytes(saved(page, "NPZ"))
    curves = [name for name in maps if name.startswith("curve/")]
    assert curves
    assert all(np.isfinite(maps[name].values).all() for name in curves)


def test_the_votes_that_are_taken_away_are_those_of_each_emotion(visit: NewPage) -> None:
    page = drawn(visit("attention?model=serct-synthetic&votes=sad"))
    page.locator(".st-key-more").get_by_role("button", name="Save").click()
    rows = list(csv.reader(io.StringIO(saved(page, "CSV").decode())))
    assert any(row[0].endswith(", sad") for row in rows)
    maps = maps_from_bytes(saved(page, "NPZ"))
    sad, angry = (maps[f"curve/token_logits/{name}"].values for name in ("sad", "angry"))
    assert not np.allclose(sad, angry)


def test_a_stop_of_the_tour_sets_the_page_up(visit: NewPage) -> None:
    page = to_attention(visit())
    page.get_by_role("button", name=re.compile("Take the tour")).click()
    expect(page.locator(".st-key-tour")).to_contain_text("Tour 1/")
    page.locator(".st-key-tour").get_by_role("button", name="›").click()
    expect(page.locator(".st-key-tour")).to_contain_text("Tour 2/")
    page.wait_for_url(re.compile("emotion=happy"))
