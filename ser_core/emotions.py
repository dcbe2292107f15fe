"""The one emotion vocabulary that corpora, recipes, checkpoints and pages share (lower case)."""

from typing import Final

EMOTIONS: Final = (
    "angry",
    "disgust",
    "fear",
    "happy",
    "neutral",
    "sad",
    "surprise",
    "calm",
    "boredom",
    "excited",
    "frustrated",
)

# How an answer is worded: a model labels acted speech, it does not know what anyone feels.
AS_ACTED: Final = {
    "angry": "acted anger",
    "disgust": "acted disgust",
    "fear": "acted fear",
    "happy": "acted happiness",
    "neutral": "a neutral voice",
    "sad": "acted sadness",
    "surprise": "acted surprise",
    "calm": "a calm voice",
    "boredom": "acted boredom",
    "excited": "acted excitement",
    "frustrated": "acted frustration",
}


def check_labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The labels, where they are two or more different emotions of the vocabulary.  Raises ValueError else."""
    if set(labels) - set(EMOTIONS) or len(set(labels)) != len(labels) or len(labels) < 2:
        raise ValueError(f"labels must be two or more different emotions of {', '.join(EMOTIONS)}")
    return labels
