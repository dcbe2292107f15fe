"""Where nothing is stored yet: evaluate here, or hear why another protocol needs another training."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from pages.shared import corpora_here, evaluate_catalogue, evaluate_own, loaders, train_form
from pages.shared.clip import duration
from pages.shared.evaluate_catalogue import place_of
from pages.shared.evaluate_pick import Choice, evaluable, here
from pages.shared.evaluate_summary import title_of
from pages.shared.evaluate_work import Progress, begin
from pages.shared.page_links import link_to
from ser_core.checkpoints import Card
from ser_core.corpora import Utterance
from ser_core.errors import CheckpointError, CorpusError, ProtocolError, RecipeError
from ser_core.evaluation import Evaluation, evaluate, test_part
from ser_core.evaluation.noise import SNRS_DB, noise_curve
from ser_core.evaluation.result import NOISE
from ser_core.protocols import PROTOCOLS
from ser_core.recipes import load_recipe
from ser_core.recogniser import Recogniser

# Seconds per clip of the slowest and of the fastest system on one core, about.
SLOWEST, FASTEST = 0.6, 0.05


def offer(choice: Choice) -> None:
    """Say what would be evaluated, and start it on a click."""
    if choice.card is None:
        st.info(
            f"The checkpoint of {choice.model} is not here, only answers that it gave on other clips: choose a stored "
            "evaluation, or another model.",
            icon=":material/deployed_code_alert:",
        )
        return
    if not choice.own and not here(choice.corpus):
        st.info(
            f"{title_of(choice.corpus)} is not here, and nobody has stored what {choice.model} makes of it.",
            icon=":material/folder_off:",
        )
        link_to("pages/corpora.py", "How to get it", ":material/library_music:", {"corpus": choice.corpus})
        return
    if not choice.own and choice.protocol not in evaluable(choice.corpus, choice.card):
        explain(choice, choice.card)
        return
    try:
        utterances, corpus = chosen_clips(choice, choice.card)
    except (CorpusError, ProtocolError) as error:
        st.info(str(error), icon=":material/folder_off:")
        return
    say(choice, choice.card, utterances)
    if not choice.own and evaluate_catalogue.outdated(choice.model, choice.corpus, choice.protocol):
        st.caption("What is stored was answered by other weights of this name: it is not shown.")
    if st.button("Evaluate now", icon=":material/play_arrow:", type="primary", key="evaluate-now"):
        start(choice, utterances, corpus, noise=False)
        st.rerun()


def again(choice: Choice, evaluation: Evaluation) -> None:
    """Evaluate once more with noise; where that can be done here."""
    if choice.card is None or not (choice.own or here(choice.corpus)):
        st.caption(f"Measure it with: `{evaluation.command}{NOISE}`" if evaluation.command else "")
        return
    if st.button(
        "Measure with noise", icon=":material/grain:", key="evaluate-noise",
        help=f"Every clip again at {len(SNRS_DB)} levels of white noise.",
    ):  # fmt: skip
        try:
            utterances, corpus = chosen_clips(choice, choice.card)
        except (CorpusError, ProtocolError) as error:
            st.info(str(error), icon=":material/folder_off:")
            return
        start(choice, utterances, corpus, noise=True)
        st.rerun()


def chosen_clips(choice: Choice, card: Card) -> tuple[tuple[Utterance, ...], str]:
    """The clips, and what their corpus is called.  Raises CorpusError or ProtocolError where there are none."""
    if choice.own:
        own = evaluate_own.own_set()
        if own is None:
            raise CorpusError("There is no test set of your own yet: upload a ZIP.")
        return own.scan.utterances, own.scan.corpus
    utterances = corpora_here.scan_of(short_name(choice.corpus)).utterances
    if choice.protocol != "all":
        utterances = test_part(card, utterances, choice.protocol)
    return utterances, choice.corpus


def short_name(corpus: str) -> str:
    """The name that the pages list it by.  Raises CorpusError where it is not listed."""
    for name in corpora_here.names():
        if corpora_here.corpus_of(name).name == corpus:
            return name
    raise CorpusError(f"{title_of(corpus)} is not among the corpora here.")


def say(choice: Choice, card: Card, utterances: tuple[Utterance, ...]) -> None:
    """How many clips, how many are left out, and how long it takes."""
    seen = card.data.seen_speakers()
    left_out = sum(u.speaker in seen for u in utterances)
    unknown = sum(u.speaker not in seen and card.merged(u.emotion) not in card.labels for u in utterances)
    count = len(utterances) - left_out - unknown
    st.markdown(
        f"**{choice.model}** has not been evaluated on {'these clips' if choice.own else title_of(choice.corpus)} yet. "
        f"**{count:,}** clips would be recognised; {left_out:,} are left out because the model has heard their "
        f"speaker, {unknown:,} because it has no name for their emotion. On this computer that takes some "
        f"{duration(count * FASTEST)} to {duration(count * SLOWEST)}; you can stop at any time."
    )


def start(choice: Choice, utterances: tuple[Utterance, ...], corpus: str, noise: bool) -> None:
    """Load the model here, then work in the background; what comes out is stored, or kept for the visit alone."""
    try:
        recogniser = loaders.recogniser(place_of(choice.model))
    except CheckpointError as error:
        st.error(str(error), icon=":material/deployed_code_alert:")
        return
    answers = evaluate_own.evaluated()
    model, protocol, own = choice.model, choice.protocol, choice.own

    def do(progress: Progress) -> None:
        found = recognised(recogniser, utterances, corpus, protocol, noise, progress)
        if not own:
            evaluate_catalogue.keep(found, model)
            return
        answers[model] = found
        while len(answers) > evaluate_own.KEPT:
            answers.popitem(last=False)

    begin(f"{model} on {title_of(corpus)}", do)


def recognised(
    recogniser: Recogniser,
    utterances: tuple[Utterance, ...],
    corpus: str,
    protocol: str,
    noise: bool,
    progress: Progress,
) -> Evaluation:
    """A clip at a time, so that the bar moves and the button works even where one takes a second."""
    from ser_core.training.data import read  # knows the changed copies of paper 003

    doing = f"recognising {title_of(corpus)}"
    found = evaluate(recogniser, utterances, corpus, protocol, False, progress, batch=1, read=read, doing=doing)
    if noise:
        curve = noise_curve(recogniser, utterances, corpus, protocol, False, progress, read=read, batch=1)
        found = replace(found, noise=curve)
    return found


def explain(choice: Choice, card: Card) -> None:
    """Another protocol is another training."""
    protocol, corpus = choice.protocol, title_of(choice.corpus)
    st.markdown(f"**{protocol}**: {PROTOCOLS.get(protocol, '')}")
    if choice.corpus in card.data.corpora:
        st.info(
            f"{choice.model} was trained on {corpus} under `{card.data.protocol}`, and that settles which speakers it "
            f"has heard. The test clips of `{protocol}` would be in its training: the score would be a memory, not a "
            "test. To see a score under this protocol, train a model under it.",
            icon=":material/school:",
        )
    else:
        st.info(
            f"{choice.model} was not trained on {corpus}, so no split of it says more than “every unseen speaker”. A "
            "protocol belongs to a training: train a model under it.",
            icon=":material/school:",
        )
    recipe = f"{card.system}-{choice.corpus}"
    asked = train_form.query(card.system, card.variant, choice.corpus, protocol)
    link_to("pages/train.py", "Train under this protocol", ":material/model_training:", asked)
    try:
        load_recipe(recipe)
    except RecipeError:
        return
    st.caption("Or in a shell:")
    st.code(
        f"python -m ser_core train --recipe {recipe} --set \"protocol='{protocol}'\"", language="shell", wrap_lines=True
    )
