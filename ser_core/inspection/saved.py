"""What `python -m ser_core inspect --out NAME.json` writes; that command goes on with it, and a page opens it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ser_core.errors import InspectionError
from ser_core.files import write_json
from ser_core.inspection.corpus import Row, summarise

FORMAT: Final = 1
_WRITES = "`python -m ser_core inspect --out NAME.json` writes such a file."


@dataclass(frozen=True)
class Inspection:
    """settings: what decided every figure.  rows: one for each clip and checkpoint, see `corpus.inspect_utterances`."""

    settings: Mapping[str, Any]
    rows: tuple[Row, ...]


class _Clip(BaseModel):
    """A row: what it belongs to, and beside that nothing but figures."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, float | None] = Field(init=False)
    checkpoint: str
    system: str
    variant: str
    utterance: str
    speaker: str
    emotion: str
    answer: str = ""
    probability: float | None = None
    seconds: float | None = None
    problem: str = ""


class _File(BaseModel):
    settings: dict[str, Any]
    clips: list[_Clip]


def save_inspection(path: Path, settings: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """The rows and, for whoever reads the file with other tools, their distribution."""
    write_json(path, {"format": FORMAT, "settings": settings, "summary": summarise(rows), "clips": rows})


def read_inspection(content: bytes, name: str) -> Inspection:
    """name: of the file, for the sentence.  Raises InspectionError where it is no such file, or another version's."""
    try:
        found = json.loads(content)
    except ValueError:  # no JSON, or no text at all
        raise InspectionError(f"{name} cannot be read as JSON: {_WRITES}") from None
    version = found.get("format") if isinstance(found, dict) else None
    if version != FORMAT:
        raise InspectionError(
            f"{name} holds no inspection that this version reads (format {FORMAT}): {_WRITES}"
            if version is None
            else f"{name} has format {version!r}, this version reads {FORMAT}: update the application or inspect again."
        )
    try:
        _File.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InspectionError(f"{name} is damaged at {place} ({first['msg']}): {_WRITES}") from None
    return Inspection(found["settings"], tuple(found["clips"]))
