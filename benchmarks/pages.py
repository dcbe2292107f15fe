"""How quickly the pages answer in a real browser.  Run by hand: python -m benchmarks.pages --write results/pages.md

Headless Chromium on the same machine as the application, which runs as `make app` runs it.  Times are from the click
to the last picture drawn, so they hold the server, the way to the browser and the drawing.  Parts: first (a first view
of every page), attention (head, view, a new clip), short (a clip of 0.4 s), minute (one of 60 s), evaluate (progress
and stop), train (clicks beside a job).
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import soundfile
from playwright.sync_api import ElementHandle, Page, expect, sync_playwright

from benchmarks.recognise import processor, stolen
from ser_core.audio import SAMPLE_RATE, load
from ser_core.corpora import data_folder, get_corpus
from ser_core.corpora.synthetic import samples
from ser_core.files import checkpoints_folder, write_text
from ser_core.jobs import AT_THE_SHELL, cancel, launch
from ser_core.recipes import load_recipe
from tests.browser.conftest import FLAGS, served

CHROMIUM = "/usr/bin/chromium"
PATIENCE = 180_000  # milliseconds
LEAD = 2_000  # samples before the first word
MODELS = ("ctmam-synthetic", "serct-synthetic", "tf_transformer-synthetic", "vit_vertical-synthetic",
          "mhsa_faca-synthetic")  # fmt: skip
PAGES = {
    "Recognise": ".st-key-clip-strip",
    "Signal": ".js-plotly-plot",
    "Attention": ".st-key-more",
    "Evaluate": ".st-key-matrix .js-plotly-plot",
    "Models": ".js-plotly-plot, [data-testid=stDataFrame]",
    "Corpora": "[data-testid=stDataFrame], .js-plotly-plot",
    "Train": ".st-key-quick",
}


@dataclass
class Table:
    rows: list[str] = field(default_factory=list)
    since: tuple[float, float] = field(default_factory=lambda: (stolen(), time.monotonic()))
    taken: float = 0.0

    def add(self, what: str, aim: str, values: list[float], unit: str = "s") -> None:
        """A row; its last cell is what this computer's host took of the cores while that was measured."""
        middle, worst = statistics.median(values), max(values)
        seconds = time.monotonic() - self.since[1]
        if seconds > 1:  # else it was measured together with the row before
            self.taken = (stolen() - self.since[0]) / seconds / (psutil.cpu_count() or 1)
            self.since = stolen(), time.monotonic()
        cells = what, aim, f"{middle:.2f} {unit}", f"{worst:.2f} {unit}", str(len(values)), f"{self.taken:.0%}"
        self.rows.append(f"| {' | '.join(cells)} |")
        print(self.rows[-1], flush=True)


@dataclass
class Place:
    """The application and a browser at it."""

    address: str
    process: psutil.Process
    page: Page
    folder: Path

    def memory(self) -> float:
        """MiB that the server holds."""
        return float(self.process.memory_info().rss) / 2**20


