"""How good a system is, on speakers it has never heard.

scores        WA, UA, WF1, the figures of each emotion, the confusion matrix, intervals by speaker
groups        the same by speaker, sex, language, fold
calibration   does a confidence of 80 % mean right in 80 % of the cases?
report        every figure as plain values
result        Evaluation: the answers to a set of clips, and every figure that follows from them
running       a checkpoint on the clips of a corpus -> Evaluation
comparing     two evaluations of the same clips: McNemar's test, agreement
noise         UA as white noise grows
cross         checkpoints x corpora, on the emotions they share
store         evaluation.json and two CSV files, written and read
"""

from ser_core.evaluation.calibration import Calibration, calibrate
from ser_core.evaluation.comparing import Comparison, alike, compare, shared
from ser_core.evaluation.groups import Group, Spread, spread
from ser_core.evaluation.report import NoisePoint, Report, Unreadable
from ser_core.evaluation.result import Clip, Evaluation, pooled, restricted
from ser_core.evaluation.running import Progress, evaluate, test_part
from ser_core.evaluation.scores import INTERVAL_DRAWS, EmotionScores, Scores, confusion, intervals, score
from ser_core.evaluation.store import load_evaluation, save_evaluation

__all__ = [
    "INTERVAL_DRAWS",
    "Calibration",
    "Clip",
    "Comparison",
    "EmotionScores",
    "Evaluation",
    "Group",
    "NoisePoint",
    "Progress",
    "Report",
    "Scores",
    "Spread",
    "Unreadable",
    "alike",
    "calibrate",
    "compare",
    "confusion",
    "evaluate",
    "intervals",
    "load_evaluation",
    "pooled",
    "restricted",
    "save_evaluation",
    "score",
    "shared",
    "spread",
    "test_part",
]
