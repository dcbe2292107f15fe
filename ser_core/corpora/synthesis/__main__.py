"""Make the synthetic corpus: `python -m ser_core.corpora.synthesis OUT`."""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ser_core.audio import SAMPLE_RATE
from ser_core.corpora.synthesis import ogg
from ser_core.corpora.synthesis.prosody import RULES
from ser_core.corpora.synthesis.rendering import Clip, clips, render
from ser_core.corpora.synthesis.voices import SENTENCES, VOICES, spoken
from ser_core.errors import CorpusError


def index(lengths: dict[str, int]) -> dict[str, object]:
    """What index.json says.  lengths: samples per clip, by stem."""
    return {
        "title": "Synthetic (eSpeak NG)",
        "synthetic": True,
        "licence": "CC0-1.0",
        "made_by": "python -m ser_core.corpora.synthesis",
        "sample_rate": SAMPLE_RATE,
        "clips": len(lengths),
        "seconds": round(sum(lengths.values()) / SAMPLE_RATE, 1),
        "name_of_a_clip": "<voice>/<voice>_<emotion>_<sentence>.ogg",
        "emotions": sorted(RULES),
        "sentences": {str(number): spoken(text) for number, text in enumerate(SENTENCES, start=1)},
        "voices": {
            voice.name: {
                "sex": voice.sex,
                "engine_voice": voice.engine,
                "held_out": voice.role == "held_out",
                "validation": voice.role == "validation",
            }
            for voice in VOICES
        },
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ser_core.corpora.synthesis", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder to write clips and index.json into")
    out: Path = parser.parse_args().out

    def make(clip: Clip) -> tuple[str, int, int]:
        samples = render(clip)
        data = ogg.encode(samples, SAMPLE_RATE)
        path = out / "clips" / clip.voice.name / f"{clip.stem}.ogg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return clip.stem, len(samples), len(data)

    wanted = list(clips())
    lengths: dict[str, int] = {}
    size = 0
    try:
        # threads: the work is in eSpeak NG's own processes
        with ThreadPoolExecutor(2) as pool:
            for stem, samples, data in pool.map(make, wanted):
                lengths[stem] = samples
                size += data
                if sys.stderr.isatty():
                    print(f"\r{len(lengths)} of {len(wanted)} clips", end="", file=sys.stderr, flush=True)
    except CorpusError as error:
        print(error, file=sys.stderr)
        return 2
    (out / "index.json").write_text(json.dumps(index(lengths), indent=1) + "\n", encoding="utf-8")
    print(f"{len(lengths)} clips, {sum(lengths.values()) / SAMPLE_RATE / 60:.1f} minutes, {size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
