"""Trainings that outlive whoever launched them: on this computer, or on a cluster.

The run folder is the truth about a job: whoever looks at it sees the same, whichever application launched it.
"""

from ser_core.jobs.actions import cancel, clone, delete, keep, launch, resume
from ser_core.jobs.devices import Device, probe_devices
from ser_core.jobs.estimate import Estimate, estimate
from ser_core.jobs.folder import Cluster, checked
from ser_core.jobs.job import ENDED, Job, State, Status, get_job, list_jobs
from ser_core.permission import AT_THE_SHELL, Permission, Throttle, may_act

__all__ = [
    "AT_THE_SHELL",
    "ENDED",
    "Cluster",
    "Device",
    "Estimate",
    "Job",
    "Permission",
    "State",
    "Status",
    "Throttle",
    "cancel",
    "checked",
    "clone",
    "delete",
    "estimate",
    "get_job",
    "keep",
    "launch",
    "list_jobs",
    "may_act",
    "probe_devices",
    "resume",
]
