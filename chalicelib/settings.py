"""environment variables -> settings: read what the template sets for a function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from chalicelib.errors import Refused
from chalicelib.model.base import Frozen

_VARIABLES = {
    "stage": "STAGE",
    "region": "AWS_REGION",
    "table": "LEDGER_TABLE",
    "topic": "NOTICES_TOPIC_ARN",
    "state_machine": "STATE_MACHINE_ARN",
    "retention_days": "RETENTION_DAYS",
    "metrics": "METRICS",
}


class Settings(Frozen):
    """The settings of one function. A setting that the function does not use may be empty."""

    stage: str
    region: str
    table: str
    topic: str = ""
    state_machine: str = ""
    retention_days: int = 400
    metrics: Literal["no", "yes"] = "no"  # whether CloudWatch is told how deployments end


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Return the settings that an environment holds.

    Raises:
        Refused: when a variable is missing; the message names it.
    """
    found = {field: environment.get(name, "") for field, name in _VARIABLES.items()}
    for field in ("stage", "region", "table"):
        if not found[field]:
            raise Refused(f"the environment variable {_VARIABLES[field]} is not set")
    return Settings.model_validate({field: value for field, value in found.items() if value})
