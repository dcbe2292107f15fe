"""The page Evaluate in a real browser."""

from __future__ import annotations

import io
import os
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pages.shared.evaluate_catalogue import SHIPPED
from ser_core.corpora.synthetic import samples
from ser_core.evaluation import Evaluation, load_evaluation
from ser_core.plots.theme import DARK, LIGHT
from tests.browser.conftest import SCREENSHOTS, NewPage, settled
from tests.browser.test_recognise import picture, rgb

MODEL = "ctmam-general"
STORED = SHIPPED / f"{MODEL}-synthetic"

pytestmark = pytest.mark.skipif(not STORED.is_dir(), reason=f"no evaluation of {MODEL} on the synthetic corpus ships")


@pytest.fixture(autouse=True)
def shipped(served_checkpoints: Path) -> None:
    if not (served_checkpoints / MODEL).is_dir():
        pytest.skip(f"{MODEL} does not ship")


def to_evaluate(page: Page, phone: bool = False) -> Page:
    if phone:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Evaluate", exact=True).click()
    expect(page.locator(".st-key-matrix .js-plotly-plot")).to_be_visible()
    expect(page.locator(".st-key-misheard audio")).to_be_visible()
    return settled(page)


def choose(page: Page, key: str, option: str) -> None:
    field = page.locator(f".st-key-{key} input")
    field.click()
    field.fill(option)
    page.get_by_role("option", name=option, exact=True).click()


def on_synthetic(page: Page) -> Evaluation:
    """What stands on the page then."""
    if page.locator(".st-key-on input").input_value() != "synthetic":
        choose(page, "on", "synthetic")
    expect(page.locator(".st-key-evaluate-strip")).to_contain_text("on Synthetic")
    settled(page)
    return load_evaluation(STORED)


def click_cell(page: Page, row: int, column: int, size: int) -> None:
    field = page.locator(".st-key-matrix .nsewdrag").first
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    assert box is not None
    where = {"x": box["width"] * (column + 0.5) / size, "y": box["height"] * (row + 0.5) / size}
    field.hover(position=where)  # type: ignore[arg-type]
    field.click(position=where)  # type: ignore[arg-type]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("screen", "width", "height"), [("laptop", 1440, 900), ("phone", 390, 844)])
def test_the_first_view_fits_and_wears_the_theme(
    visit: NewPage, theme: str, screen: str, width: int, height: int
) -> None:
    page = to_evaluate(visit(theme=theme, width=width, height=height), phone=screen == "phone")
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth") <= width
    label = page.locator(".st-key-matrix .ytick text").first
    assert label.evaluate("text => getComputedStyle(text).fill") == rgb((DARK if theme == "dark" else LIGHT).text)
    picture(page, f"evaluate-{theme}-{screen}")


def test_a_click_on_a_cell_leads_to_its_clips_and_these_to_other_pages(visit: NewPage) -> None:
    page = to_evaluate(visit())
    heard = on_synthetic(page)
    counts = heard.confusion()
    row, column = next((r, c) for r in range(len(counts)) for c in range(len(counts)) if r != c and counts[r, c])
    click_cell(page, row, column, len(counts))
    acted, said = heard.labels[row], heard.labels[column]
    expect(page.locator(".st-key-cell input")).to_have_value(f"{acted} heard as {said}")
    expect(page.locator(".st-key-misheard")).to_contain_text(f"Acted {acted}, heard as {said}")
    settled(page)
    picture(page, "evaluate-cell")
    clip = page.locator(".st-key-utterance input").input_value()
    link = page.locator(".st-key-open-in").get_by_role("link", name="Recognise")
    expect(link).to_have_attribute("href", re.compile(clip.partition("/")[2]))
    link.click()
    expect(page.locator(".st-key-clip-strip")).to_contain_text(clip.partition("/")[2])
    expect(page.locator(".st-key-answer h2")).to_contain_text("Sounds like")
    page.get_by_role("link", name="Signal", exact=True).click()
    page.wait_for_url(re.compile(r"/signal\?.*clip="))
    expect(page.locator(".st-key-clip-strip")).to_contain_text(clip.partition("/")[2])


