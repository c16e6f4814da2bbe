"""What CreateService and UpdateService refuse of lifecycle hooks; all wording is inferred.

Documented, "Pause hooks …" and "Lambda hooks for Amazon ECS service deployments": at most ten of
each kind; their stages and time-outs; pause hooks have no target and no role. API reference,
DeploymentLifecycleHook: a Lambda hook has a target.
Inferred: a Lambda hook without a role is refused, and so is a hook without a stage.
"""

from __future__ import annotations

from typing import Any

from embedded.services.ecs.errors import InvalidParameter
from embedded.services.ecs.hooks import (
    CONTINUE,
    DAY_IN_MINUTES,
    LAMBDA,
    PAUSE,
    ROLLBACK,
    kind_of,
    timeout_of,
)

MOST_OF_A_KIND = 10
_NEVER_PAUSED = frozenset({"TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"})
_STAGES = _NEVER_PAUSED | {
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
}
_LONGEST = {LAMBDA: DAY_IN_MINUTES, PAUSE: 14 * DAY_IN_MINUTES}


def refuse_hooks(configuration: dict[str, Any]) -> None:
    """Raise what ECS answers to wrong `lifecycleHooks`."""
    hooks = configuration.get("lifecycleHooks") or []
    for hook in hooks:
        kind = kind_of(hook)
        if kind not in _LONGEST:
            raise InvalidParameter(f"Invalid targetType of a lifecycle hook: {kind}.")
        _refuse_stages(hook, kind)
        _refuse_target(hook, kind)
        _refuse_timeout(hook, kind)
    for kind in _LONGEST:
        if sum(kind_of(hook) == kind for hook in hooks) > MOST_OF_A_KIND:
            raise InvalidParameter(
                f"A service cannot have more than {MOST_OF_A_KIND} {kind} lifecycle hooks."
            )


def _refuse_stages(hook: dict[str, Any], kind: str) -> None:
    stages = set(hook.get("lifecycleStages") or [])
    if not stages:
        raise InvalidParameter("A lifecycle hook requires lifecycleStages.")
    wrong = stages - _STAGES or (stages & _NEVER_PAUSED if kind == PAUSE else set())
    if wrong:
        raise InvalidParameter(
            f"{kind} lifecycle hooks cannot be configured at {', '.join(sorted(wrong))}."
        )


def _refuse_target(hook: dict[str, Any], kind: str) -> None:
    for member in ("hookTargetArn", "roleArn"):
        if kind == LAMBDA and not hook.get(member):
            raise InvalidParameter(f"An {LAMBDA} lifecycle hook requires {member}.")
        if kind == PAUSE and hook.get(member):
            raise InvalidParameter(f"A {PAUSE} lifecycle hook takes no {member}.")


def _refuse_timeout(hook: dict[str, Any], kind: str) -> None:
    chosen = hook.get("timeoutConfiguration") or {}
    minutes, action = timeout_of(hook)
    if not 1 <= chosen.get("timeoutInMinutes", minutes) <= _LONGEST[kind]:
        raise InvalidParameter(
            f"timeoutInMinutes of an {kind} lifecycle hook must be between 1 and {_LONGEST[kind]}."
        )
    if action not in (CONTINUE, ROLLBACK):
        raise InvalidParameter(f"Invalid timeout action: {action}.")
