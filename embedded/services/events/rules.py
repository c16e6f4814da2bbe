"""Rules and their targets as EventBridge keeps, refuses and lists them, in the place of moto's.

Documented (API reference, PutTargets, ListRules, ListTargetsByRule; "Amazon EventBridge quotas"):
five targets a rule; the ids; a target with a known Id replaces that one and no other; a name prefix
is no pattern; lists come in parts. Inferred: the wording of the refusals; a list comes in parts of
50 unless told otherwise.
moto keeps the targets as they were sent, and gives them back so.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import ResourceNotFoundException, ValidationException
from moto.events.models import EventsBackend, Rule
from moto.events.responses import EventsHandler

from embedded.calls.paging import part
from embedded.services.read_lag import Reads

Target = dict[str, Any]
MOST_TARGETS = 5
PART = 50
_ID = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
_INPUTS = ("Input", "InputPath", "InputTransformer")
_LISTS = ("list_rules", "list_rule_names_by_target", "list_targets_by_rule")


def take_over(patches: ExitStack, reads: Reads[list[Target]]) -> None:
    """Let moto's EventBridge answer as below, until `patches` ends."""
    for name, ours in _operations(reads).items():
        patches.enter_context(patch.object(EventsBackend, name, ours))
    for name in _LISTS:
        patches.enter_context(
            patch.object(EventsHandler, name, _without_null(getattr(EventsHandler, name)))
        )


def refuse_targets(present: Sequence[Target], targets: Sequence[Target]) -> None:
    """Refuse what PutTargets does not take for a rule that has the `present` ones.

    Raises:
        ValidationException, JsonRESTError: as EventBridge refuses.
    """
    for target in targets:
        _refuse_target(target)
    if len({target["Id"] for target in (*present, *targets)}) > MOST_TARGETS:
        raise JsonRESTError(
            "LimitExceededException", "The requested resource exceeds the maximum number allowed."
        )


def _refuse_target(target: Target) -> None:
    arn = target["Arn"]
    if not _ID.fullmatch(target["Id"]):
        raise ValidationException(
            f"Value '{target['Id']}' at 'targets.member.id' failed to satisfy constraint: Member "
            r"must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+ and have at most 64 "
            "characters"
        )
    if sum(name in target for name in _INPUTS) > 1:
        raise ValidationException(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {arn}."
        )
    if "Input" in target and not _is_json(target["Input"]):
        raise ValidationException(f"JSON syntax error in input for target {arn}.")
    if arn.split(":")[2:3] != ["ecs"]:
        return
    if not target.get("RoleArn"):
        raise ValidationException(f"RoleArn is required for target {arn}.")
    if not (target.get("EcsParameters") or {}).get("TaskDefinitionArn"):
        raise ValidationException(f"EcsParameters is required for target {arn}.")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _operations(reads: Reads[list[Target]]) -> dict[str, Callable[..., Any]]:
    put_targets, remove_targets = EventsBackend.put_targets, EventsBackend.remove_targets

    def rules_of(backend: EventsBackend, bus: str | None) -> dict[str, Rule]:
        return backend._get_event_bus(backend._normalize_event_bus_arn(bus)).rules

    def remember(backend: EventsBackend, name: str, bus: str | None) -> Rule | None:
        rule = rules_of(backend, bus).get(name)
        if rule is not None:
            reads.changes(rule.arn, rule.targets)
        return rule

    def our_put_targets(
        backend: EventsBackend, name: str, event_bus_arn: str | None, targets: list[Target]
    ) -> None:
        rule = rules_of(backend, event_bus_arn).get(name)
        refuse_targets(rule.targets if rule else [], targets)
        remember(backend, name, event_bus_arn)
        put_targets(backend, name, event_bus_arn, targets)

    def our_remove_targets(
        backend: EventsBackend, name: str, event_bus_arn: str | None, ids: list[str]
    ) -> None:
        remember(backend, name, event_bus_arn)
        remove_targets(backend, name, event_bus_arn, ids)

    def list_rules(
        backend: EventsBackend,
        prefix: str | None = None,
        event_bus_arn: str | None = None,
        **paging: Any,
    ) -> tuple[list[Rule], str | None]:
        rules = rules_of(backend, event_bus_arn).values()
        return _part([each for each in rules if each.name.startswith(prefix or "")], **paging)

    def list_rule_names_by_target(
        backend: EventsBackend, target_arn: str, event_bus_arn: str | None, **paging: Any
    ) -> tuple[list[Rule], str | None]:
        rules = rules_of(backend, event_bus_arn).values()
        found = [each for each in rules if target_arn in {t["Arn"] for t in each.targets}]
        return _part(found, **paging)

    def list_targets_by_rule(
        backend: EventsBackend, rule_id: str, event_bus_arn: str | None, **paging: Any
    ) -> tuple[list[Target], str | None]:
        rule = rules_of(backend, event_bus_arn).get(rule_id)
        if rule is None:
            raise ResourceNotFoundException(f"Rule {rule_id} does not exist.")
        return _part(copy.deepcopy(reads.read(rule.arn, rule.targets)), **paging)

    return {
        "put_targets": our_put_targets,
        "remove_targets": our_remove_targets,
        "list_rules": list_rules,
        "list_rule_names_by_target": list_rule_names_by_target,
        "list_targets_by_rule": list_targets_by_rule,
    }


def _part(
    items: list[Any], next_token: str | None = None, limit: Any = None
) -> tuple[list[Any], str | None]:
    try:
        return part(items, int(limit or PART), next_token)
    except ValueError:
        raise ValidationException("The token is not valid.") from None


def _without_null(original: Callable[[EventsHandler], Any]) -> Callable[[EventsHandler], Any]:
    """A list's answer: the last part has no NextToken."""

    def answer(handler: EventsHandler) -> Any:
        text, headers = original(handler)
        body = json.loads(text)
        if body.get("NextToken") is None:
            body.pop("NextToken", None)
        return json.dumps(body), headers

    return answer
