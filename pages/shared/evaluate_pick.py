"""What is judged: a model, a corpus, which of its clips, and what to hold it against; all four in the address."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages.shared import corpora_here, evaluate_catalogue, evaluate_own
from pages.shared.evaluate_catalogue import Stored, place_of
from ser_core.checkpoints import Card, default_checkpoint, list_checkpoints, load_card
from ser_core.corpora import data_folder
from ser_core.errors import CheckpointError
from ser_core.evaluation import Evaluation
from ser_core.protocols import PROTOCOLS

OWN = "your own clips"
ALL = "unseen speakers"  # how the list calls the protocol "all"
NOTHING = "nothing"
_PAIR = "evaluate/pair"
MODEL, CORPUS, CLIPS, AGAINST = "model", "on", "clips", "against"


@dataclass(frozen=True)
class Choice:
    """protocol: as evaluations call it, "all" for every unseen speaker.  against: a model, empty for none.

    card: of the model's checkpoint, None where only stored answers of it are here.
    """

    model: str
    corpus: str
    protocol: str
    against: str
    card: Card | None

    @property
    def own(self) -> bool:
        return self.corpus == OWN


def pick() -> Choice | None:
    """Draw the four lists.  Returns None, and says why, where there is neither a checkpoint nor an evaluation."""
    stored = evaluate_catalogue.catalogue()
    models = list(dict.fromkeys([*list_checkpoints(), *sorted(one.model for one in stored)]))
    if not models:
        from pages.shared.model_picker import NONE_HERE

        st.error(NONE_HERE, icon=":material/deployed_code_alert:")
        return None
    with st.container(key="evaluate-pick"):
        first, second, third, fourth = st.columns(4)
    model = str(
        first.selectbox("Model", models, index=models.index(_default_model(models)), key=MODEL, bind="query-params")
    )
    try:
        card = load_card(place_of(model)) if place_of(model) else None
    except CheckpointError as error:
        st.error(str(error), icon=":material/deployed_code_alert:")
        card = None
    corpora = corpora_for(model, stored, can_run=card is not None)
    settle(CORPUS, corpora)
    corpus = str(second.selectbox("Corpus", corpora, key=CORPUS, bind="query-params"))
    protocol = "all"
    if corpus != OWN:
        protocols = protocols_for(model, corpus, card, stored)
        sensible = [name for name in protocols if fits(model, corpus, name, card, stored)]
        pair = (model, corpus)
        if st.session_state.get(_PAIR, pair) != pair:  # what was chosen for another pair may make no sense for this
            settle(CLIPS, sensible)
        st.session_state[_PAIR] = pair
        settle(CLIPS, protocols)
        chosen = third.selectbox(
            "Clips", protocols, key=CLIPS, bind="query-params",
            help="Which clips of the corpus: those of every speaker that the model never heard, or the test part of a "
            "protocol. Only what the model was trained under is a fair test of it.",
        )  # fmt: skip
        protocol = "all" if chosen == ALL else str(chosen)
    else:
        fourth = third  # of one's own clips all are taken: no gap where that list would stand
    others = rivals(model, corpus, stored)
    settle(AGAINST, [NOTHING, *others])
    against = fourth.selectbox(
        "Against", [NOTHING, *others], key=AGAINST, bind="query-params",
        help="Another model with answers to clips of the same corpus.",
    )  # fmt: skip
    return Choice(model, corpus, protocol, "" if against in (None, NOTHING) else str(against), card)


def settle(key: str, options: list[str]) -> None:
    """What was chosen before, but is no longer among the options, gives way to the first of them."""
    if options and key in st.session_state and st.session_state[key] not in options:
        st.session_state[key] = options[0]


def _default_model(models: list[str]) -> str:
    try:
        return default_checkpoint()
    except CheckpointError:
        return models[0]


def here(corpus: str) -> bool:
    """Whether its recordings are here."""
    names = {corpora_here.corpus_of(name).name: name for name in corpora_here.names()}
    return corpus in names and corpora_here.corpus_of(names[corpus]).find(data_folder()) is not None


def corpora_for(model: str, stored: list[Stored], can_run: bool) -> list[str]:
    """Those with an evaluation of this model and recordings to listen to, then the rest; real voices first.

    Without its checkpoint only what is stored.
    """
    mine = {one.corpus for one in stored if one.model == model}
    if not can_run and mine:
        return sorted(mine, key=lambda name: (not here(name), name))
    names = [corpora_here.corpus_of(name).name for name in corpora_here.names()]
    every = list(dict.fromkeys([*names, *sorted(mine)]))
    present = {name: here(name) for name in every}

    def rank(name: str) -> tuple[bool, bool, bool, int]:
        order = ("ravdess", "emodb", "savee")
        place = order.index(name) if name in order else len(order)
        return not (name in mine and present[name]), not present[name], name not in mine, place

    return [*sorted(every, key=rank), OWN]


def protocols_for(model: str, corpus: str, card: Card | None, stored: list[Stored]) -> list[str]:
    """Stored ones first, then what can be evaluated, then the others, which explain themselves."""
    mine = stored_protocols(model, corpus, stored)
    order = list(dict.fromkeys([*mine, *evaluable(corpus, card), *(PROTOCOLS if card else ())])) or ["all"]
    return [ALL if name == "all" else name for name in order]


def stored_protocols(model: str, corpus: str, stored: list[Stored]) -> list[str]:
    return [one.protocol for one in stored if one.model == model and one.corpus == corpus]


def fits(model: str, corpus: str, listed: str, card: Card | None, stored: list[Stored]) -> bool:
    """Whether a protocol, as the list calls it, can be opened or evaluated."""
    protocol = "all" if listed == ALL else listed
    return protocol in (*stored_protocols(model, corpus, stored), *evaluable(corpus, card))


def evaluable(corpus: str, card: Card | None) -> list[str]:
    """The protocols under which a checkpoint can be judged on a corpus, without training anew."""
    if card is None:
        return []
    if corpus in card.data.corpora:
        return [card.data.protocol, "all"]
    return ["all", "speaker_independent"]


def rivals(model: str, corpus: str, stored: list[Stored]) -> list[str]:
    """Other models with answers on this corpus."""
    if corpus == OWN:
        return [name for name in evaluate_own.evaluated() if name != model]
    return sorted({one.model for one in stored if one.corpus == corpus and one.model != model})


def found(choice: Choice) -> Evaluation | None:
    """What is chosen, opened; None where nobody evaluated it yet.  Raises EvaluationError where it is damaged."""
    if choice.own:
        return evaluate_own.evaluated().get(choice.model)
    stored = evaluate_catalogue.find(choice.model, choice.corpus, choice.protocol)
    return evaluate_catalogue.opened(stored) if stored else None


def found_rival(choice: Choice) -> Evaluation | None:
    """The other model's answers: of the same protocol where there are some, else the most clips.

    Raises EvaluationError where they are damaged.
    """
    if not choice.against:
        return None
    if choice.own:
        return evaluate_own.evaluated().get(choice.against)
    every = [
        one for one in evaluate_catalogue.catalogue() if one.model == choice.against and one.corpus == choice.corpus
    ]
    best = max(every, key=lambda one: (one.protocol == choice.protocol, one.n), default=None)
    return evaluate_catalogue.opened(best) if best else None
