"""Files of figures: what was written is read again, and whatever else is offered gets one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from ser_core.errors import InspectionError
from ser_core.inspection.saved import FORMAT, read_inspection, save_inspection

ROWS: list[dict[str, Any]] = [
    {"checkpoint": "c", "system": "ctmam", "variant": "default", "utterance": "x/1", "speaker": "x/a",
     "emotion": "sad", "answer": "sad", "probability": 0.5, "seconds": 2.0, "problem": "", "v/energy_rho": 0.25,
     "v/energy_p": None},
    {"checkpoint": "c", "system": "ctmam", "variant": "default", "utterance": "x/2", "speaker": "x/a",
     "emotion": "sad", "problem": "It cannot be decoded."},
]  # fmt: skip


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    save_inspection(path, {"corpus": "x"}, ROWS)
    found = read_inspection(path.read_bytes(), path.name)
    assert list(found.rows) == ROWS
    assert found.settings == {"corpus": "x"}
    assert json.loads(path.read_text())["summary"][0]["n"] == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x80\x05 no text", "cannot be read as JSON"),
        (b"[]", "holds no inspection"),
        (b'{"clips": []}', "holds no inspection"),
        (b'{"format": 99}', "has format 99"),
        (json.dumps({"format": FORMAT, "settings": {}, "clips": [{"checkpoint": "c"}]}).encode(), "damaged at clips.0"),
        (
            json.dumps({"format": FORMAT, "settings": {}, "clips": [ROWS[0] | {"v/energy_rho": "high"}]}).encode(),
            "damaged at clips.0.v/energy_rho",
        ),
        (
            json.dumps(
                {"format": FORMAT, "settings": {}, "clips": [ROWS[0] | {"v/energy_rho": float("nan")}]}
            ).encode(),
            "damaged at clips.0.v/energy_rho",
        ),
    ],
)
def test_anything_else_gets_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(InspectionError, match=sentence) as caught:
        read_inspection(content, "figures.json")
    assert str(caught.value).startswith("figures.json ")