def test_a_cell_can_be_chosen_by_keyboard_and_stands_in_the_address(visit: NewPage) -> None:
    page = to_evaluate(visit())
    heard = on_synthetic(page)
    label = heard.labels[int(heard.truth[(heard.truth == heard.predicted).argmax()])]
    field = page.locator(".st-key-cell input")
    field.focus()
    field.fill(f"{label} heard as {label}")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-misheard")).to_contain_text(f"Acted {label}, right")
    page.wait_for_url(re.compile(rf"cell={label}"))
    page.locator(".st-key-utterance input").focus()


def test_two_models_and_the_report(visit: NewPage, tmp_path: Path) -> None:
    page = to_evaluate(visit())
    heard = on_synthetic(page)
    choose(page, "against", "ctmam-synthetic")
    expect(page.locator(".st-key-matrix-difference .js-plotly-plot")).to_be_visible()
    picture(page, "evaluate-two")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Report").click()
    file = tmp_path / "report.html"
    taken.value.save_as(file)
    asked: list[str] = []
    report = page.context.new_page()
    report.on("request", lambda request: asked.append(request.url))
    report.goto(file.as_uri())
    expect(report.get_by_role("heading", name=f"{heard.checkpoint} on {heard.corpus}")).to_be_visible()
    expect(report.locator(".js-plotly-plot .ytick").first).to_be_visible()
    report.screenshot(path=SCREENSHOTS / "evaluate-report.png", full_page=True)
    report.close()
    assert asked == [file.as_uri()]


@pytest.mark.parametrize("name", ["Each emotion", "Each voice", "How sure", "What leaks", "Across corpora"])
def test_every_part_draws_its_picture(visit: NewPage, name: str) -> None:
    page = to_evaluate(visit())
    on_synthetic(page)
    page.get_by_role("tab", name=name).click()
    expect(page.get_by_role("tabpanel").locator(".js-plotly-plot").first).to_be_visible()
    settled(page)
    assert page.get_by_role("alert").count() == 0
    picture(page, f"evaluate-{name.lower().replace(' ', '-')}")


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


def mine(folder: str = "") -> dict[str, bytes]:
    chosen = [u for u in samples() if u.emotion in ("angry", "sad")]
    return {f"{folder}{u.emotion}/{u.path.name}": u.path.read_bytes() for u in chosen}


def test_zips_that_will_not_do_and_one_that_does(visit: NewPage) -> None:
    page = to_evaluate(visit())
    choose(page, "on", "your own clips")
    expect(page.get_by_text("Not for judging people")).to_be_visible()
    upload = page.locator(".st-key-own-zip input[type=file]")
    for name, content, sentence in (
        ("empty.zip", zipped({}), "holds no recording"),
        ("huge.zip", zipped({"angry/long.wav": bytes(80 * 2**20)}), "unpacks to 80 MB"),
        ("nested.zip", zipped({"inner.zip": zipped(mine())}), "holds no recording"),
        ("evil.zip", zipped({"../../../tmp/angry/a.wav": b"RIFF"}), "unsafe name"),
    ):
        upload.set_input_files({"name": name, "mimeType": "application/zip", "buffer": content})
        expect(page.get_by_role("alert")).to_contain_text(sentence)
    good = {"name": "mine.zip", "mimeType": "application/zip", "buffer": zipped(mine("my voices/"))}
    upload.set_input_files(good)
    expect(page.get_by_text("2 angry, 2 sad")).to_be_visible()
    page.get_by_role("button", name="Evaluate now").click()
    expect(page.locator(".st-key-matrix .js-plotly-plot")).to_be_visible()
    expect(page.locator(".st-key-evaluate-strip")).to_contain_text("4 clips")
    picture(page, "evaluate-own")


@pytest.mark.skipif(not os.environ.get("SER_DATA"), reason="SER_DATA is not set: no real corpora here")
def test_a_misheard_clip_of_ravdess_is_three_clicks_away(visit: NewPage, data: Path) -> None:
    page = visit()
    page.get_by_role("link", name="Evaluate", exact=True).click()  # the first
    field = page.locator(".st-key-on input")
    expect(field).to_be_visible()
    if field.input_value() != "ravdess":
        field.click()  # the second
        page.get_by_role("option", name="ravdess", exact=True).click()  # the third
    expect(page.locator(".st-key-misheard audio")).to_be_visible()
    expect(page.locator(".st-key-utterance input")).to_have_value(re.compile("^ravdess/"))
