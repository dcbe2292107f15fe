"""Hostile inputs by number: the same number makes the same input on every machine.

Sounds: files of every format that is read, their headers mutated, cut, glued together or followed by random bytes;
headers that announce extreme rates, channels and lengths; samples that no microphone gives.  Files: checkpoint folders
and recipes with bytes or values changed.
"""

from __future__ import annotations

import json
import random
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from ser_core.audio import SAMPLE_RATE, load
from ser_core.checkpoints import find_checkpoint
from ser_core.corpora.synthetic import samples
from ser_core.recipes import list_recipes, load_recipe
from tests.ser_core.clips import FORMATS, encode, wav

HEADER = 160  # bytes in which every format keeps what it says of itself
EXTREME = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
RATES = (0, 1, 7, 3_999, 4_000, 8_000, 11_025, 44_100, 192_000, 384_000, 384_001, 10**6, 2**31 - 1, 2**32 - 1)
CHANNELS = (0, 1, 2, 3, 5, 16, 17, 256, 1_024, 32_767)
FOREIGN = (
    b"\x1a\x45\xdf\xa3webm",
    b"\0\0\0\x20ftypM4A ",
    b"PK\x03\x04",
    b"%PDF-1.7",
    b"<html>",
    b"\x1f\x8b\x08",
    b"ID3",
)
CHECKPOINT = "ctmam-synthetic"
STRANGE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3.5, 10**6, 10**12, 10**40, -(10**40), 1e308, -1e-308, "", "a", "\0", "\ud800",
    "two\nlines", "a" * 100_000, "../../etc/passwd", "/dev/zero", "/dev/stdin", "own:/proc", [], [1], [[1]], {},
    {"a": 1}, {"": ""}, [0] * 10_000, "\N{RIGHT-TO-LEFT OVERRIDE}", "1e999", float("nan"), float("inf"),
)  # fmt: skip
KEYS = ("training.epochs", "training.hop", "model.heads", "model.depth", "model.surprise", "labels", "merge", "seed",
        "preparation.hop", "preparation", "system", "", ".", "a..b", "name.x", "corpora")  # fmt: skip


