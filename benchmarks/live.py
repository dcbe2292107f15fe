"""How often an answer comes while somebody speaks live, and how late.  Run by hand: python -m benchmarks.live

The real application with its security headers, headless Chromium on the same machine, and a fake microphone that speaks
the samples with pauses between them.  Late: from the last sample that the browser handed over to the first moment after
the frame that shows the answer; what microphone and sound card take before is not in it.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import soundfile
from playwright.sync_api import Page, sync_playwright

from benchmarks.recognise import processor
from pages.shared.notice import CONSENT
from ser_core.audio import SAMPLE_RATE, load
from ser_core.corpora.synthetic import samples
from ser_core.files import checkpoints_folder, write_text
from ser_core.live import STEP
from tests.browser.conftest import FLAGS, served

PAUSE = 2.0  # seconds between two sentences
ANSWERS = "root => root.answers.filter(one => one.drawn).map(one => [one.drawn, one.late, one.shares ? 1 : 0])"


@dataclass(frozen=True, eq=False)
class Answers:
    """drawn: moments, seconds.  late: milliseconds.  spoken: whether it named emotions, not silence.  Each (A,).

    share: of one core, that the server took meanwhile.
    """

    drawn: np.ndarray
    late: np.ndarray
    spoken: np.ndarray
    share: float


def microphone(path: Path) -> None:
    """What the fake microphone hears, over and over."""
    noise = np.random.default_rng(0).normal(0, 1e-4, round(PAUSE * SAMPLE_RATE)).astype(np.float32)
    parts = [part for utterance in samples() for part in (load(utterance.path).samples, noise)]
    soundfile.write(path, np.concatenate(parts), SAMPLE_RATE, subtype="PCM_16")


def listen(page: Page, address: str, model: str, seconds: float) -> Answers:
    """What the page showed in so many seconds, those in which everything is loaded left out."""
    page.goto(f"{address}/live?model={model}")
    page.get_by_text(CONSENT).click()
    page.get_by_role("button", name="Start listening").click()
    page.locator(".live .says", has_text="Sounds like").wait_for()
    time.sleep(5)
    warm, spent, since = page.evaluate("() => performance.now()"), server_seconds(), time.monotonic()
    found: dict[float, tuple[float, int]] = {}
    while time.monotonic() < since + seconds:
        time.sleep(min(10.0, max(0.1, since + seconds - time.monotonic())))  # the page holds half a minute
        found |= {drawn: (late, spoken) for drawn, late, spoken in page.locator(".live").evaluate(ANSWERS)}
    share = (server_seconds() - spent) / (time.monotonic() - since)
    drawn = np.array([one for one in sorted(found) if warm <= one < warm + 1000 * seconds])
    late, spoken = (np.array([found[one][i] for one in drawn]) for i in (0, 1))
    return Answers(drawn / 1000, late, spoken > 0, share)


def row(title: str, values: np.ndarray, digits: int, unit: str) -> str:
    shown = " | ".join(f"{value:.{digits}f} {unit}" for value in (*np.percentile(values, (50, 95)), values.max()))
    return f"| {title} | {len(values)} | {shown} |"


def report(heard: dict[str, Answers], seconds: float, command: str) -> str:
    lines = [
        "# Live",
        "",
        f"`{command}`, on {processor()} and nothing else: the server and the browser share them.",
        "",
    ]
    lines += [__doc__.split("\n\n", 1)[1].strip(), ""]
    for model, one in heard.items():
        lines += [
            f"`{model}`: {len(one.drawn)} answers in {seconds:.0f} s (one every {STEP} s makes {seconds / STEP:.0f}), "
            f"{one.spoken.mean():.0%} of them in speech; the server took {one.share:.0%} of one core.",
            "",
            "| | n | half within | 95 % within | worst |",
            "|---|---|---|---|---|",
            row("between two answers", np.diff(one.drawn), 2, "s"),
            row("late, in speech", one.late[one.spoken], 0, "ms"),
            row("late, in silence", one.late[~one.spoken], 0, "ms"),
            row("late, all", one.late, 0, "ms"),
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def server_seconds() -> float:
    """Processor time of the servers that this process started, seconds."""
    spent = [one.cpu_times() for one in psutil.Process().children() if "streamlit" in " ".join(one.cmdline())]
    return sum(one.user + one.system for one in spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["ctmam-general"])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        parser.error("no Chromium on this machine: install Debian's package chromium")
    with tempfile.TemporaryDirectory() as name:
        voice = Path(name) / "voice.wav"
        microphone(voice)
        heard = {}
        with (
            served(".streamlit/serve.py", checkpoints_folder(), Path(name)) as address,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(
                executable_path=chromium, args=[*FLAGS, f"--use-file-for-fake-audio-capture={voice}"]
            )
            for model in options.models:
                page = browser.new_page()
                page.set_default_timeout(120_000)
                heard[model] = listen(page, address, model, options.seconds)
                page.close()
            browser.close()
    command = f"python -m benchmarks.live --seconds {options.seconds:.0f} --models {' '.join(options.models)}"
    text = report(heard, options.seconds, command)
    print(text)
    if options.write:
        write_text(options.write, text)


if __name__ == "__main__":
    main()