def timed(act: Callable[[], object], until: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    until()
    return time.perf_counter() - began


def soon(page: Page, script: str, *values: object) -> Callable[[], object]:
    """Waits until a script says true, looking at every frame: `expect` looks only now and then."""
    return lambda: page.wait_for_function(script, arg=list(values), polling="raf")


# From the button going down, by the browser's own clock, to the frame after the one that shows what was asked for;
# without the time that Playwright takes to find the button and to move the mouse there.
WATCH = """([where, text]) => {
  window.answered = null;
  const shown = () => {
    const found = document.querySelector(where);
    return !!found && found.offsetHeight > 0 && found.innerText.includes(text);
  };
  document.addEventListener("pointerdown", () => {
    const began = performance.now();
    const look = () => shown()
      ? requestAnimationFrame(() => { window.answered = (performance.now() - began) / 1000; })
      : requestAnimationFrame(look);
    requestAnimationFrame(look);
  }, { once: true, capture: true });
}"""
VISIBLE = "([where]) => { const found = document.querySelector(where); return !!found && found.offsetHeight > 0 }"
STILL = """([seen]) => {  // ten frames in a row: between two runs of the script it looks done, too
  const done = document.querySelector("[data-test-script-state=notRunning]");
  seen.frames = done && !document.querySelector("[data-stale=true]") ? (seen.frames || 0) + 1 : 0;
  return seen.frames > 10;
}"""
HOLDS = "([where, text]) => (document.querySelector(where)?.innerText || '').includes(text)"


def answered(page: Page, act: Callable[[], object], where: str, text: str = "") -> float:
    """Seconds from the press to what was asked for."""
    page.evaluate(WATCH, [where, text])
    act()
    return float(page.wait_for_function("() => window.answered", polling="raf").json_value())


# From the button going down, by the browser's own clock, to the last change that the press made on the page: the server
# is done, the stage has drawn its pictures, and nothing moved in the second after.
LAST_CHANGE = """([stage]) => {
  window.changed = null;
  const app = document.querySelector("[data-test-script-state]"), main = document.querySelector("[data-testid=stMain]");
  let pressed = 0, last = 0;
  const seen = new MutationObserver(() => { last = performance.now(); });
  for (const part of [main, stage])
    seen.observe(part, { subtree: true, childList: true, characterData: true, attributes: true });
  const look = () => {
    const done = app.dataset.testScriptState === "notRunning" && stage.dataset.waits === "0";
    if (!pressed || last < pressed || !done || performance.now() - last < 1000) return requestAnimationFrame(look);
    seen.disconnect();
    window.changed = (last - pressed) / 1000;
  };
  requestAnimationFrame(look);
  document.addEventListener("pointerdown", () => { pressed = performance.now(); }, { once: true, capture: true });
}"""


def changed(page: Page, act: Callable[[], object], stage: ElementHandle) -> float:
    """Seconds from the press to the last change it made."""
    page.evaluate(LAST_CHANGE, [stage])
    act()
    return float(page.wait_for_function("() => window.changed", polling="raf").json_value())


def still(page: Page) -> None:
    """The server has nothing more to do for this visitor."""
    soon(page, STILL, page.evaluate_handle("() => ({})"))()


def first_views(place: Place, table: Table) -> None:
    """By the menu, everything having been loaded once."""
    page = place.page
    page.goto(place.address)
    times: dict[str, list[float]] = {name: [] for name in PAGES}
    for turn in range(4):
        for name, there in PAGES.items():
            link = page.get_by_role("link", name=name, exact=True)

            def shown(name: str = name, there: str = there) -> None:
                soon(page, HOLDS, "h1", name)()
                soon(page, VISIBLE, there)()

            seconds = timed(link.click, shown)
            still(page)
            if turn:
                times[name].append(seconds)
    for name, values in times.items():
        table.add(f"{name}: first view, warm", "1 s", values)


def drawn(page: Page) -> None:
    """The stage has drawn its pictures."""
    expect(page.locator(".stage")).to_have_attribute("data-waits", "0")


def clip(place: Place, seconds: float, seed: int) -> Path:
    """The sample clips one after another with a breath of noise that makes each file another sound."""
    speech = np.concatenate([load(one.path).samples for one in samples()])[LEAD:]
    whole = np.resize(speech, round(seconds * SAMPLE_RATE))
    noisy = whole + np.random.default_rng(seed).normal(0, 1e-4, len(whole)).astype(np.float32)
    path = place.folder / f"clip-{seconds:g}-{seed}.wav"
    soundfile.write(path, noisy, SAMPLE_RATE, subtype="PCM_16")
    return path


def attention(place: Place, table: Table) -> None:
    page = place.page
    for model in MODELS:
        times: dict[str, list[float]] = {"head": [], "view": []}
        page.goto(f"{place.address}/attention?model={model}")
        expect(page.locator(".st-key-more")).to_be_visible()
        drawn(page)
        still(page)
        stage = page.locator(".stage").element_handle()  # in a shadow that scripts do not look into
        for kind, own in times.items():
            group = page.locator(f".st-key-{kind}").get_by_role("radio")
            if kind == "view":
                expect(group.first).to_be_visible()
            for number in (1, 0) * 4 if group.count() > 1 else ():
                own.append(changed(page, group.nth(number).click, stage))
                still(page)
        for kind, own in times.items():
            if own:
                table.add(f"Attention, {model}: another {kind}", "0.3 s", own)
        brought(place, table, model, 3)


def brought(place: Place, table: Table, model: str, seconds: float) -> None:
    """Four new clips, one after the other."""
    page, strips, answers = place.page, [], []
    page.get_by_text("Upload", exact=True).click()
    for seed in range(4):
        path = clip(place, seconds, seed + 10 * MODELS.index(model))
        began = time.perf_counter()
        page.locator("input[type=file]").set_input_files(path)
        soon(page, HOLDS, ".st-key-clip-strip", path.stem)()
        strips.append(time.perf_counter() - began)
        expect(page.locator(".st-key-more")).to_be_visible()
        still(page)
        drawn(page)
        answers.append(time.perf_counter() - began)
    table.add(f"Attention, {model}: a new {seconds:g} s clip is there", "0.5 s", strips)
    table.add(f"Attention, {model}: with its answer and maps", "2 s" if "serct" in model else "1.5 s", answers)


def short(place: Place, table: Table) -> None:
    for model in MODELS:
        place.page.goto(f"{place.address}/attention?model={model}")
        expect(place.page.locator(".st-key-more")).to_be_visible()
        still(place.page)
        brought(place, table, model, 0.4)


def minute(place: Place, table: Table) -> None:
    page = place.page
    for number, model in enumerate(MODELS):
        page.goto(f"{place.address}/attention?model={model}")
        expect(page.locator(".st-key-more")).to_be_visible()
        still(page)
        page.get_by_text("Upload", exact=True).click()
        path, before = clip(place, 60, 100 + number), place.memory()
        peak, done = [before], threading.Event()

        def watch(peak: list[float] = peak, done: threading.Event = done) -> None:
            while not done.wait(0.2):
                peak.append(place.memory())

        threading.Thread(target=watch, daemon=True).start()
        began = time.perf_counter()
        page.locator("input[type=file]").set_input_files(path)
        soon(page, HOLDS, ".st-key-clip-strip", path.stem)()
        strip = time.perf_counter() - began
        expect(page.locator(".st-key-more")).to_be_visible()
        still(page)
        drawn(page)
        whole = time.perf_counter() - began
        done.set()
        table.add(f"Attention, {model}: a 60 s clip is there", "at once", [strip])
        table.add(f"Attention, {model}: with all maps", "15 s", [whole])
        table.add(f"Attention, {model}: more memory meanwhile", "1024 MiB", [max(peak) - before], "MiB")
    # and stopped on the way
    page.goto(f"{place.address}/attention?model=serct-synthetic")
    expect(page.locator(".st-key-more")).to_be_visible()
    page.get_by_text("Upload", exact=True).click()
    page.locator("input[type=file]").set_input_files(clip(place, 60, 200))
    stop = page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True)  # Streamlit has one of its own
    expect(stop).to_be_visible()
    table.add("Attention, serct-synthetic: stopped", "-", [timed(stop.click, lambda: expect(stop).to_have_count(0))])


