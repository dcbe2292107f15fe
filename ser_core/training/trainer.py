"""A recipe from start to finish: data, loop, checkpoint, test."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
from accelerate.utils import set_seed

from ser_core.checkpoints import Card, Measured, load_card, shipped_weights, write_card
from ser_core.corpora import Utterance, get_corpus
from ser_core.errors import CorpusError, OutOfTime, RecipeError, RunError, SpeechEmotionError
from ser_core.evaluation import Evaluation, Progress, evaluate, save_evaluation
from ser_core.files import write_json
from ser_core.models import System, create_from
from ser_core.models.svm import Svm
from ser_core.protocols import ON_TEST, SEEN, Split, split
from ser_core.recipes import Recipe
from ser_core.recogniser import Recogniser
from ser_core.segments import Cutting
from ser_core.training.data import (
    Clip,
    SegmentSet,
    assemble,
    augmented_segments,
    cached_segments,
    load_clips,
    read,
)
from ser_core.training.doubles import check_sounds
from ser_core.training.finish import statistics, write_checkpoint
from ser_core.training.history import History
from ser_core.training.loop import fit
from ser_core.training.objectives import CONFUSION, Objective, Row, classification, feature_matching, transfer
from ser_core.training.run import Onlooker, Run

Parts = dict[str, list[Clip]]


def train(recipe: Recipe, run: Run, data: Path | None, progress: Progress, device: str = "cpu") -> Card:
    """Train to the end, or go on where the run folder stands; a run that is done is left as it is.

    Under a launcher (torchrun, accelerate) every process calls this and gets the card; the first one writes.
    device: "cpu", "cuda" or "cuda:N".  Raises CorpusError, ProtocolError, RecipeError or RunError before any training
    where the data or the machine do not allow the recipe.
    """
    if run.done:
        if run.state().get("status") != "done":  # the process died between the last file and the last word
            run.write_state(status="done")
        return load_card(run.checkpoint)
    if int(os.environ.get("RANK", "0")) > 0:
        run = Onlooker(run.folder)
    try:
        return _train(recipe, run, data, progress, choose_device(device))
    except KeyboardInterrupt:
        run.write_state(status="cancelled", reason="stopped from the keyboard")
        run.log("cancelled; the same command goes on from the last epoch")
        raise
    except OutOfTime as error:
        run.write_state(status="cancelled", reason=str(error))
        run.log(f"cancelled: {error}")
        raise
    except BaseException as error:
        reason = str(error) if isinstance(error, SpeechEmotionError) else f"{type(error).__name__}: {error}"
        with suppress(OSError):  # a full disk must not hide the first error
            run.write_state(status="failed", reason=reason)
            run.log(f"failed: {reason}")
        raise


def _train(recipe: Recipe, run: Run, data: Path | None, progress: Progress, device: torch.device) -> Card:
    run.write_state(status="running", epoch=0, epochs=recipe.training.epochs, name=recipe.name, reason="")
    check_settings(recipe)
    set_seed(recipe.seed)
    model = build(recipe)
    parts, problems = load_parts(recipe, data, progress)
    check(recipe, parts)
    run.write_split({name: {c.utterance.id: c.digest for c in clips} for name, clips in parts.items()})
    if not isinstance(run, Onlooker):
        write_json(run.folder / "problems.json", problems)
    for problem in problems:
        run.log(f"left out: {problem}")
    history = learn(recipe, model, parts, run, progress, device)
    model.load_weights(shipped_weights(model))  # all that follows is measured on the weights as they are stored
    assert history.best is not None
    if not isinstance(run, Onlooker):
        finish(recipe, model, parts, history.best, run, data, progress, device)
        run.write_state(status="done")
        run.log("done")
    if torch.distributed.is_initialized():
        torch.distributed.barrier()  # the others wait for the checkpoint
    return load_card(run.checkpoint)


def learn(recipe: Recipe, model: System, parts: Parts, run: Run, progress: Progress, device: torch.device) -> History:
    """The training itself, on segments of the recipe's hop; the epoch is chosen on such segments too.

    With `transfer` it has three stages: the teacher learns; the student learns to see what the frozen teacher sees;
    the student learns the emotions without losing that view (paper 003).
    """
    cutting = training_cutting(recipe, model)
    raw = cached_segments(parts["train"], model, cutting, progress)
    model.normaliser.fit(raw)
    plain = prepared(parts["train"], raw, model)
    held = choosing_clips(recipe, parts)
    judged = prepared(held, cached_segments(held, model, cutting, progress), model) if held else None
    choosing = selection(recipe, held, judged) if judged else plain
    run.log(f"{len(parts['train'])} clips, {len(plain.features)} segments to train on; {len(held)} clips to choose by")

    def training_set(epoch: int) -> SegmentSet:
        if not recipe.augment.active():
            return plain
        seed = 1000 * recipe.seed + epoch
        model.front_end.to(device)  # not there yet while a teacher trains
        model.normaliser.to(device)
        return augmented_segments(parts["train"], model, cutting, recipe.augment, seed, device)

    if isinstance(model, Svm):
        return solve(model, plain, choosing, run)

    def stage(which: System, objective: Objective) -> History:
        return fit(which, recipe, objective, training_set, choosing, run, progress, device)

    if recipe.transfer is None:
        return stage(model, classification(recipe.training))
    teacher = build(recipe, recipe.transfer.teacher)
    teacher.normaliser.load_state_dict(model.normaliser.state_dict())
    stage(teacher, classification(recipe.training, "teacher"))
    teacher.to(device).eval().requires_grad_(False)
    stage(model, feature_matching(recipe.training, teacher))
    return stage(model, transfer(recipe.training, teacher, recipe.transfer.weight))


def solve(model: Svm, training: SegmentSet, validation: SegmentSet, run: Run) -> History:
    """The one system without gradients: solved at once, on segments without augmentation."""
    began = time.monotonic()
    model.fit(training.features, training.segment_labels())
    history, objective = History(), classification(run.recipe().training)
    row: Row = {"stage": objective.stage, "epoch": 1, **objective.judge(model, validation, torch.device("cpu"))}
    run.write_confusion(objective.stage, 1, row.pop(CONFUSION, None))
    history.add(row | {"seconds": round(time.monotonic() - began, 1)}, model, objective.better)
    run.write_metrics(objective.stage, history.rows)
    run.log(f"solved with {len(model.support)} support vectors")
    return history


def finish(
    recipe: Recipe, model: System, parts: Parts, best: Row, run: Run, data: Path | None,
    progress: Progress, device: torch.device,
) -> Card:  # fmt: skip
    """Calibrate, write the checkpoint, measure it; it appears in the run folder when all that is done."""
    training = cached_segments(parts["train"], model, training_cutting(recipe, model), progress)
    held = parts["validation"]
    validation = prepared(held, cached_segments(held, model, model.cutting, progress), model) if held else None
    stored = statistics(model.to(device), prepared(parts["train"], training, model), validation, device)
    folder = run.folder / ".checkpoint"
    shutil.rmtree(folder, ignore_errors=True)
    card = write_checkpoint(folder, model.cpu(), recipe, parts, stored, best, device)
    results = measure(Recogniser(folder), recipe, parts["test"], data, run, progress)
    card = card.model_copy(update={"results": results}).named(recipe.name)
    write_card(folder, card)
    folder.rename(run.checkpoint)
    return card


def choose_device(name: str) -> torch.device:
    """Raises RunError in one sentence where this machine has no such device."""
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type == "cpu":
        return torch.device("cpu")
    if device.type != "cuda":
        raise RunError(f"There is no device {name!r}: choose cpu, cuda, or cuda:N.")
    count = torch.cuda.device_count()
    if count == 0:
        raise RunError("There is no CUDA device that PyTorch can use here: train with --device cpu.")
    index = device.index or 0
    if index >= count:
        raise RunError(f"There is no device {name!r}: this machine has {count}, cuda:0 to cuda:{count - 1}.")
    torch.cuda.set_device(index)
    return torch.device("cuda", index)


def load_parts(recipe: Recipe, data: Path | None, progress: Progress) -> tuple[Parts, list[str]]:
    """Scan, split, decode.  Test clips are decoded too, for their hashes in the card; nothing else looks at them."""
    whole = Split((), (), ())
    problems: list[str] = []
    roots: list[Path] = []
    for name in recipe.corpora:
        scan = get_corpus(name).scan(data)
        problems += [problem.words(scan.root) for problem in scan.problems]
        roots.append(scan.root)
        known = [u for u in scan.utterances if recipe.label_of(u.emotion) is not None]
        if not known:
            raise RecipeError(f"{name} has no clip of {', '.join(recipe.labels)}: take the corpus out of the recipe.")
        whole += split(known, recipe.protocol, recipe.seed, recipe.fold)
    parts = {}
    for part, utterances in whole.parts().items():
        parts[part], broken = load_clips(utterances, recipe, progress)
        problems += [problem.words(*roots) for problem in broken]
    if recipe.training.choose == "last":
        parts["train"], parts["validation"] = parts["train"] + parts["validation"], []
    check_sounds(parts, recipe.test_on, data, progress)
    return parts, problems


def choosing_clips(recipe: Recipe, parts: Parts) -> list[Clip]:
    """The clips that choose the epoch: none where the last is kept, the test clips where a paper did so."""
    if recipe.training.choose == "last":
        return []
    return parts["test"] if recipe.protocol in ON_TEST else parts["validation"]


def check_settings(recipe: Recipe) -> None:
    """Raises RecipeError where names or values do not fit together; needs no data, and is called before any is read."""
    with torch.device("meta"):  # shapes only
        model = build(recipe)
        if recipe.transfer:
            build(recipe, recipe.transfer.teacher)
    if model.fill == "none" and recipe.training.mixup > 0:
        raise RecipeError(f"{model.title} takes clips of any length, which mixup cannot blend: set training.mixup = 0.")


def check(recipe: Recipe, parts: Parts) -> None:
    """Refuse, with the reason, what cannot train on these clips."""
    if not parts["train"]:
        here = sorted({clip.utterance.speaker for clips in parts.values() for clip in clips})
        raise RecipeError(
            f"None of the speakers that {recipe.protocol} trains on is here, only {len(here)} other(s), such as "
            f"{here[0]}: complete the copy of {', '.join(recipe.corpora)}, or choose another protocol."
        )
    missing = set(range(len(recipe.labels))) - {clip.label for clip in parts["train"]}
    if missing:
        names = ", ".join(recipe.labels[i] for i in sorted(missing))
        raise RecipeError(
            f"No training clip for {names}: take the label out of the recipe or add a corpus that has it."
        )
    if recipe.training.choose == "last":
        return
    if not any(c.utterance.corpus in (recipe.validate_on or recipe.corpora) for c in choosing_clips(recipe, parts)):
        raise RecipeError("No validation clip: without one there is no honest way to choose the epoch.")


def build(recipe: Recipe, variant: str | None = None) -> System:
    """The recipe's model with random weights, or its teacher of another variant with the same settings.

    Raises RecipeError where names or values do not fit.
    """
    return create_from(recipe.system, variant or recipe.variant, len(recipe.labels), recipe.preparation, recipe.model)


def training_cutting(recipe: Recipe, model: System) -> Cutting:
    hop = recipe.training.hop
    if hop is None:
        return model.cutting
    return replace(model.cutting, hop=round(hop * model.sample_rate))


def prepared(clips: list[Clip], raw: list[torch.Tensor], model: System) -> SegmentSet:
    """Raw features of each clip -> the normalised segments of all."""
    return assemble(clips, [model.normaliser(part) for part in raw])


def selection(recipe: Recipe, clips: list[Clip], data: SegmentSet) -> SegmentSet:
    """The part of the validation set that chooses the epoch (`validate_on`)."""
    if not recipe.validate_on:
        return data
    keep = torch.tensor([clip.utterance.corpus in recipe.validate_on for clip in clips])
    number = torch.cumsum(keep, 0) - 1
    rows = keep[data.clip]
    lengths = None if data.lengths is None else data.lengths[rows]
    return SegmentSet(data.features[rows], number[data.clip[rows]], data.label[keep], lengths)


def measure(
    recogniser: Recogniser, recipe: Recipe, test: list[Clip], data: Path | None, run: Run, progress: Progress
) -> tuple[Measured, ...]:
    """The finished file on the test part of each corpus, and on the whole of those it never met (`test_on`).

    What cannot be measured is said in the log: a finished training is not lost to a missing folder.
    """
    sets: dict[str, tuple[str, list[Utterance]]] = {
        name: (recipe.protocol, [c.utterance for c in test if c.utterance.corpus == name]) for name in recipe.corpora
    }
    for name in recipe.test_on:
        try:
            sets[name] = ("all", list(get_corpus(name).scan(data).utterances))
        except CorpusError as error:
            run.log(f"not measured on {name}: {error}")
    found = []
    for name, (protocol, utterances) in sets.items():
        include = protocol in SEEN  # its test speakers are seen by definition, and marked so
        try:
            evaluation = evaluate(recogniser, utterances, name, protocol, include, progress, read=read)
            save_evaluation(run.evaluation(get_corpus(name).key), evaluation)
            found.append(measured(evaluation))
        except CorpusError as error:
            run.log(f"not measured on {name}: {error}")
    return tuple(found)


def measured(evaluation: Evaluation) -> Measured:
    """The figures of an evaluation as the card keeps them."""
    figures = evaluation.summary()
    return Measured(command="", **{key: figures[key] for key in Measured.model_fields if key != "command"})
