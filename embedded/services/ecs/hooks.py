"""Lifecycle hooks as values: what is configured, one execution of a hook, what Lambda is sent.

Documented: "Lifecycle hooks for Amazon ECS service deployments", "Pause hooks …" and "Lambda hooks
for Amazon ECS service deployments": kinds, stages, statuses, time-outs, the payload, and the
weights that it has in each stage's example.
Inferred: the id of a Lambda hook is that of its execution.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LAMBDA, PAUSE = "AWS_LAMBDA", "PAUSE"
AWAITING, IN_PROGRESS, SUCCEEDED = "AWAITING_ACTION", "IN_PROGRESS", "SUCCEEDED"
FAILED, TIMED_OUT = "FAILED", "TIMED_OUT"
CONTINUE, ROLLBACK = "CONTINUE", "ROLLBACK"
ANSWERS = (SUCCEEDED, FAILED, IN_PROGRESS)
DAY_IN_MINUTES = 1440
CALL_BACK_DELAY = 30.0  # seconds


@dataclass(frozen=True)
class HookRun:
    """One execution of a hook, at one stage of one service deployment."""

    id: str
    kind: str
    stage: str
    status: str
    expires_at: datetime
    timeout_action: str
    arn: str | None = None  # of the Lambda function
    details: dict[str, Any] = field(default_factory=dict)  # hookDetails; replaced, never changed

    @property
    def active(self) -> bool:
        return self.status in (AWAITING, IN_PROGRESS)

    @property
    def failed(self) -> bool:
        """Whether it rolls the deployment back."""
        expired = self.status == TIMED_OUT and self.timeout_action == ROLLBACK
        return expired or self.status == FAILED


def kind_of(hook: dict[str, Any]) -> str:
    return str(hook.get("targetType") or LAMBDA)


def hooks_at(configuration: dict[str, Any], stage: str) -> list[dict[str, Any]]:
    """The hooks of a deployment configuration at this stage."""
    hooks = configuration.get("lifecycleHooks") or []
    return [hook for hook in hooks if stage in hook["lifecycleStages"]]


def timeout_of(hook: dict[str, Any]) -> tuple[int, str]:
    """Minutes, and what ECS does when they are over."""
    chosen = hook.get("timeoutConfiguration") or {}
    return int(chosen.get("timeoutInMinutes") or DAY_IN_MINUTES), chosen.get("action") or ROLLBACK


def merged(run_details: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """The hook details of the next invocation, after an answer IN_PROGRESS."""
    told = answer.get("hookDetails")
    return run_details | told if isinstance(told, dict) else run_details


def delay_of(answer: dict[str, Any]) -> float:
    """Seconds until the next invocation."""
    delay = answer.get("callBackDelay", CALL_BACK_DELAY)
    usable = isinstance(delay, int | float) and not isinstance(delay, bool) and delay >= 0
    return float(delay) if usable else CALL_BACK_DELAY


def status_in(answer: object) -> str:
    """The status that an answer tells; anything but the documented ones is FAILED."""
    told = answer.get("hookStatus") if isinstance(answer, dict) else None
    return str(told) if told in ANSWERS else FAILED