@cache
def _speech() -> np.ndarray:
    return load(samples()[0].path).samples[SAMPLE_RATE // 4 : SAMPLE_RATE * 5 // 4]


@cache
def _whole(name: str) -> bytes:
    """One second of speech in one of the formats, at that format's rate (hence sped up or slowed down)."""
    kind, subtype, rate = FORMATS[name]
    return encode(_speech(), rate, kind, subtype)


def sound(number: int) -> bytes:
    """The bytes of a hostile audio file."""
    chance = random.Random(number)
    make = chance.choice((_header, _header, _header, _fields, _cut, _tail, _glued, _random, _shape, _samples, _body))
    return make(chance)


def _one(chance: random.Random) -> bytearray:
    return bytearray(_whole(chance.choice(list(FORMATS))))


def _header(chance: random.Random) -> bytes:
    """A few bytes of the header changed."""
    data = _one(chance)
    for _ in range(chance.randint(1, 8)):
        data[chance.randrange(min(HEADER, len(data)))] = chance.choice((0, 0xFF, chance.randrange(256)))
    return bytes(data)


def _fields(chance: random.Random) -> bytes:
    """A number of the header replaced by an extreme one."""
    data = _one(chance)
    for _ in range(chance.randint(1, 3)):
        at, width = chance.randrange(min(HEADER, len(data))), chance.choice((2, 4, 8))
        value = chance.choice(EXTREME) % 256**width
        data[at : at + width] = value.to_bytes(width, chance.choice(("little", "big")))
    return bytes(data)


def _cut(chance: random.Random) -> bytes:
    """Cut off, or a piece missing in the middle."""
    data = _one(chance)
    begin, end = sorted((chance.randrange(len(data)), chance.randrange(len(data) + 1)))
    return bytes(data[:end] if chance.random() < 0.5 else data[:begin] + data[end:])


def _tail(chance: random.Random) -> bytes:
    """A true beginning, then random bytes."""
    data = _one(chance)
    return bytes(data[: chance.randint(4, HEADER)]) + chance.randbytes(chance.randint(0, 20_000))


def _glued(chance: random.Random) -> bytes:
    """The beginning of one file on the rest of another."""
    first, second = _one(chance), _one(chance)
    return bytes(first[: chance.randrange(len(first))] + second[chance.randrange(len(second)) :])


def _random(chance: random.Random) -> bytes:
    start = chance.choice((b"", *FOREIGN, b"\xff\xfb", b"fLaC", b"OggS", b"RIFF", b"FORM"))
    return start + chance.randbytes(chance.choice((0, 1, 10, 100, 5_000, 200_000)))


def _shape(chance: random.Random) -> bytes:
    """A WAV whose header gives any rate, any number of channels and any length."""
    speech = _speech()[: chance.choice((0, 1, 100, 1_600, 16_000))]
    size = chance.choice((None, 0, 1, 2**31, 2**32 - 1))
    tag = chance.choice((1, 1, 1, 3, 0xFFFE, chance.randrange(65_536)))
    return wav(speech, chance.choice(RATES), chance.choice(CHANNELS), data_size=size, tag=tag)


def _samples(chance: random.Random) -> bytes:
    """A sound file of samples that no microphone gives."""
    speech = _speech().astype(np.float64)
    at = chance.randrange(len(speech))
    kind = chance.randrange(8)
    if kind == 0:
        speech[at] = chance.choice((np.nan, np.inf, -np.inf, 1e30, -1e9))
    elif kind == 1:
        speech *= 10.0 ** chance.randint(-45, 30)
    elif kind == 2:
        speech += chance.uniform(-90, 90)
    elif kind == 3:
        speech[:] = chance.choice((0.0, 1.0, -1.0, 1e-40))
    elif kind == 4:
        speech[:] = 0
        speech[at] = chance.choice((1.0, 1e-3, 99.0))
    elif kind == 5:
        speech = np.sign(speech) * chance.choice((1.0, 50.0))
    elif kind == 6:
        return encode(np.tile(speech, chance.choice((2, 20, 60))), SAMPLE_RATE, "WAV", "FLOAT")
    else:
        speech = np.stack([speech, -speech] * chance.randint(1, 8), axis=1)
    subtype = chance.choice(("FLOAT", "DOUBLE"))
    return encode(speech, chance.choice((4_000, 16_000, 96_000, 384_000)), "WAV", subtype)


def _body(chance: random.Random) -> bytes:
    """Damage anywhere."""
    data = _one(chance)
    for _ in range(chance.randint(1, 40)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def checkpoint(number: int, folder: Path) -> None:
    """Put a copy of a shipped checkpoint into `folder` and damage it."""
    chance = random.Random(number)
    shutil.copytree(find_checkpoint(CHECKPOINT), folder)
    file = folder / chance.choice(("card.json", "card.json", "model.safetensors", "statistics.safetensors"))
    if file.suffix == ".json" and chance.random() < 0.7:
        _change(chance, card := json.loads(file.read_text()))
        file.write_text(json.dumps(card))
    else:
        file.write_bytes(_bytes_changed(chance, file.read_bytes()))


def recipe(number: int, folder: Path) -> Path:
    """Write a damaged recipe into `folder`.  Returns its path."""
    chance = random.Random(number)
    folder.mkdir()
    values = load_recipe(chance.choice(list_recipes())).model_dump(mode="json", exclude_none=True)
    path = folder / ("card.json" if chance.random() < 0.3 else "recipe.toml")
    damage = chance.choice(("values", "values", "bytes", "none"))  # an undamaged one meets a strange setting
    if damage == "values":
        _change(chance, values)
    try:
        text = json.dumps({"recipe": values}) if path.suffix == ".json" else tomli_w.dumps(values)
        data = text.encode()
    except (TypeError, ValueError):  # what TOML cannot say
        data = json.dumps({"recipe": values}).encode()
        path = path.with_suffix(".json")
    path.write_bytes(_bytes_changed(chance, data) if damage == "bytes" else data)
    return path


def settings(number: int) -> list[str]:
    """Changes of a recipe as somebody may type them; often none."""
    chance = random.Random(number)
    key = chance.choice(KEYS)
    value = chance.choice(STRANGE)
    return [f"{key}={value if chance.random() < 0.5 else json.dumps(value)}"] if chance.random() < 0.5 else []


def _change(chance: random.Random, values: Any) -> None:
    """Put something strange in place of one to three values, however deep they lie, or take them out."""
    for _ in range(chance.randint(1, 3)):
        inner = values
        while True:
            keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
            if not keys:
                break
            key = chance.choice(keys)
            if isinstance(inner[key], dict | list) and inner[key] and chance.random() < 0.8:
                inner = inner[key]
                continue
            if chance.random() < 0.2:
                del inner[key]
            elif chance.random() < 0.1 and isinstance(inner, dict):
                inner[str(chance.choice(STRANGE))[:1_000]] = inner.pop(key)
            else:
                inner[key] = chance.choice(STRANGE)
            break


def _bytes_changed(chance: random.Random, data: bytes) -> bytes:
    kind = chance.randrange(5)
    if kind == 0:
        return data[: chance.randrange(len(data))]
    if kind == 1:
        return chance.randbytes(chance.choice((0, 1, 8, 9, 1_000)))
    if kind == 2:
        return chance.choice((b"[", b'{"a":', b"\0", b"a = [")) * chance.choice((1, 1_000, 100_000))
    changed = bytearray(data)
    within = len(data) if kind == 3 else min(len(data), 600)  # safetensors keep names, types and shapes in front
    for _ in range(chance.randint(1, 20)):
        changed[chance.randrange(within)] = chance.randrange(256)
    return bytes(changed)
