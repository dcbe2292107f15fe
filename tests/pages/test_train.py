"""The page Train, without a browser: workers are there and never do anything, unless a test lets them end."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import train_devices
from pages.shared.train_form import query
from pages.shared.train_quick import RECIPE
from ser_core import permission
from ser_core.checkpoints import Card, list_checkpoints
from ser_core.emotions import EMOTIONS
from ser_core.jobs import Job, list_jobs
from ser_core.jobs.folder import Axis, Order, Search, order_path, process_path, read_note, stop_path, write_note
from ser_core.jobs.local import Local
from ser_core.jobs.process import process
from ser_core.jobs.queue import Line
from ser_core.permission import Permission
from ser_core.recipes import load_recipe
from ser_core.training.run import Run
from tests.pages.checkpoints import put
from tests.ser_core.jobs.places import NOBODY, put_run

APP = Path(__file__).resolve().parents[2] / "app.py"
MAY_ACT = permission.may_act
OWNER = Permission(True, "")
CLOSED = Permission(False, "It takes the passphrase of whoever runs this server.")
ROWS = [
    {"stage": "training", "epoch": 1, "learning_rate": 1e-3, "train_loss": 2.0, "validation_loss": 1.9,
     "validation_ua": 0.25, "seconds": 1.0},
    {"stage": "training", "epoch": 2, "learning_rate": 5e-4, "train_loss": 1.5, "validation_loss": 1.7,
     "validation_ua": 0.5, "seconds": 1.0},
]  # fmt: skip


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page as whoever runs the server sees it, without any run and without a GPU."""

    def start(self: Local, run: Run, order: Order) -> None:
        Line(run.folder.parent).enter(run, [order.device])
        write_note(process_path(run), process())

    monkeypatch.setattr(Local, "start", start)
    monkeypatch.setattr(train_devices.Lookout, "gpus", lambda self: [])
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("SER_CHECKPOINTS", str(put(tmp_path / "checkpoints", "ctmam-general")))
    monkeypatch.delenv("SER_DATA", raising=False)
    allow(monkeypatch, OWNER)
    (tmp_path / "runs").mkdir()
    return AppTest.from_file(str(APP), default_timeout=120).switch_page("pages/train.py")


def allow(monkeypatch: pytest.MonkeyPatch, answer: Permission) -> None:
    monkeypatch.setattr(permission, "may_act", lambda *_, **__: answer)


def words(app: AppTest) -> str:
    every = (*app.subheader, *app.markdown, *app.caption, *app.info, *app.error, *app.code)
    return "\n".join(element.value for element in every)


def part(app: AppTest, name: str, looks: int = 2) -> AppTest:
    """Open it; at the second look its tables and plots are there."""
    app.query_params["train"] = name
    app.session_state["train"] = name
    for _ in range(looks):
        app.run()
    return app


def trained(name: str, status: str, **state: object) -> Run:
    """A run with two epochs behind it that nobody works on."""
    run = put_run(name, NOBODY, status=status, epoch=2, epochs=3, **state)
    run.write_metrics("training", [dict(row) for row in ROWS])
    return run


def charts(app: AppTest, key: str) -> list[dict]:
    return [json.loads(one.proto.spec) for one in app.get("plotly_chart") if key in one.proto.id]


def test_the_first_view_has_a_run_ready_and_says_what_it_is_not(app: AppTest) -> None:
    app.run()
    assert not app.exception
    assert "not evidence about emotion" in words(app)
    app.button(key="quick-launch").click().run()
    (job,) = list_jobs()
    assert job.recipe() == load_recipe(RECIPE)
    assert "1st in line for cpu" in words(app)  # it looks at the run now
    assert app.selectbox(key="run").value == job.id


def test_the_form_holds_the_papers_numbers_and_explains_every_field(app: AppTest) -> None:
    app.run()
    app.selectbox(key="train_system").set_value("tf_transformer").run()
    assert not app.exception
    fields = {one.label: one for one in (*app.number_input, *app.text_input, *app.checkbox, *app.selectbox)}
    assert (fields["Epochs"].value, fields["Batch size"].value, fields["Learning rate"].value) == (1000, 64, 1e-3)
    shown = (*app.number_input, *app.text_input, *app.checkbox, *app.selectbox, *app.multiselect)
    form = [one for one in shown if one.key and one.key.startswith("train/")]
    assert len(form) > 35
    assert [one.label for one in form if len(one.help or "") < 25] == []


