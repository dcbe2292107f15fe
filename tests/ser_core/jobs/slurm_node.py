"""A real SLURM of one node on the loopback address, for as long as a test needs it.

Debian's packages slurm-wlm and munge, started as root with a configuration, key and state of their own; a SLURM that
is already here is left alone.  `python -m tests.ser_core.jobs.slurm_node` keeps one up until Ctrl-C.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ser_core.jobs.places import until

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
SlurmctldPort={controller}
SlurmdPort={node}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1
KillWait=2
MailProg=/bin/true
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str:
    """Why there can be no SLURM here, empty where there can."""
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        return f"no SLURM here: {', '.join(missing)} missing (apt-get install slurm-wlm munge)"
    return "" if os.geteuid() == 0 else "a SLURM node for tests is started as root"


@contextmanager
def slurm() -> Iterator[Path]:
    """Start munge, the controller and the node; end them.  Sets SLURM_CONF for this process and its children."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))  # a socket's path has to be short
    started: list[subprocess.Popen[bytes]] = []
    before = os.environ.get("SLURM_CONF")
    try:
        folder.chmod(0o755)
        for name in ("munge", "state", "spool"):
            (folder / name).mkdir(mode=0o755)
        key = folder / "munge" / "key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        started.append(
            run(
                "munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge/socket",
                f"--pid-file={folder}/munge/pid", f"--log-file={folder}/munge/log", f"--seed-file={folder}/munge/seed",
            )
        )  # fmt: skip
        until((folder / "munge" / "socket").exists, started[-1].pid)
        configuration = CONFIGURATION.format(
            host=socket.gethostname().partition(".")[0], folder=folder, cpus=os.cpu_count(),
            controller=free_port(), node=free_port(),
        )  # fmt: skip
        (folder / "slurm.conf").write_text(configuration)
        os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
        started.append(run("slurmctld", "-D"))
        started.append(run("slurmd", "-D"))
        until(lambda: "idle" in answer("sinfo", "-h", "-o", "%T"), started[-1].pid)
        yield folder
    finally:
        for process in reversed(started):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if before is None:
            os.environ.pop("SLURM_CONF", None)
        else:
            os.environ["SLURM_CONF"] = before
        shutil.rmtree(folder, ignore_errors=True)


def run(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def answer(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    with slurm() as where:
        print(f"export SLURM_CONF={where}/slurm.conf")
        signal.pause()
