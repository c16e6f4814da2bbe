"""Runs lifecycle hooks: starts them, takes answers and decisions, lets them time out.

Documented: "Lambda hooks for Amazon ECS service deployments", "Pause hooks for Amazon ECS service
deployments", "Continuing service deployments", "Amazon ECS service deployment hook state change
events". All hooks of a stage run in parallel.
Inferred: a Lambda function that does not exist fails its hook; a function is called
`Timings.hook` after its stage has begun; hooks that still run when a deployment rolls back, stops
or is replaced end without an event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from embedded.services.ecs.errors import InvalidParameter
from embedded.services.ecs.events import Events
from embedded.services.ecs.hooks import (
    AWAITING,
    CONTINUE,
    FAILED,
    IN_PROGRESS,
    PAUSE,
    SUCCEEDED,
    TIMED_OUT,
    HookRun,
    delay_of,
    hooks_at,
    kind_of,
    merged,
    status_in,
    timeout_of,
)
from embedded.services.ecs.service import Service
from embedded.services.ecs.service_deployments import ServiceDeployment
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.traffic import weights_at


class HookRuns:
    """Runs the hooks of one account and region; `decided` learns that one has ended."""

    def __init__(
        self, simulation: Simulation, events: Events, decided: Callable[[Service], None]
    ) -> None:
        self._simulation = simulation
        self._events = events
        self._decided = decided

    def start(self, service: Service, ongoing: ServiceDeployment, stage: str) -> None:
        """Start all hooks of a stage; those of the stage before are forgotten."""
        hooks = hooks_at(ongoing.configuration, stage)
        ongoing.hooks = tuple(self._new(hook, stage) for hook in hooks)
        for run, hook in zip(ongoing.hooks, hooks, strict=True):
            self._tell(ongoing, run)
            minutes, _ = timeout_of(hook)
            self._later(minutes * 60.0, self._expire, service, ongoing, run.id)
            if run.kind != PAUSE:
                wait = self._simulation.timings.hook
                self._later(wait, self._invoke, service, ongoing, run.id)

    def resolve(
        self, service: Service, ongoing: ServiceDeployment, hook_id: str, action: str
    ) -> None:
        """ContinueServiceDeployment.

        Raises:
            InvalidParameter: the hook does not await an action.
        """
        run = _active(service, ongoing, hook_id)
        if run is None or run.status != AWAITING or ongoing.status != "IN_PROGRESS":
            raise InvalidParameter(f"The hook {hook_id} does not await an action.")
        self._end(service, ongoing, run, SUCCEEDED if action == CONTINUE else FAILED)

    def _new(self, hook: dict[str, Any], stage: str) -> HookRun:
        minutes, action = timeout_of(hook)
        pauses = kind_of(hook) == PAUSE
        ids = self._simulation.ids
        return HookRun(
            id=f"ecs-pause-{ids.hook()}" if pauses else ids.dashed(),
            kind=kind_of(hook),
            stage=stage,
            status=AWAITING if pauses else IN_PROGRESS,
            expires_at=self._simulation.now() + timedelta(minutes=minutes),
            timeout_action=action,
            arn=None if pauses else hook["hookTargetArn"],
            details=dict(hook.get("hookDetails") or {}),
        )

    def _invoke(self, service: Service, ongoing: ServiceDeployment, hook_id: str) -> None:
        run = _active(service, ongoing, hook_id)
        if run is None or not ongoing.moves:
            return

        def answered(answer: object) -> None:
            self._later(0.0, self._answer, service, ongoing, hook_id, answer)

        payload = _payload(ongoing, run)
        function = self._simulation.hook_functions.get(str(run.arn))
        if function is not None:
            self._answer(service, ongoing, hook_id, _called(function, payload))
        elif self._simulation.invoke_lambda is None:
            self._end(service, ongoing, run, FAILED)
        else:
            self._simulation.invoke_lambda(str(run.arn), payload, answered)

    def _answer(
        self, service: Service, ongoing: ServiceDeployment, hook_id: str, answer: object
    ) -> None:
        run = _active(service, ongoing, hook_id)
        if run is None:
            return
        status = status_in(answer)
        if status != IN_PROGRESS or not isinstance(answer, dict):
            self._end(service, ongoing, run, status)
            return
        _put(ongoing, replace(run, details=merged(run.details, answer)))
        self._later(delay_of(answer), self._invoke, service, ongoing, hook_id)

    def _expire(self, service: Service, ongoing: ServiceDeployment, hook_id: str) -> None:
        run = _active(service, ongoing, hook_id)
        if run is not None and ongoing.moves:
            self._end(service, ongoing, run, TIMED_OUT)

    def _end(self, service: Service, ongoing: ServiceDeployment, run: HookRun, status: str) -> None:
        ended = replace(run, status=status)
        _put(ongoing, ended)
        self._tell(ongoing, ended)
        self._decided(service)

    def _tell(self, ongoing: ServiceDeployment, run: HookRun) -> None:
        ongoing.updated_at = self._simulation.now()
        self._events.hook_changed(ongoing, run)

    def _later(self, seconds: float, act: Callable[..., None], *arguments: Any) -> None:
        self._simulation.later(seconds, lambda: act(*arguments))


def _active(service: Service, ongoing: ServiceDeployment, hook_id: str) -> HookRun | None:
    """The execution, unless it has ended or its service deployment has."""
    found = (run for run in ongoing.hooks if run.id == hook_id and run.active)
    return next(found, None) if service.ongoing is ongoing else None


def _put(ongoing: ServiceDeployment, changed: HookRun) -> None:
    ongoing.hooks = tuple(changed if run.id == changed.id else run for run in ongoing.hooks)


def _called(function: Callable[[dict[str, Any]], object], payload: dict[str, Any]) -> object:
    """What the function answers; None, which is no answer, when it raises."""
    try:
        return function(payload)
    except Exception:
        return None


def _payload(ongoing: ServiceDeployment, run: HookRun) -> dict[str, Any]:
    """As in "Lambda hooks for Amazon ECS service deployments", Lifecycle payloads."""
    production, test = weights_at(ongoing, run.stage)
    payload: dict[str, Any] = {
        "executionId": run.id,
        "lifecycleStage": run.stage,
        "resourceArn": ongoing.arn,
        "executionDetails": {
            "serviceArn": ongoing.service_arn,
            "targetServiceRevisionArn": ongoing.target.revision.arn,
            "testTrafficWeights": test,
            "productionTrafficWeights": production,
        },
    }
    return payload | ({"hookDetails": run.details} if run.details else {})
