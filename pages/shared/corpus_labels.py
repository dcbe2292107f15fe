"""The dialog in which somebody says where emotion and speaker stand in the paths of their recordings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import streamlit as st

from pages.shared.busy import Busy, working
from pages.shared.clip_strip import plain
from pages.shared.model_card import LANGUAGES
from pages.shared.permission import permission
from ser_core.corpora import data_folder
from ser_core.corpora.importing import Found, check_name, import_corpus, labels
from ser_core.corpora.mapping import Mapping, Spot, guess_emotion, guess_emotions, spots
from ser_core.emotions import EMOTIONS
from ser_core.errors import SpeechEmotionError

OUT = "leave out"
NOBODY = "nowhere: speakers unknown"
MOST = 40  # words that one can map by hand
LABELLING = "import-labelling"  # set while the dialog is open: it outlives a run of the whole page
Finished = Callable[[str], None]  # called with what came of it, in a sentence


def close() -> None:
    st.session_state.pop(LABELLING, None)


@st.dialog("What are these recordings?", width="large", on_dismiss=close)
def show_dialog(found: Found, name: str, finished: Finished) -> None:
    places = spots(found.paths)
    emotion_places = {spot: words for spot, words in places.items() if len(words) <= MOST}
    if not emotion_places:
        st.error(
            "Neither folders nor file names tell one recording from another by a word: put each emotion's "
            "recordings in a folder of its name, and bring them again."
        )
        return
    st.markdown(f"{len(found.paths):,} recordings, for example `{found.paths[0]}`.")
    for problem in found.left_out[:3]:
        st.caption(f":material/block: {plain(problem.path.name)}: {problem.reason}.")
    emotion_spot = pick_spot("Their emotion stands in", emotion_places, guess_emotion(emotion_places), "label-emotion")
    emotions = pick_emotions(emotion_places[emotion_spot])
    speaker_spot = pick_speaker_spot(places, emotion_spot)
    sexes = pick_sexes(places[speaker_spot]) if speaker_spot else {}
    first, second = st.columns(2)
    called = first.text_input("Name", value=name, key="label-name", help="Small letters, digits and -.").strip()
    codes = ["", *LANGUAGES]
    language = second.selectbox(
        "Language", codes, format_func=lambda code: LANGUAGES.get(code, "not told"), key="label-language"
    )
    mapping = Mapping(emotion_spot, emotions, speaker_spot, sexes, language)
    ready = show_summary(found, mapping)
    st.caption(
        "Nothing is known of their terms, so weights trained on them stay with you. Bring only recordings of people "
        "who agreed."
    )
    if st.button("Take them in", icon=":material/library_add:", type="primary", disabled=not ready, key="label-do"):
        take_in(found, mapping, called, finished)


def take_in(found: Found, mapping: Mapping, name: str, finished: Finished) -> None:
    try:
        answer = permission()
        answer.require("import recordings")
        check_name(name, data_folder())
        with working() as progress:
            got = import_corpus(found, mapping, name, data_folder(), progress, answer)
    except (SpeechEmotionError, Busy) as error:
        st.error(str(error), icon=":material/error:")
        return
    out = sum(problem.count for problem in got.left_out)
    reasons = sorted({problem.reason for problem in got.left_out})
    rest = f" {out:,} stayed out ({reasons[0]})." if out else ""
    finished(f"{name} is here with {len(got.scan.utterances):,} recordings.{rest} Choose it in the list above.")
    st.rerun()


def pick_spot(label: str, places: dict[Spot, Counter[str]], best: Spot | None, key: str) -> Spot:
    options = list(places)
    return options[
        st.selectbox(
            label,
            range(len(options)),
            index=options.index(best) if best else 0,
            format_func=lambda number: described(options[number], places[options[number]]),
            key=key,
        )
    ]


def pick_speaker_spot(places: dict[Spot, Counter[str]], emotion: Spot) -> Spot | None:
    options = [None, *(spot for spot in places if spot != emotion)]
    chosen = st.selectbox(
        "Their speaker stands in",
        range(len(options)),
        format_func=lambda number: NOBODY if not (spot := options[number]) else described(spot, places[spot]),
        key="label-speaker",
        help="Without speakers no honest split can be made: a model might be tested on voices it knows.",
    )
    return options[chosen]


def described(spot: Spot, words: Counter[str]) -> str:
    """ "folder: angry, happy, sad, …"."""
    examples = ", ".join(word or "(nothing)" for word, _ in words.most_common(4))
    return f"{spot.title}: {examples}{', …' if len(words) > 4 else ''}"


def pick_emotions(words: Counter[str]) -> dict[str, str]:
    """A list for each word, with a guess where the word is known."""
    guessed = guess_emotions(words)
    options = [OUT, *EMOTIONS]
    columns = st.columns(3)
    mapped = {}
    for number, (word, count) in enumerate(sorted(words.items())):
        chosen = columns[number % 3].selectbox(
            f"{plain(word) or '(nothing)'} :gray[({count:,})]",
            options,
            index=options.index(guessed[word]) if guessed[word] else 0,
            key=f"label-word-{word}",
        )
        if chosen != OUT:
            mapped[word] = str(chosen)
    return mapped


def pick_sexes(speakers: Counter[str]) -> dict[str, str]:
    names = sorted(name for name in speakers if name)
    first, second = st.columns(2)
    women = first.multiselect("Women among them", names, key="label-women", placeholder="not told")
    men = second.multiselect(
        "Men among them", [name for name in names if name not in women], key="label-men", placeholder="not told"
    )
    return dict.fromkeys(women, "female") | dict.fromkeys(men, "male")


def show_summary(found: Found, mapping: Mapping) -> bool:
    """What would come of it; whether it can be done."""
    rows = [row for path in found.paths if (row := labels(path, mapping))]
    emotions = {row["emotion"] for row in rows}
    speakers = {row["speaker"] for row in rows if row["speaker"]}
    told = [
        f"**{len(rows):,}** recordings come in",
        f"{len(emotions)} emotion{'' if len(emotions) == 1 else 's'}",
        f"{len(speakers)} speaker{'' if len(speakers) == 1 else 's'}" if speakers else "speakers unknown",
        f"{len(found.paths) - len(rows):,} recordings stay out",
    ]
    st.markdown(" · ".join(told))
    if len(emotions) < 2:
        st.warning("A corpus needs two emotions or more: say what the words above stand for.")
    return len(emotions) >= 2