def test_a_link_from_evaluate_fills_the_form_once(app: AppTest) -> None:
    for name, value in query("ctmam", "small", "savee", "paper:003").items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert [app.selectbox(key=key).value for key in ("train_system", "train_variant/ctmam", "train_corpus/True")] == [
        "ctmam", "small", "savee",
    ]  # fmt: skip
    protocol = "train/ctmam-savee/small/protocol"
    assert app.selectbox(key=protocol).value == "paper:003"
    app.selectbox(key=protocol).set_value("loso").run()
    assert app.selectbox(key=protocol).value == "loso"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("training/epochs", 0, "The recipe's training.epochs: Input should be greater than or equal to 1"),
        ("training/learning_rate", -1.0, "training.learning_rate"),
        ("augment/noise_db", "loud", "augment.noise_db"),
        ("augment/speed", "0.9, 9", "augment.speed"),
        ("/merge", "calm", "merge"),
        ("/name", "Über", "The recipe's name"),
    ],
)
def test_what_does_not_validate_is_said_as_it_is_typed(app: AppTest, field: str, value: object, says: str) -> None:
    app.run()
    key = f"train/ctmam-synthetic/default/{field}"
    widgets = {one.key: one for one in (*app.number_input, *app.text_input)}
    widgets[key].set_value(value).run()
    assert not app.exception
    assert says in words(app)
    assert "launch" not in [one.key for one in app.button]
    assert list_jobs() == []


def test_what_was_changed_is_launched_and_said(app: AppTest) -> None:
    app.run()
    next(one for one in app.number_input if one.label == "Epochs").set_value(4).run()
    next(one for one in app.text_input if one.label == "Speed").set_value("0.9, 1.1").run()
    assert "training.epochs: 4 (15)" in words(app)
    app.button(key="launch").click().run()
    (job,) = list_jobs()
    assert (job.recipe().training.epochs, job.recipe().augment.speed) == (4, (0.9, 1.1))
    assert job.recipe().preparation == load_recipe("ctmam-synthetic").preparation


@pytest.mark.parametrize("system", ["serct", "tf_transformer", "vit_vertical", "mhsa_faca"])
def test_an_untouched_form_is_the_recipe_itself(app: AppTest, system: str) -> None:
    app.run()
    app.selectbox(key="train_system").set_value(system).run()
    app.button(key="launch").click().run()
    assert not app.error
    (job,) = list_jobs()
    assert job.recipe() == load_recipe(f"{system}-synthetic")


def test_a_grid_is_one_launch_and_one_line_for_each_run(app: AppTest) -> None:
    app.run()
    app.segmented_control(key="train_kind").set_value("A grid").run()
    app.text_area(key="train_grid").set_value("seed=1,2\ntraining.mixup=0,0.2").run()
    assert "4 runs" in words(app)
    app.button(key="launch").click().run().run()
    assert not app.exception
    assert [(job.recipe().seed, job.recipe().training.mixup) for job in reversed(list_jobs())] == [
        (1, 0), (1, 0.2), (2, 0), (2, 0.2),
    ]  # fmt: skip
    table = next(one for one in app.dataframe if "training.mixup" in one.value.columns)
    assert list(table.value["seed"]) == ["1", "1", "2", "2"]
    app.button(key="sweep-curves").click().run()
    assert len(app.multiselect(key="beside").value) == 3


def test_a_papers_table_and_a_search(app: AppTest) -> None:
    app.run()
    app.selectbox(key="train_system").set_value("tf_transformer").run()
    app.segmented_control(key="train_kind").set_value("A paper's table").run()
    assert "**4 runs:** variant=default; variant=t_f" in words(app)
    app.segmented_control(key="train_kind").set_value("A search").run()
    app.text_area(key="train_space").set_value("training.learning_rate=up..down").run()
    assert "cannot be read" in words(app)
    app.text_area(key="train_space").set_value("training.learning_rate=1e-4..1e-2:log").run()
    app.number_input(key="train_trials").set_value(5).run()
    app.button(key="launch").click().run()
    (job,) = list_jobs()
    assert job.order
    assert job.order.search
    assert job.order.search.trials == 5


