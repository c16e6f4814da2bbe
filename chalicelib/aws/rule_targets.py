"""EventBridge's rules -> the task definitions that they name: implements `RuleTargets`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.clients import client
from chalicelib.aws.errors import code_of, translated
from chalicelib.errors import Refused

_MOST_PAGES = 100  # of each list


class RuleTargets:
    """The rules of one account and region, on all its event buses."""

    def task_definitions(self, clusters: Sequence[str]) -> Sequence[str]:
        """Return what the ECS targets of all rules name: an ARN with or without its revision.

        The target of such a rule is a cluster (API reference, EcsParameters). Rules that are
        disabled are among them.

        Raises:
            Refused: when there are more buses, rules or targets than are read.
        """
        with translated("read the rules that run tasks"):
            return tuple(
                name
                for bus in _all(client("events").list_event_buses, "EventBuses")
                for rule in _rules(str(bus["Name"]), clusters)
                for name in _named(str(bus["Name"]), rule)
            )


def _rules(bus: str, clusters: Sequence[str]) -> Sequence[str]:
    """Return the names of the bus' rules that have one of these clusters as target."""
    method = client("events").list_rule_names_by_target
    found = {
        str(rule)
        for cluster in clusters
        for rule in _all(method, "RuleNames", TargetArn=cluster, EventBusName=bus)
    }
    return sorted(found)


def _named(bus: str, rule: str) -> Sequence[str]:
    """Return what the rule's ECS targets name; nothing when the rule is gone meanwhile."""
    method = client("events").list_targets_by_rule
    try:
        targets = list(_all(method, "Targets", Rule=rule, EventBusName=bus))
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return ()
        raise
    named = (target.get("EcsParameters", {}).get("TaskDefinitionArn") for target in targets)
    return tuple(filter(None, named))


def _all(method: Callable[..., Any], key: str, **filters: str) -> Iterator[Any]:
    """Yield the items of all pages of a list.

    Raises:
        Refused: when there are more than a hundred pages.
    """
    for _ in range(_MOST_PAGES):
        answer = method(**filters)
        yield from answer[key]
        if not (token := answer.get("NextToken")):
            return
        filters["NextToken"] = token
    raise Refused(f"EventBridge lists more {key} than Slipway reads")
