"""What there is to train on: shown at once, looked up behind the page's back."""

from __future__ import annotations

import shutil
import threading
import time

import streamlit as st

from ser_core.errors import JobError
from ser_core.jobs.devices import Device, probe_devices, this_cpu, with_runs
from ser_core.jobs.folder import Cluster, checked
from ser_core.jobs.room import size

FRESH = 30.0  # seconds between two looks at the GPUs
NO_GPU = 600.0  # where there was none at the last look
SLURM = "slurm"


class Lookout:
    """The GPUs as they were a moment ago.  Looking takes a child process and seconds, so a thread does it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._gpus: list[Device] | None = None
        self._looked = float("-inf")
        self._looking = False

    def gpus(self) -> list[Device] | None:
        """None until the first look is done.  Never waits."""
        with self._guard:
            fresh = FRESH if self._gpus else NO_GPU
            if not self._looking and time.monotonic() - self._looked > fresh:
                self._looking = True
                threading.Thread(target=self._look, daemon=True).start()
            return self._gpus

    def _look(self) -> None:
        try:
            found = [device for device in probe_devices(FRESH / 2) if device.id != "cpu"]
        except JobError:
            found = []
        with self._guard:
            self._gpus, self._looked, self._looking = found, time.monotonic(), False


@st.cache_resource(show_spinner=False)
def _lookout() -> Lookout:
    return Lookout()


def pick_device() -> tuple[str, Cluster | None]:
    """Draw the list of devices.  Returns the chosen one's id, and what the cluster is asked for where that is it.

    Raises JobError where the cluster cannot be asked for that.
    """
    gpus = _lookout().gpus()
    here = {device.id: device for device in with_runs([this_cpu(), *(gpus or [])])}
    options = list(here)
    if len(here) > 2:
        options.append("cuda")  # the first that is free
    if shutil.which("sbatch"):
        options.append(SLURM)
    chosen = st.selectbox(
        "Device",
        options,
        format_func=lambda name: f"{name} · {here[name].name}" if name in here else elsewhere(name),
        key="train_device",
        help="A job that finds its device taken waits in line: first come, first served.",
    )
    if chosen in here:
        st.caption(in_words(here[chosen]))
    if gpus is None:
        _wait()
    return (chosen, None) if chosen != SLURM else ("cpu", pick_cluster())


@st.fragment(run_every=1)
def _wait() -> None:
    """Until the first look is done; then the page is drawn anew, with what was found."""
    if _lookout().gpus() is not None:
        st.rerun()
    st.caption("Looking for GPUs …")


def in_words(device: Device) -> str:
    load = "" if device.load is None else f", {100 * device.load:.0f}% busy"
    count = len(device.runs)
    named = ", ".join(device.runs[:3]) + (f" and {count - 3} more" if count > 3 else "")
    runs = f"{count} run{'s' * (count > 1)} on it or in line: {named}" if count else "No run on it"
    return f"Memory: {size(device.free)} of {size(device.memory)} free{load}. {runs}."


def elsewhere(name: str) -> str:
    return "cuda · the first GPU that is free" if name == "cuda" else "SLURM · the cluster's own line"


def pick_cluster() -> Cluster:
    """What SLURM is asked for.  Raises JobError where a value will not do."""
    help_of = {name: field.description for name, field in Cluster.model_fields.items()}
    columns = st.columns(3)
    partition = columns[0].text_input("Partition", key="train_partition", help=help_of["partition"])
    nodes = columns[1].number_input("Nodes", 1, 64, 1, key="train_nodes")
    gpus = columns[2].number_input("GPUs per node", 0, 64, 1, key="train_gpus", help=help_of["gpus"])
    cpus = columns[0].number_input("Cores per process", 1, 512, 4, key="train_cpus", help=help_of["cpus"])
    hours = columns[1].number_input(
        "Hours", 1, 24 * 60, 24, key="train_hours", help="SLURM ends the job after so many."
    )
    requeue = columns[2].checkbox("Go on after it was displaced", True, key="train_requeue")
    processes = max(1, gpus) * nodes
    if processes > 1:
        st.caption(
            f"{processes} processes share every batch. On processors batch norm's statistics then differ per process; "
            "on GPUs they are shared (SyncBatchNorm)."
        )
    return checked(
        Cluster, partition=partition.strip(), nodes=nodes, gpus=gpus, cpus=cpus, minutes=60 * hours, requeue=requeue
    )
