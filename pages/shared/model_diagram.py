"""One system: its block diagram, what each block does, and where it departs from its paper."""

from __future__ import annotations

import math

import streamlit as st

from pages.shared import brand
from pages.shared.system_picker import pick_system
from ser_core.models import list_variants, system_class
from ser_core.models.diagram import IN, OUT, SOUND, Block, Diagram, draw, parts
from ser_core.models.explain import Words, explain, explain_own, explain_part
from ser_core.plots.diagram import block_diagram, capital, shape_text

WHOLE = "whole model"
BARE = {"displayModeBar": False}


@st.cache_resource(max_entries=256, show_spinner=False)
def drawn(system: str, variant: str, inside: str) -> Diagram:
    return draw(system, variant, inside)


@st.cache_resource(max_entries=64, show_spinner=False)
def openable(system: str, variant: str) -> tuple[str, ...]:
    return parts(system, variant)


@st.cache_resource(max_entries=64, show_spinner=False)
def segment_seconds(system: str) -> tuple[float, float]:
    """Length and hop of its segments."""
    cls = system_class(system)
    return cls.segment_seconds, cls.hop_seconds


def show_system() -> None:
    first, second, third = st.columns(3)
    with first:
        system = pick_system()
    with second:
        variant = st.selectbox("Variant", list_variants(system), key="variant", bind="query-params")
    with third:
        inside = st.selectbox("Look inside", [WHOLE, *openable(system, variant)], key="inside", bind="query-params")
    diagram = drawn(system, variant, "" if inside == WHOLE else inside)
    words = explain_part(diagram)
    figure, told = st.columns([0.5, 0.5], gap="large")
    with figure:
        st.plotly_chart(
            block_diagram(diagram, brand.colours()), theme=None, config=BARE, key="diagram", alt=in_words(diagram)
        )
        st.caption(
            "Drawn from the model itself: shapes of one segment and trainable parameters. An arrow says what is "
            "computed from what. It does not show how much each part matters to the answer."
        )
    with told, st.container(key="blocks", gap="small"):
        show_words(system, diagram, words)
    if not diagram.inside:
        show_deviations(system)


def show_words(system: str, diagram: Diagram, words: Words) -> None:
    title = f"{words.title}" if not diagram.inside else f"{words.title} (`{diagram.inside}`)"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(title, anchor=False)
        equations = st.toggle("Equations", key="equations", bind="query-params")
    st.markdown(words.sentence)
    if equations and words.equation:
        st.latex(words.equation)
    st.caption(size_line(system, diagram))
    told: set[str] = set()
    for block in diagram.blocks:
        own = explain(system, block)
        if block.kind in (IN, OUT, SOUND) or own.title in told:
            continue
        told.add(own.title)
        st.markdown(f"**{name_of(block, own)}** :gray[{size_of(block)}]  \n{own.sentence}")
        if equations and own.equation:
            st.latex(own.equation)
    for name, shape in diagram.own.items():
        own = explain_own(system, name)
        count = f"{shape_text(shape)} = {math.prod(shape):,} parameters"
        st.markdown(f"**{capital(own.title)}** :gray[{count}]  \n{own.sentence}")


def size_line(system: str, diagram: Diagram) -> str:
    """Parameters, and how clips are cut where it is the whole model."""
    line = f"{diagram.parameters:,} trainable parameters"
    if diagram.inside:
        return line
    length, hop = segment_seconds(system)
    return f"{line} · segments of {length:g} s, a new one every {hop:g} s"


def name_of(block: Block, words: Words) -> str:
    return f"{block.repeats} × {words.title}" if block.repeats > 1 else capital(words.title)


def size_of(block: Block) -> str:
    if not block.parameters:
        return ""
    return f"{block.parameters:,} parameters"


def in_words(diagram: Diagram) -> str:
    """The diagram for those who cannot see it."""
    names = [explain(diagram.system, block).title for block in diagram.blocks]
    return f"Block diagram of {diagram.system}: " + ", then ".join(names)


def show_deviations(system: str) -> None:
    cls = system_class(system)
    st.subheader("Where it departs from the paper", anchor=False)
    kind = f"It is a baseline of {cls.baseline_of}'s paper. " if cls.baseline_of else ""
    st.caption(f"{kind}What the paper leaves open or its published code does otherwise, and what stands here.")
    with st.container(key="deviations"):
        st.markdown("\n".join(f"- {capital(sentence)}" for sentence in cls.deviations()))