def test_whoever_may_not_act_sees_the_runs_and_why(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained("theirs", "cancelled")
    monkeypatch.setenv("SER_ADMIN_KEY", "anything")
    allow(monkeypatch, CLOSED)
    app.run()
    assert "You cannot launch, cancel or delete trainings here. It takes the passphrase" in words(app)
    assert (app.button(key="launch").disabled, app.button(key="quick-launch").disabled) == (True, True)
    part(app, "Runs")
    assert app.button(key="run-resume").disabled
    assert app.dataframe[0].value["Run"].tolist() == [run.folder.name]
    assert app.text_input[0].label == "Passphrase"
    monkeypatch.delenv("SER_ADMIN_KEY")
    app.run()
    assert "Passphrase" not in [field.label for field in app.text_input]  # none would fit


def test_on_an_open_server_its_owner_can_still_unlock(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_ADMIN_KEY", "right")
    monkeypatch.setenv("SER_OPEN", "1")
    monkeypatch.setattr(permission, "may_act", MAY_ACT)
    monkeypatch.setattr(permission, "is_local", lambda *_: False)
    monkeypatch.setattr(permission, "visitor_of", lambda *_: "198.51.100.7")
    app.run()
    assert not app.button(key="launch").disabled
    next(field for field in app.text_input if field.label == "Passphrase").set_value("right")
    next(button for button in app.button if button.label == "Unlock").click().run()
    assert "Passphrase" not in [field.label for field in app.text_input]


def test_curves_of_several_runs_stand_in_one_plot(app: AppTest) -> None:
    trained("one", "cancelled")
    trained("two", "lost")
    part(app, "Runs")
    assert not app.exception
    app.selectbox(key="run").set_value("one").run()
    app.multiselect(key="beside").set_value(["two"]).run()
    (figure,) = charts(app, "course-ua")
    assert [line["name"] for line in figure["data"]] == ["one, validation", "two, validation"]
    assert [line["y"] for line in figure["data"]] == [[0.25, 0.5]] * 2
    assert len({line["marker"]["symbol"] for line in figure["data"]}) == 2


def test_how_far_a_run_is_stands_there_before_its_plots(app: AppTest) -> None:
    trained("one", "cancelled")
    app.session_state["train"] = "Runs"
    app.run()
    assert "Cancelled" in words(app)
    assert not app.dataframe
    app.run()
    assert charts(app, "course-ua")
    part(app, "Launch")
    assert not part(app, "Runs", looks=1).dataframe  # each time it is opened
    assert part(app, "Runs").dataframe


def test_behind_the_form_it_stands_too_how_far_a_run_is(app: AppTest) -> None:
    """So the click on its part is answered at once; and a launch from the form leads to the new run all the same."""
    trained("one", "cancelled")
    app.run()
    assert "Cancelled" in words(app)
    assert app.selectbox(key="run").value == "one"
    app.button(key="quick-launch").click().run()
    assert not app.exception
    assert app.selectbox(key="run").value == list_jobs()[0].id != "one"
    assert "queued" in words(app).lower()


def test_the_latest_validation_as_a_matrix(app: AppTest) -> None:
    run = trained("run", "cancelled")
    part(app, "Runs")
    assert not charts(app, "run-confusion")
    run.write_confusion("training", 2, "[[3, 1, 0], [0, 2, 0], [1, 0, 3]]")
    app.session_state["confusion-open"] = True
    app.run()
    (figure,) = charts(app, "run-confusion")
    assert "acted angry, heard neutral: 1 of 4 clips" in json.dumps(figure)
    run.write_confusion("training", 3, "[[3]]")  # of another recipe
    app.run()
    assert not app.exception
    assert not charts(app, "run-confusion")


@pytest.mark.parametrize(
    ("status", "buttons"),
    [
        ("running", ["run-clone", "sure-Cancel"]),
        ("cancelled", ["run-clone", "run-resume", "sure-Delete"]),
        ("failed", ["run-clone", "run-resume", "sure-Delete"]),
    ],
)
def test_each_state_offers_what_makes_sense(app: AppTest, status: str, buttons: list[str]) -> None:
    run = trained("run", status)
    if status == "running":
        write_note(process_path(run), process())
    part(app, "Runs")
    assert not app.exception
    keys = [one.key for one in app.button if one.key and one.key.startswith(("run-", "sure-"))]
    assert sorted(keys) == buttons


def test_cancel_resume_and_delete(app: AppTest, tmp_path: Path) -> None:
    run = trained("run", "running")
    write_note(process_path(run), process())
    part(app, "Runs")
    app.button(key="sure-Cancel").click().run()
    assert stop_path(run).exists()
    assert "Stopping" in words(app)
    write_note(process_path(run), NOBODY)
    run.write_state(status="cancelled")
    app.run()
    app.button(key="run-resume").click().run()
    assert not stop_path(run).exists()
    write_note(process_path(run), NOBODY)
    run.write_state(status="failed", reason="It was the disk.")
    app.run()
    assert "It was the disk." in words(app)
    app.button(key="sure-Delete").click().run()
    assert not app.exception
    assert "No run yet" in words(app)
    assert (tmp_path / "runs" / ".trash" / "run" / "metrics.csv").is_file()


def test_a_clone_is_a_form_filled_in_with_what_would_have_fitted(app: AppTest) -> None:
    trained("large", "failed", reason="Batches of 4 do not fit.", fits=2)
    part(app, "Runs")
    app.button(key="run-clone").click().run()
    assert not app.exception
    assert "A copy of **large**" in words(app)
    assert next(one for one in app.number_input if one.label == "Batch size").value == 2


def test_the_clone_of_a_search_is_a_search(app: AppTest) -> None:
    run = trained("found", "done")
    order = read_note(order_path(run), Order)
    assert order
    space = {"training.learning_rate": Axis(low=1e-5, high=1e-2, log=True)}
    write_note(order_path(run), order.model_copy(update={"search": Search(space=space, trials=7, pruning=False)}))
    part(app, "Runs")
    app.button(key="run-clone").click().run()
    assert not app.exception
    assert app.text_area(key="train_space").value == "training.learning_rate=1e-05..0.01:log"
    assert app.number_input(key="train_trials").value == 7
    assert not app.checkbox(key="train_pruning").value


def test_a_partition_that_slurm_cannot_have_is_a_sentence(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "bin" / "sbatch"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    app.run()
    app.selectbox(key="train_device").select("slurm").run()
    app.text_input(key="train_partition").set_value("gpu,long").run()
    assert not app.exception
    assert not app.error
    app.text_input(key="train_partition").set_value("gpu; rm").run()
    assert not app.exception
    assert "partition" in app.error[0].value
    assert not [button for button in app.button if button.key == "launch"]


def test_what_it_learnt_is_kept_under_a_name(app: AppTest, trained_checkpoint: Callable[[Run], Card]) -> None:
    run = trained("run", "done")
    trained_checkpoint(run)
    part(app, "Runs")
    assert not app.exception
    assert "Its checkpoint is ready." in words(app)
    next(one for one in app.text_input if one.label == "Keep it as").set_value("ctmam-general").run()
    app.button(key="run-keep").click().run()
    assert "There is a checkpoint 'ctmam-general' already" in words(app)
    next(one for one in app.text_input if one.label == "Keep it as").set_value("mine").run()
    app.button(key="run-keep").click().run()
    assert "mine" in list_checkpoints()
    assert "Kept as **mine**" in words(app)


@pytest.fixture
def trained_checkpoint(tmp_path: Path) -> Callable[[Run], Card]:
    def finish(run: Run) -> Card:
        from ser_core.checkpoints import load_card

        shutil.copytree(tmp_path / "checkpoints" / "ctmam-general", run.checkpoint)
        return load_card(run.checkpoint)

    return finish


@pytest.mark.parametrize("damage", ["recipe", "state", "order", "metrics"])
def test_a_damaged_run_is_a_sentence(app: AppTest, damage: str) -> None:
    run = trained("broken", "cancelled")
    name = {"recipe": "recipe.toml", "state": "state.json", "order": "job.json", "metrics": "metrics.csv"}[damage]
    (run.folder / name).write_text("\x00 nonsense {", encoding="utf-8")
    for shown in ("Runs", "Sweeps", "Launch"):
        part(app, shown)
        assert not app.exception
    part(app, "Runs")
    assert Job(run).id in app.dataframe[0].value["Run"].tolist()
    app.button(key="run-clone").click().run()
    assert not app.exception


def test_every_emotion_can_be_a_label(app: AppTest) -> None:
    app.run()
    assert next(one for one in app.multiselect if one.label == "Labels").options == list(EMOTIONS)