def evaluating(place: Place, table: Table) -> None:
    """A run over the 480 clips of SAVEE, watched for some seconds and stopped; three times."""
    if get_corpus("savee").find(data_folder()) is None:
        print("evaluate: left out, SAVEE is not here (SER_DATA)", file=sys.stderr)
        return
    page, stops, gaps = place.page, [], []
    page.goto(f"{place.address}/evaluate?model=serct-synthetic&on=savee")
    expect(page.get_by_role("heading", name="Evaluate", exact=True)).to_be_visible()
    still(page)
    for _ in range(3):
        field_ = page.locator(".st-key-clips input")
        field_.click()
        field_.fill("unseen")
        page.get_by_role("option", name="unseen speakers", exact=True).click()
        page.get_by_role("button", name="Evaluate now").click()
        bar = page.locator(".st-key-working")
        expect(bar).to_contain_text(re.compile("[1-9][0-9]* of"))
        seen, last = bar.inner_text(), time.perf_counter()
        until = last + 8
        while time.perf_counter() < until and bar.count():
            now = bar.inner_text()
            if now != seen:
                gaps.append(time.perf_counter() - last)
                seen, last = now, time.perf_counter()
            page.wait_for_timeout(20)
        button = page.get_by_role("button", name="Stop", exact=True)
        stops.append(
            timed(
                button.click,
                lambda: expect(page.get_by_text("Stopped: what was under way was not kept.")).to_be_visible(),
            )
        )
        still(page)
    table.add("Evaluate: between two movements of the bar", "1 s", gaps)
    table.add("Evaluate: stopped", "2 s", stops)


