"""two task definitions -> the changes that people may see: names, and values that hold no secret.

A value is shown only for the fields that are listed here. The others may hold a secret:
environment, secrets, a command, labels, options of a log driver, what a newer ECS adds. Only their
names are told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.definition.compare import changes
from chalicelib.explain.mask import safe_line
from chalicelib.explain.text import brief
from chalicelib.model.base import Frozen

_LONGEST = 400  # characters of a value: an image's URI with tag and digest fits
_OF_THE_WHOLE = {
    "family", "cpu", "memory", "networkMode", "pidMode", "ipcMode", "taskRoleArn",
    "executionRoleArn", "enableFaultInjection", "runtimePlatform.cpuArchitecture",
    "runtimePlatform.operatingSystemFamily", "ephemeralStorage.sizeInGiB",
}  # fmt: skip
_OF_A_CONTAINER = {
    "image", "cpu", "memory", "memoryReservation", "essential", "privileged",
    "readonlyRootFilesystem", "startTimeout", "stopTimeout", "versionConsistency",
    "healthCheck.interval", "healthCheck.timeout", "healthCheck.retries", "healthCheck.startPeriod",
    "logConfiguration.logDriver",
}  # fmt: skip
_SHOWN = frozenset(
    (
        *(tuple(path.split(".")) for path in _OF_THE_WHOLE),
        *(("containerDefinitions", "[]", *path.split(".")) for path in _OF_A_CONTAINER),
    )
)
_PORTS = ("containerDefinitions", "[]", "portMappings")


class Change(Frozen):
    """A field that changes, as `changed_fields` names it; a value is None where none is shown."""

    field: str
    before: str | None = None
    after: str | None = None


def shown_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the fields that differ, sorted by name, with the values that may be shown."""
    return tuple(
        Change(
            field=change.name,
            before=_shown(change.keys, change.before),
            after=_shown(change.keys, change.after),
        )
        for change in changes(before, after)
    )


def _shown(keys: tuple[str, ...], value: Any) -> str | None:
    if keys == _PORTS:
        return _ports(value)
    if keys not in _SHOWN or not isinstance(value, str | int | float):
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return brief(safe_line(text), _LONGEST)


def _ports(value: Any) -> str | None:
    """Return the ports of a container in the manner of `8080/tcp, 80:8081/udp`, and no name."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    return brief(", ".join(_port(mapping) for mapping in value), _LONGEST)


def _port(mapping: Any) -> str:
    if not isinstance(mapping, Mapping):
        return "?"
    inner, outer = mapping.get("containerPort"), mapping.get("hostPort")
    numbers = [str(port) for port in (outer, inner) if isinstance(port, int) and port]
    protocol = mapping.get("protocol", "tcp")
    ports = ":".join(dict.fromkeys(numbers)) or "?"
    return f"{ports}/{protocol if protocol in {'tcp', 'udp'} else '?'}"
