"""what a person types -> a service or a deployment that Slipway knows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.model.meant import meant
from cli.exits import Usage

if TYPE_CHECKING:
    from cli.functions import Functions

_DEPLOYMENT = re.compile(r"\d{8}t\d{6}-[a-z0-9-]+")
_SHORT = re.compile(r"[0-9a-f]{8}")
_SHOWN = 8  # names in an error


def is_deployment(word: str) -> bool:
    """Whether the word is a deployment's whole id."""
    return _DEPLOYMENT.fullmatch(word) is not None


def service_named(functions: Functions, given: str) -> str:
    """CLUSTER/SERVICE of what was given; a whole name is left to Slipway's functions.

    Raises:
        Usage: when no service, or more than one, has the given part.
    """
    if "/" in given:
        return given
    return chosen(given, functions.call("status", {"names": True})["services"])


def chosen(given: str, services: Sequence[str]) -> str:
    """The one service whose name is `given`, or else contains it.

    Raises:
        Usage: when it is none, or more than one.
    """
    exact = [service for service in services if given in {service, service.split("/")[-1]}]
    found = exact or [service for service in services if given in service]
    if len(found) == 1:
        return found[0]
    if found:
        raise Usage(f"{given!r} may be {_listed(found, 'or')}. Next: give more of the name")
    names = {service.split("/")[-1]: service for service in services}
    near = [names[name] for name in meant(given, names)]
    if near:
        raise Usage(f"No service has {given!r} in its name. Did you mean {_listed(near, 'or')}?")
    raise Usage(f"No service has {given!r} in its name; this stage has {_listed(services, 'and')}")


def record_named(functions: Functions, given: str) -> dict[str, Any]:
    """The record of a deployment's id or its last eight characters, or a service's newest one.

    Raises:
        Usage: when nothing has this name, or the service has no deployment yet.
        Declined: when Slipway does not know the deployment.
    """
    if is_deployment(given):
        return detailed(functions, given)
    if _SHORT.fullmatch(given):
        records = functions.call("status", {})["deployments"]
        found = [one for one in records if one["deployment"].endswith(f"-{given}")]
        if found:
            return detailed(functions, found[0]["deployment"])
    service = service_named(functions, given)
    records = functions.call("status", {"service": service})["deployments"]
    if not records:
        raise Usage(f"{service} has no deployment yet")
    return detailed(functions, records[0]["deployment"])


def detailed(functions: Functions, deployment: str) -> dict[str, Any]:
    """A deployment's record with its timeline and its notices."""
    record: dict[str, Any] = functions.call("status", {"deployment": deployment})["deployments"][0]
    return record


def _listed(names: Sequence[str], last: str) -> str:
    shown = list(names[:_SHOWN])
    if more := len(names) - len(shown):
        return f"{', '.join(shown)} and {more} more"
    return f" {last} ".join(filter(None, [", ".join(shown[:-1]), shown[-1]])) if shown else "none"
