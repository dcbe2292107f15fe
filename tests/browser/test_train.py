"""The page Train in a real browser, with real trainings: launched, watched, cancelled, resumed, tried."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from ser_core.jobs import AT_THE_SHELL, Job, cancel, launch, list_jobs
from ser_core.recipes import Recipe, load_recipe
from tests.browser.conftest import ROOT, NewPage
from tests.browser.test_recognise import picture
from tests.ser_core.runs import LABELS

LONG = 1_200_000  # milliseconds; how long a training takes depends on the machine


class Application:
    """The application on folders of its own, that can be stopped and started again."""

    def __init__(self, home: Path, checkpoints: Path) -> None:
        shutil.copytree(checkpoints, home / "checkpoints")
        self.runs = home / "runs"
        self.environment = {
            **os.environ,
            "SER_CHECKPOINTS": str(home / "checkpoints"),
            "SER_RUNS": str(self.runs),
            "SER_CACHE": str(home / "cache"),
            "PYTHONUNBUFFERED": "1",
        }
        self.address = ""

    def start(self) -> None:
        port = self.address.rpartition(":")[2] or "0"
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "app.py",
            f"--server.port={port}",
            "--server.headless=true",
        ]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if url := re.search(r"URL: (http://\S+)", line):
                self.address = url[1]
                threading.Thread(target=list, args=(self.process.stdout,), daemon=True).start()
                return
        pytest.fail("the application did not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)


@pytest.fixture
def application(
    chromium: str, served_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Application]:
    made = Application(tmp_path, served_checkpoints)
    monkeypatch.setenv("SER_RUNS", str(made.runs))
    monkeypatch.setenv("SER_CACHE", made.environment["SER_CACHE"])
    made.start()
    yield made
    made.kill()
    for job in list_jobs(made.runs):
        cancel(job, AT_THE_SHELL, grace=0)


def to_train(page: Page, phone: bool = False) -> Page:
    if phone:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Train").click()
    expect(page.get_by_role("button", name="Train it now")).to_be_visible()
    return page


def opened(context: BrowserContext, application: Application) -> Page:
    page = context.new_page()
    page.set_viewport_size({"width": 1440, "height": 1300})
    page.goto(f"{application.address}/train")
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible(timeout=LONG)
    return page


def epochs_drawn(page: Page) -> Locator:
    return page.locator(".st-key-course-ua .js-plotly-plot .scatterlayer .point")


def small(*changes: str) -> Recipe:
    """Seconds instead of minutes, where the course of things is looked at and not the score."""
    return load_recipe(
        "ctmam-synthetic",
        ["name=small", "variant=small", f"labels={list(LABELS)}", "training.hop=1.8", "training.average=0.9", *changes],
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("screen", "width", "height"), [("laptop", 1440, 1000), ("phone", 390, 844)])
def test_the_form_fits_the_screen(visit: NewPage, theme: str, screen: str, width: int, height: int) -> None:
    page = to_train(visit(theme=theme, width=width, height=height), phone=screen == "phone")
    expect(page.get_by_role("button", name="Launch", exact=True)).to_be_visible()
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth") <= width
    picture(page, f"train-{theme}-{screen}")


def test_what_the_other_tabs_are_drawn_with_is_loaded_while_the_form_is_read(visit: NewPage) -> None:
    page = to_train(visit())
    unseen = page.locator(".st-key-warm-plot .js-plotly-plot")
    expect(unseen).to_be_attached()
    expect(unseen).to_be_hidden()
    page.get_by_role("tab", name="Runs").click()
    expect(page.get_by_role("button", name="Train it now")).to_be_hidden()
    page.get_by_role("tab", name="Launch").click()
    expect(page.get_by_role("button", name="Train it now")).to_be_visible()


@pytest.mark.heavy  # it trains for minutes
def test_the_quick_recipe_from_the_click_to_recognising(context: BrowserContext, application: Application) -> None:
    """Launched, its curve grows, the page is loaded anew and the application killed meanwhile; then it is tried."""
    page = opened(context, application)
    page.get_by_role("button", name="Train it now").click()
    expect(page.get_by_role("tab", name="Runs")).to_have_attribute("aria-selected", "true")
    (job,) = list_jobs(application.runs)
    points = epochs_drawn(page)
    expect(points.nth(0)).to_be_attached(timeout=LONG)
    page.reload()
    expect(page.get_by_role("tab", name="Runs")).to_have_attribute("aria-selected", "true")
    expect(points.nth(1)).to_be_attached(timeout=LONG)
    picture(page, "train-running")
    application.kill()
    application.start()
    page.close()
    page = opened(context, application)
    page.get_by_role("tab", name="Runs").click()
    expect(page.get_by_text("Its checkpoint is ready.")).to_be_visible(timeout=LONG)
    expect(epochs_drawn(page).nth(2)).to_be_attached()
    (found,) = job.run.folder.glob("evaluations/*/evaluation.json")
    assert json.loads(found.read_text())["ua"] > 0.8  # on the two voices it never heard
    picture(page, "train-done")
    page.get_by_role("textbox", name="Keep it as").fill("from-the-browser")
    page.get_by_role("textbox", name="Keep it as").press("Enter")
    page.get_by_role("button", name="Keep, open in Recognise").click()
    expect(page.get_by_role("heading", name="Recognise")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("Sounds like"))).to_be_visible()
    expect(page.locator(".st-key-model input")).to_have_value("from-the-browser")
    assert (application.runs.parent / "checkpoints" / "from-the-browser" / "card.json").is_file()
    assert Job(job.run).status().state == "done"
    page.close()


@pytest.mark.heavy  # it waits for a training that gives way to everything else
def test_one_is_cancelled_and_resumed_and_the_page_answers_meanwhile(
    context: BrowserContext, application: Application
) -> None:
    job = launch(small("training.epochs=2000"), AT_THE_SHELL, threads=1)
    page = opened(context, application)
    page.get_by_role("tab", name="Runs").click()
    expect(page.locator(".st-key-course-ua .js-plotly-plot .point").first).to_be_attached(timeout=LONG)
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible(timeout=LONG)
    assert job.status().state == "cancelled"
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_visible(timeout=LONG)
    page.get_by_role("tab", name="Launch").click()
    expect(page.get_by_role("button", name="Train it now")).to_be_visible()
    page.get_by_role("tab", name="Runs").click()
    expect(page.get_by_text(re.compile("resumed after epoch")).first).to_be_visible(timeout=LONG)
    page.close()
