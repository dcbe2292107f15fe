"""An answer as a file to take away."""

from __future__ import annotations

import csv
import io
import json

from ser_core.recogniser import Prediction


def as_json(prediction: Prediction, clip: str) -> str:
    """The same object that the command line prints."""
    return json.dumps(prediction.as_dict(clip), indent=1, ensure_ascii=False) + "\n"


def as_csv(prediction: Prediction) -> str:
    """A row for the clip and a row per segment: part, start, end (seconds), and a column per emotion."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["part", "start", "end", *prediction.labels])
    end = float(prediction.ends.max())
    writer.writerow(["clip", float(prediction.starts[0]), end, *prediction.probabilities.tolist()])
    segments = zip(prediction.starts, prediction.ends, prediction.segment_probabilities, strict=True)
    for number, (start, stop, shares) in enumerate(segments, start=1):
        writer.writerow([f"segment {number}", float(start), float(stop), *shares.tolist()])
    return file.getvalue()
