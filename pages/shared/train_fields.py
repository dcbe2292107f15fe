"""The fields of a recipe as a form: drawn from the same pydantic model that the command line and the files obey."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pages.shared import corpora_here
from ser_core.emotions import EMOTIONS
from ser_core.models import list_variants, system_class
from ser_core.preparation import Preparation
from ser_core.recipes.schema import AugmentSection, Recipe, ScheduleSection, TrainingSection, TransferSection

COLUMNS = 3
CORPORA = ("corpora", "validate_on", "test_on")
# In the order in which they are drawn: heading, place in the recipe, its model, the fields.
PARTS: tuple[tuple[str, str, type[BaseModel], tuple[str, ...]], ...] = (
    ("Optimisation", "training", TrainingSection, tuple(f for f in TrainingSection.model_fields if f != "schedule")),
    ("How the learning rate falls", "training.schedule", ScheduleSection, tuple(ScheduleSection.model_fields)),
    ("Augmentation of training clips", "augment", AugmentSection, tuple(AugmentSection.model_fields)),
    ("Clips made ready", "preparation", Preparation, tuple(Preparation.model_fields)),
    ("Data", "", Recipe, ("corpora", "labels", "merge", "validate_on", "test_on")),
    ("Name and model", "", Recipe, ("name", "note", "model")),
)


def edit(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Draw every field, filled in with `values`; returns what stands in them now, not yet validated.

    key: names what the values come from: with another key the fields are filled in anew.
    """
    new = dict(values)
    usual = system_class(str(values["system"])).usual.model_dump(mode="json")
    new["preparation"] = values.get("preparation") or usual
    for heading, place, model, names in PARTS:
        st.markdown(f"**{heading}**")
        section = _section(new, place)
        section |= _draw(model, names, section, f"{key}/{place}")
    if not values.get("preparation") and new["preparation"] == usual:
        new["preparation"] = None  # as the system's usual way is written in a recipe
    new["transfer"] = _transfer(values, key)
    return new


def help_of(model: type[BaseModel], name: str) -> str:
    """What a field means, its bounds, and what it is where nothing is said."""
    info = model.model_fields[name]
    default = info.default
    usual = "" if info.is_required() or default in ("", (), {}, None) else f" Usually {as_text(_plain(default))}."
    return f"`{name}`: {info.description or ''}{_bounds(info)}{usual}"


def _section(values: dict[str, Any], place: str) -> dict[str, Any]:
    """The part of the values at a place, as one that may be changed."""
    for part in filter(None, place.split(".")):
        values[part] = dict(values.get(part) or {})
        values = values[part]
    return values


def _draw(model: type[BaseModel], names: Sequence[str], values: Mapping[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    columns = st.columns(COLUMNS)
    for number, name in enumerate(names):
        info = model.model_fields[name]
        value = values.get(name, None if info.is_required() else _plain(info.default))
        with columns[number % COLUMNS]:
            found[name] = _field(name, info, value, help_of(model, name), f"{key}/{name}")
    return found


def _field(name: str, info: FieldInfo, value: Any, explained: str, key: str) -> Any:
    """The widget that fits the type."""
    label = name.replace("_", " ").capitalize().replace(" db", ", dB")
    kind = _kind(info.annotation)
    if name in CORPORA:
        names = list(dict.fromkeys([*corpora_here.names(), *value]))
        return st.multiselect(label, names, default=list(value), key=key, help=explained)
    if name == "labels":
        return st.multiselect(label, EMOTIONS, default=list(value), key=key, help=explained)
    if get_origin(kind) is Literal:
        options = list(get_args(kind))
        return st.selectbox(label, options, index=options.index(value), key=key, help=explained)
    if kind is bool:
        with st.container(height=68, border=False, vertical_alignment="bottom"):
            return st.checkbox(label, value=bool(value), key=key, help=explained)
    if kind is int:
        whole = None if value is None else int(value)
        return st.number_input(label, value=whole, step=1, key=key, help=explained, placeholder="none")
    if kind is float:
        step = abs(value) / 10 if value else 0.1
        number = None if value is None else float(value)
        return st.number_input(label, value=number, step=step, format="%g", key=key, help=explained, placeholder="none")
    typed = st.text_input(label, as_text(value), key=key, help=explained + _how(name), placeholder="none")
    return _read(name, typed)


def _transfer(values: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """Knowledge transfer, for the systems that have teachers."""
    before = values.get("transfer")
    teachers = [variant for variant in list_variants(str(values["system"])) if variant.startswith("teacher")]
    if not before and not teachers:
        return None
    st.markdown("**Knowledge transfer**")
    left, middle, right = st.columns(COLUMNS)
    with left, st.container(height=68, border=False, vertical_alignment="bottom"):
        wanted = st.checkbox(
            "Learn from a teacher", value=bool(before), key=f"{key}/transfer", help=TransferSection.__doc__
        )
    if not wanted:
        return None
    usual = before or {"teacher": teachers[0], "weight": 10.0}
    options = list(dict.fromkeys([usual["teacher"], *teachers]))
    teacher = middle.selectbox("Teacher", options, key=f"{key}/teacher", help=help_of(TransferSection, "teacher"))
    weight = right.number_input(
        "Weight",
        value=float(usual["weight"]),
        format="%g",
        key=f"{key}/weight",
        help=help_of(TransferSection, "weight"),
    )
    return {"teacher": teacher, "weight": weight}


def _kind(annotation: Any) -> Any:
    """Without `| None` and without pydantic's marks."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    parts = [part for part in get_args(annotation) if part is not NoneType]
    if NoneType in get_args(annotation) and len(parts) == 1:
        return _kind(parts[0])
    return annotation


def _bounds(info: FieldInfo) -> str:
    """ " From 1 to 100." where the model sets bounds."""
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    marks = (*info.metadata, *getattr(info.annotation, "__metadata__", ()))
    said = [f"{word} {getattr(mark, name):g}" for mark in marks for name, word in words.items() if hasattr(mark, name)]
    return f" {', '.join(said).capitalize()}." if said else ""


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _how(name: str) -> str:
    if name in ("noise_db", "gain_db"):
        return " Write two numbers, e.g. `10, 30`; empty: none."
    if name == "speed":
        return " Write numbers, e.g. `0.9, 1, 1.1`; empty: none."
    if name in ("merge", "model"):
        example = 'calm = "neutral"' if name == "merge" else "hidden = 64"
        return f" Write e.g. `{example}`, several with commas between."
    return ""


def as_text(value: Any) -> str:
    """As it is typed."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_toml(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(as_text(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def _read(name: str, text: str) -> Any:
    """What was typed as a value; what is not even that is left for the model to refuse."""
    if name in ("merge", "model"):
        try:
            return tomllib.loads(f"value = {{ {text} }}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    if name in ("noise_db", "gain_db", "speed"):
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return [_number(part) for part in parts] or (None if name.endswith("_db") else [])
    return text


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
