"""EventBridge's rules, EventBridge Scheduler's schedules -> scheduled tasks: `ScheduledTasks`.

PutTargets and UpdateSchedule replace a target or a schedule as a whole. So both travel as raw JSON
(`aws/raw.py`), in which one value is changed: the ARN of the task definition.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.clients import client, client_once
from chalicelib.aws.errors import code_of, translated
from chalicelib.aws.raw import raw_answers, raw_request
from chalicelib.errors import Refused, Unavailable
from chalicelib.model.scheduled import FollowSettings, Kind, ScheduledTask, ScheduledTasksFound
from chalicelib.model.task_definitions import short_name

# In GetSchedule's answer, not in the body of UpdateSchedule's request, which has the name in its
# path (EventBridge Scheduler API reference); a test holds this set against botocore's model.
RESPONSE_ONLY = frozenset({"Arn", "CreationDate", "LastModificationDate", "Name"})
UNIVERSAL = ":aws-sdk:ecs:runTask"
_MOST_PAGES = 5
_NOT_FOUND = "ResourceNotFoundException"
_IN_CONFLICT = "ConflictException"  # UpdateSchedule: something else changes it at this moment


class ScheduledTasks:
    """The scheduled tasks of one account and region."""

    def found(self, settings: FollowSettings) -> ScheduledTasksFound:
        """Return the ECS targets of all rules and schedules that the settings name.

        Rules are those of the default event bus. Where a name ends in `*`, AWS lists by prefix.
        """
        tasks: list[ScheduledTask] = []
        missing: list[str] = []
        for pattern in settings.rules:
            own = [task for rule in _rules(pattern) for task in _rule_tasks(rule)]
            tasks += own
            missing += [] if own else [f"rule {pattern}"]
        for pattern in settings.schedules:
            named = (_schedule_task(schedule) for schedule in _schedules(pattern))
            own = [task for task in named if task is not None]
            tasks += own
            missing += [] if own else [f"schedule {pattern}"]
        by_key = {(task.kind, task.name, task.target): task for task in tasks}
        return ScheduledTasksFound(tasks=tuple(by_key.values()), missing=tuple(missing))

    def scheduled_task(self, kind: Kind, name: str, target: str) -> ScheduledTask | None:
        """Return the scheduled task as AWS shows it now; None when it does not exist."""
        if kind == "schedule":
            return _schedule_task(name)
        return next((task for task in _rule_tasks(name) if task.target == target), None)

    def move(self, task: ScheduledTask, revision: str) -> None:
        """Send PutTargets or UpdateSchedule once, with the task definition's ARN changed only.

        Raises:
            Refused: when AWS does not take the target or the schedule.
        """
        if task.kind == "rule":
            _put_target(task, revision)
        else:
            _update_schedule(task, revision)


def _rules(pattern: str) -> Iterator[str]:
    """Yield the names of the rules; a name without `*` is itself."""
    if not pattern.endswith("*"):
        yield pattern
        return
    with translated(f"list the rules {pattern}"):
        filters = {"NamePrefix": pattern[:-1]} if pattern[:-1] else {}
        pages = client("events").get_paginator("list_rules").paginate(**filters)
        found = [one for page in islice(pages, _MOST_PAGES) for one in page["Rules"]]
    yield from (str(one["Name"]) for one in found)


def _rule_tasks(rule: str) -> list[ScheduledTask]:
    """Return the ECS targets of a rule; none where there is no such rule."""
    events = client("events")
    with translated(f"read the targets of the rule {rule}"):
        try:
            with raw_answers(events, "ListTargetsByRule") as bodies:
                pages = events.get_paginator("list_targets_by_rule").paginate(Rule=rule)
                list(islice(pages, _MOST_PAGES))
        except ClientError as error:
            if code_of(error) == _NOT_FOUND:
                return []
            raise
    targets = (target for body in bodies for target in json.loads(body).get("Targets", ()))
    return [
        ScheduledTask(
            kind="rule",
            name=rule,
            target=str(target["Id"]),
            task_definition=str(target["EcsParameters"].get("TaskDefinitionArn", "")),
            cluster=short_name(str(target.get("Arn", ""))),
            body=target,
        )
        for target in targets
        if "EcsParameters" in target
    ]


def _schedules(pattern: str) -> Iterator[str]:
    """Yield `GROUP/NAME` of the schedules; a name without `*` is itself."""
    if not pattern.endswith("*"):
        yield pattern
        return
    group, prefix = pattern[:-1].split("/")
    filters = {"GroupName": group, **({"NamePrefix": prefix} if prefix else {})}
    with translated(f"list the schedules {pattern}"):
        pages = client("scheduler").get_paginator("list_schedules").paginate(**filters)
        found = [one for page in islice(pages, _MOST_PAGES) for one in page["Schedules"]]
    yield from (f"{group}/{one['Name']}" for one in found)


def _schedule_task(schedule: str) -> ScheduledTask | None:
    """Return the schedule, if its target starts ECS tasks; None if it does not, or is not there."""
    group, name = schedule.split("/")
    scheduler = client("scheduler")
    with translated(f"read the schedule {schedule}"):
        try:
            with raw_answers(scheduler, "GetSchedule") as bodies:
                scheduler.get_schedule(GroupName=group, Name=name)
        except ClientError as error:
            if code_of(error) == _NOT_FOUND:
                return None
            raise
    body = json.loads(bodies[-1])
    target = body.get("Target", {})
    settings = target.get("EcsParameters")
    if settings is None and not str(target.get("Arn", "")).endswith(UNIVERSAL):
        return None
    return ScheduledTask(
        kind="schedule",
        name=schedule,
        task_definition=str((settings or {}).get("TaskDefinitionArn", "")),
        cluster=short_name(str(target.get("Arn", ""))) if settings else "",
        body=body,
    )


def _put_target(task: ScheduledTask, revision: str) -> None:
    target = _with_revision(task.body, revision)
    events = client_once("events")
    with (
        translated(f"change the rule {task.name}"),
        raw_request(events, "PutTargets", {"Rule": task.name, "Targets": [target]}),
    ):
        answer = events.put_targets(
            Rule=task.name, Targets=[{"Id": task.target, "Arn": str(target["Arn"])}]
        )
    if failed := answer.get("FailedEntries"):
        code, words = failed[0].get("ErrorCode", ""), failed[0].get("ErrorMessage", "")
        told = f"could not change the rule {task.name}: {words or code}"
        raise Unavailable(told) if "Concurrent" in code else Refused(told)


def _update_schedule(task: ScheduledTask, revision: str) -> None:
    group, name = task.name.split("/")
    body = {key: value for key, value in task.body.items() if key not in RESPONSE_ONLY}
    body = {**body, "GroupName": group, "Target": _with_revision(body["Target"], revision)}
    scheduler = client_once("scheduler")
    target = {key: str(body["Target"].get(key, "")) for key in ("Arn", "RoleArn")}
    with translated(f"change the schedule {task.name}"):
        try:
            with raw_request(scheduler, "UpdateSchedule", body):
                scheduler.update_schedule(
                    Name=name,
                    GroupName=group,
                    ScheduleExpression=str(body.get("ScheduleExpression", "")),
                    FlexibleTimeWindow={"Mode": "OFF"},  # asked for; `body` is what is sent
                    Target=target,
                )
        except ClientError as error:
            if code_of(error) == _IN_CONFLICT:
                told = f"could not change the schedule {task.name} yet: AWS answered {_IN_CONFLICT}"
                raise Unavailable(told) from error
            raise


def _with_revision(target: Mapping[str, Any], revision: str) -> dict[str, Any]:
    return {**target, "EcsParameters": {**target["EcsParameters"], "TaskDefinitionArn": revision}}