def beside_a_job(place: Place, table: Table) -> None:
    """Clicks on Train and Recognise while a job trains on the same cores."""
    page = place.page
    page.goto(place.address)  # a warm application, as everywhere here
    expect(page.locator(".st-key-clip-strip")).to_be_visible()
    os.environ["SER_RUNS"] = str(place.folder / "runs")
    job = launch(load_recipe("ctmam-synthetic", ["training.epochs=500"]), AT_THE_SHELL)
    try:
        while job.status().epoch < 1:
            time.sleep(0.2)
        page.get_by_role("link", name="Train", exact=True).click()
        expect(page.locator(".st-key-quick")).to_be_visible()
        still(page)
        page.wait_for_timeout(5000)  # a visitor reads, while the browser loads what draws the other tabs
        tabs: list[float] = []
        for _ in range(6):
            for name, there in (("Runs", ".st-key-run-progress"), ("Launch", ".st-key-quick")):
                tabs.append(answered(page, page.get_by_role("tab", name=name).click, there))
                page.wait_for_timeout(500)
        table.add("Train beside a job: Runs for the first time", "0.5 s", tabs[:1])
        table.add("Train beside a job: Runs again", "0.5 s", tabs[2::2])
        table.add("Train beside a job: back to Launch", "0.5 s", tabs[1::2])
        page.get_by_role("link", name="Recognise").click()
        expect(page.locator(".st-key-clip-strip")).to_be_visible()
        still(page)
        clicks: list[float] = []
        pills = page.locator(".st-key-emotion button")
        for number in (1, 2, 3, 1, 2, 3):
            name = pills.nth(number).inner_text().strip().capitalize()
            clicks.append(answered(page, pills.nth(number).click, ".st-key-clip-strip", name))
            still(page)
        table.add("Recognise beside a job: another sample is there", "0.5 s", clicks)
    finally:
        cancel(job, AT_THE_SHELL, grace=0)


PARTS = {
    "first": first_views, "attention": attention, "short": short, "minute": minute, "evaluate": evaluating,
    "train": beside_a_job,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between them")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    table = Table()
    expect.set_options(timeout=PATIENCE)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(".streamlit/serve.py", checkpoints_folder(), Path(folder)) as address,
        sync_playwright() as playwright,
    ):
        (process,) = (one for one in psutil.Process().children() if "streamlit" in " ".join(one.cmdline()))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(PATIENCE)
        for part in options.only.split(","):
            PARTS[part](Place(address, process, page, Path(folder)), table)
        browser.close()
    head = ["| what | aim | median | worst | times | taken by the host |", "| --- | --- | --- | --- | --- | --- |"]
    command = f"python -m benchmarks.pages --only {options.only}"
    if options.write:
        text = "\n".join([f"# The pages in a browser\n\n`{command}` on {processor()}\n", *head, *table.rows])
        write_text(options.write, text + "\n")


if __name__ == "__main__":
    main()
