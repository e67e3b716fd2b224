"""What a study file needs to know of its task."""

from collections.abc import Mapping, Set
from typing import Any, Protocol

from pydantic import BaseModel


class Workload(Protocol):
    """The part of a task that gives a study file its meaning."""

    name: str
    version: str
    """The training version: changes whenever the same configuration would train differently."""
    Config: type[BaseModel]
    """Every hyperparameter: default, range, meaning (declared with `spec.parameters.parameter`)."""

    @property
    def metrics(self) -> Mapping[str, Any]:
        """Metrics by full name (`ais.msa`)."""
        ...

    def without_effect(self, config: BaseModel) -> Set[str]:
        """Parameters (dotted; a group by its path) and replicate factors that cannot matter here."""
        ...
