"""The five published systems.  `create` builds one; importing this package registers them all."""

from ser_core.models import ast as _ast  # noqa: F401
from ser_core.models import ctmam as _ctmam  # noqa: F401  (importing a system registers it)
from ser_core.models import mhsa_faca as _mhsa_faca  # noqa: F401
from ser_core.models import raw_baselines as _raw_baselines  # noqa: F401
from ser_core.models import septr as _septr  # noqa: F401
from ser_core.models import serct as _serct  # noqa: F401
from ser_core.models import svm as _svm  # noqa: F401
from ser_core.models import tf_transformer as _tf_transformer  # noqa: F401
from ser_core.models import vit_vertical as _vit_vertical  # noqa: F401
from ser_core.models.base import System, count_parameters
from ser_core.models.cost import Cost, cost_of, describe_systems
from ser_core.models.registry import create, create_from, list_systems, list_variants, system_class, variant_config

__all__ = [
    "Cost",
    "System",
    "cost_of",
    "count_parameters",
    "create",
    "create_from",
    "describe_systems",
    "list_systems",
    "list_variants",
    "system_class",
    "variant_config",
]
