"""The exceptions that `ser_core` raises on purpose.

Every message is one clear sentence for the person at the screen: what was wrong and what would work.
Pages and the command line show the message as it stands; anything else that escapes is a defect.
"""


class SpeechEmotionError(Exception):
    """Base of every error that a user can put right.  Whatever a file put into the message, it stays on one line."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(line.strip() for line in message.splitlines()))


class AudioError(SpeechEmotionError):
    """A clip that cannot be used.

    `reason` is a stable short code (for tests and pages); the message is the sentence to show.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CorpusError(SpeechEmotionError):
    """A corpus that is missing, in the wrong place, or unfit for what was asked of it."""


class ProtocolError(SpeechEmotionError):
    """A split that cannot be made from the utterances at hand."""


class RecipeError(SpeechEmotionError):
    """A recipe that does not exist or does not validate."""


class CheckpointError(SpeechEmotionError):
    """A checkpoint that is missing, damaged, of a refused format, or of another version."""


class RunError(SpeechEmotionError):
    """A run folder that cannot be written, resumed, or read."""


class InspectionError(SpeechEmotionError):
    """Something about a clip or a model that cannot be inspected."""


class EvaluationError(SpeechEmotionError):
    """A stored evaluation that is missing or damaged, or two that cannot be compared."""


class BaselineError(SpeechEmotionError):
    """A baseline whose package is missing, or whose licence is not accepted."""


class OutOfTime(SpeechEmotionError):
    """The budget is spent; the run goes on from its last epoch at the next call."""


class JobError(SpeechEmotionError):
    """A job that cannot be started, found, or changed as it stands."""


class ServingError(SpeechEmotionError):
    """No answer for a clip: the line before the network is full, or its thread has stopped."""


class NotAllowed(SpeechEmotionError):
    """An action that this visitor of the server may not take."""
