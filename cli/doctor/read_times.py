"""The function `status` -> how long recent deployments of a service took, as Slipway measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from cli.doctor.asking import Asking
from cli.doctor.facts import Measured
from cli.package.names import function_name

_LAST = 5  # deployments


def measured(asking: Asking, stage: str, service: str) -> Measured | None:
    """The medians of the last five successful deployments whose times are known; else None.

    A stack that is not there, or that is of an earlier release, has measured nothing.
    """
    answer = asking.ask(
        f"the times of {service}",
        "lambda:invoke",
        absent=("ResourceNotFoundException",),
        FunctionName=function_name(stage, "status"),
        Payload=json.dumps({"service": service}).encode(),
    )
    if not answer or "Payload" not in answer or "FunctionError" in answer:
        return None
    found = list(_phases(answer["Payload"].read()))[:_LAST]
    if not found:
        return None
    return Measured(
        deployments=len(found),
        pull=median(_seconds(phases, "pulling") for phases in found),
        start=median(_seconds(phases, "capacity", "starting") for phases in found),
    )


def _phases(reply: bytes) -> Iterator[Mapping[str, Any]]:
    """The phases of each successful deployment in the reply that pulled an image, newest first."""
    try:
        told = json.loads(reply)
    except ValueError:
        return
    records = told.get("deployments", ()) if isinstance(told, dict) else ()
    for record in records:
        phases = record.get("phases") or {}
        if record.get("status") == "SUCCESSFUL" and "pulling" in phases:
            yield phases


def _seconds(phases: Mapping[str, Any], *names: str) -> float:
    return sum(float(phases.get(name, 0)) for name in names)
