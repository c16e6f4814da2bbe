"""EventBridge Scheduler's schedules -> what they name: implements `ScheduleTargets`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress

from botocore.exceptions import ClientError

from chalicelib.aws.clients import client
from chalicelib.aws.errors import code_of, translated
from chalicelib.errors import Refused

_PAGE = 100
_MOST_PAGES = 100
_MOST = 500  # schedules with an ECS target: each is read by itself
_BY_API = ":aws-sdk:ecs:"  # in the ARN of a target that calls ECS by its API


class ScheduleTargets:
    """The schedules of one account and region, of all groups."""

    def task_definitions(self) -> Sequence[str]:
        """Return what the ECS targets of all schedules name: ARNs, or the JSON of a request.

        A target is a cluster, or ECS' API (Scheduler user guide, "Using templated targets" and
        "Using universal targets"). Schedules that are disabled are among them.

        Raises:
            Refused: when there are more schedules than are read.
        """
        with translated("read the schedules that run tasks"):
            found = list(_of_ecs())
            if len(found) > _MOST:
                raise Refused(f"more than {_MOST} schedules run tasks, and Slipway reads no more")
            return tuple(_named(group, name) for group, name in found)


def _of_ecs() -> Iterator[tuple[str, str]]:
    """Yield the group and name of each schedule that has a target of ECS.

    Raises:
        Refused: when there are more than a hundred pages.
    """
    pages = (
        client("scheduler")
        .get_paginator("list_schedules")
        .paginate(PaginationConfig={"PageSize": _PAGE})
    )
    for count, page in enumerate(pages):
        if count >= _MOST_PAGES:
            raise Refused(f"there are more than {_PAGE * _MOST_PAGES:,} schedules")
        for schedule in page["Schedules"]:
            arn = schedule["Target"]["Arn"]
            if _BY_API in arn or ":cluster/" in arn:
                yield schedule["GroupName"], schedule["Name"]


def _named(group: str, name: str) -> str:
    """Return the task definition of a schedule's target, or its whole input.

    It is empty when the schedule is gone meanwhile: one for a single time deletes itself.
    """
    try:
        target = client("scheduler").get_schedule(GroupName=group, Name=name)["Target"]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return ""
        raise
    if _BY_API not in target["Arn"]:
        return str(target.get("EcsParameters", {}).get("TaskDefinitionArn", ""))
    text = str(target.get("Input", ""))
    with suppress(ValueError):  # it may be no JSON
        return json.dumps(json.loads(text), ensure_ascii=False)  # without escapes in names
    return text
