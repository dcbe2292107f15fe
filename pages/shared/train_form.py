"""What to train: a system on a corpus under a protocol with the paper's numbers, or a copy of an earlier run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.shared import corpora_here, train_fields
from pages.shared.system_picker import pick_system
from ser_core.corpora import get_corpus
from ser_core.errors import CorpusError, RecipeError
from ser_core.models import list_systems, list_variants
from ser_core.protocols import ON_TEST, PROTOCOLS, SEEN
from ser_core.recipes import Recipe, list_parts, list_recipes, list_whole, load_recipe, validate

CLONE = "train_clone"  # (id of a run, the values of its recipe) while a copy of it is edited
GENERAL = "general"
ASKED = ("system", "variant", "corpus", "protocol")
PAPER, OURS, FAST = "The paper's", "Our own", "For two cores"


def pick_recipe() -> Recipe | None:
    """Draw the form.  Returns the recipe as it stands, None (and says why) while it does not validate."""
    _arrive()
    origin, usual = _cloned() or _composed()
    if usual is None:
        return None
    values = dict(usual)
    key = f"train/{origin}"
    left, middle, right = st.columns([0.5, 0.25, 0.25])
    with left:
        values["protocol"] = _protocol(values["protocol"], key)
    folds, seed = "fold", "seed"
    values[folds] = middle.number_input(
        "Fold", value=int(values[folds]), step=1, key=f"{key}/fold", help=train_fields.help_of(Recipe, folds)
    )
    values[seed] = right.number_input(
        "Seed", value=int(values[seed]), step=1, key=f"{key}/seed", help=train_fields.help_of(Recipe, seed)
    )
    with st.expander("Every number of the recipe", icon=":material/tune:"):
        values = train_fields.edit(values, key)
    try:
        recipe = validate(_without_none(values))
    except RecipeError as error:
        st.error(str(error), icon=":material/edit_off:")
        return None
    _say_what_differs(usual, recipe)
    return recipe


def changes_from(usual: Mapping[str, Any], recipe: Recipe) -> list[str]:
    """The fields that are not as in `usual`, in words: "training.epochs: 20 (150)"."""
    before, now = _flat(validate(_without_none(usual)).model_dump(mode="json")), _flat(recipe.model_dump(mode="json"))
    keys = dict.fromkeys([*before, *now])
    return [
        f"{key}: {_said(now.get(key))} ({_said(before.get(key))})" for key in keys if before.get(key) != now.get(key)
    ]


def query(system: str, variant: str, corpus: str, protocol: str) -> dict[str, str]:
    """What an address of this page says to begin with."""
    return dict(zip(ASKED, (system, variant, corpus, protocol), strict=True))


def _arrive() -> None:
    """Where the address asks for a training, fill the form with it, once."""
    asked = [st.query_params.get(one, "") for one in ASKED]
    for one in ASKED:
        st.query_params.pop(one, None)
    system, variant, corpus, protocol = asked
    if system not in list_systems(baselines=True) or corpus not in list_parts("corpora") or protocol not in PROTOCOLS:
        return
    st.session_state.pop(CLONE, None)
    st.session_state["train_system"] = system
    st.session_state[f"train_corpus/{f'{system}-{GENERAL}' in list_whole()}"] = corpus
    variant = variant if variant in list_variants(system) else list_variants(system)[0]
    st.session_state[f"train_variant/{system}"] = variant
    for pace in ("", "-fast"):
        st.session_state[f"train/{system}-{corpus}{pace}/{variant}/protocol"] = protocol


def _composed() -> tuple[str, dict[str, Any] | None]:
    """A recipe by name."""
    first, second, third, fourth = st.columns([0.21, 0.24, 0.28, 0.27])
    with first:
        system = pick_system("train_system")
    variant = second.selectbox(
        "Variant", list_variants(system), key=f"train_variant/{system}", help="Ablation or size."
    )
    corpora = list_parts("corpora")
    if f"{system}-{GENERAL}" in list_whole():
        corpora.append(GENERAL)
    corpus = third.selectbox(
        "Corpora",
        corpora,
        index=corpora.index("ravdess" if corpora_here.how_many("ravdess") else "synthetic"),
        format_func=corpus_words,
        key=f"train_corpus/{GENERAL in corpora}",
        help="More can be added below, under Data.",
    )
    usual = OURS if f"{system}-{corpus}" in list_whole() and corpus != GENERAL else PAPER
    paces = [usual, FAST] if f"{system}-{corpus}-fast" in list_recipes() else [usual]
    pace = fourth.segmented_control(
        "Numbers", paces, default=usual, key=f"train_pace/{len(paces)}/{usual}", required=True,
        help="The paper's own, made for a GPU; or a recipe of ours that two processor cores are done with: of a small "
        "corpus in minutes, of a large one in hours.",
    )  # fmt: skip
    name = f"{system}-{corpus}" + ("-fast" if pace == FAST else "")
    try:
        recipe = load_recipe(name, [f"variant={variant}"])
    except RecipeError as error:
        st.error(str(error), icon=":material/edit_off:")
        return name, None
    st.caption(recipe.note)
    return f"{name}/{variant}", recipe.model_dump(mode="json")


def _cloned() -> tuple[str, dict[str, Any]] | None:
    """The copy of a run that the visitor asked for, until they let go of it."""
    if CLONE not in st.session_state:
        return None
    origin, values = st.session_state[CLONE]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/content_copy: A copy of **{origin}**: change what you like, then launch it.")
        st.button("Begin with a recipe instead", type="tertiary", on_click=lambda: st.session_state.pop(CLONE, None))
    st.caption(values.get("note") or f"{values['system']} {values['variant']} on {', '.join(values['corpora'])}")
    return f"clone/{origin}", values


def _protocol(usual: str, key: str) -> str:
    options = list(dict.fromkeys([usual, *PROTOCOLS]))
    chosen = str(
        st.selectbox(
            "Protocol",
            options,
            format_func=lambda name: f"{name} · {PROTOCOLS.get(name, '')}".rstrip(" ·"),
            key=f"{key}/protocol",
            help="Who trains, who validates, who is tested.",
        )
    )
    if chosen in ON_TEST or chosen in SEEN:
        leak = (
            "the epoch is chosen on the test clips" if chosen in ON_TEST else "tested speakers were heard in training"
        )
        st.caption(f":material/warning: This protocol leaks: {leak}. Use it to compare with a paper, not to judge.")
    return chosen


def corpus_words(name: str) -> str:
    """A part of a recipe's name, as people call it, and whether its recordings are here."""
    if name == GENERAL:
        return "Several: the app's own mixture"
    try:
        recipe = load_recipe(f"ctmam-{name}")
        titles = ", ".join(get_corpus(one).title for one in recipe.corpora)
        here = all(corpora_here.how_many(one) for one in recipe.corpora)
    except (RecipeError, CorpusError):
        return name
    labels = " (4 emotions)" if name == "emodb4" else " (improvised)" if name.endswith("improvised") else ""
    return f"{titles}{labels}" + ("" if here else " · not here")


def _say_what_differs(usual: Mapping[str, Any], recipe: Recipe) -> None:
    changed = changes_from(usual, recipe)
    if changed:
        st.caption("Changed by you (before): " + "; ".join(f"`{one}`" for one in changed))


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _flat(values: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and key not in ("merge", "model"):
            found |= _flat(value, f"{place}{key}.")
        else:
            found[f"{place}{key}"] = value
    return found


def _said(value: Any) -> str:
    return "none" if value in (None, [], {}, "") else train_fields.as_text(value)
