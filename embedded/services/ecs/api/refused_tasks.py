"""What RunTask refuses.

Documented (API reference, RunTask and ContainerOverride): the limits, which parameters exclude each
other, that `awsvpc` needs a network configuration and other modes take none, that SERVICE cannot
be propagated, that a volume configured at launch needs its configuration.
Reported: the words about networks (aws-actions deploy#616, #802), containers (django-ecsmanage#21),
inactive revisions (defang#775) and clusters without instances (amazon-ecs-cli#1122). All others are
inferred, and so is the order of the checks.
"""

from __future__ import annotations

import json
import re
from typing import Any

from embedded.services.ecs.definitions import TaskDefinition
from embedded.services.ecs.errors import InvalidParameter, PlatformUnknown
from embedded.services.ecs.registration import compatibilities, refuse_reserved_tags
from embedded.services.ecs.tasks import SERVICE_GROUP

MOST_TASKS = 10
MOST_TAGS = 50
MOST_OVERRIDES = 8192  # characters of JSON
MOST_PROVIDERS, MOST_CONSTRAINTS, MOST_STRATEGIES = 20, 10, 5
PLATFORMS = ("LATEST", "1.4.0", "1.3.0")  # of Linux on Fargate
_STARTED_BY = re.compile(r"[A-Za-z0-9/_-]{1,128}")
_TOKEN = re.compile(r"[!-~]{1,64}")  # the characters 33 to 126

Request = dict[str, Any]


def refuse_parameters(request: Request) -> None:
    """Refuse what is wrong whatever the task definition and the cluster are."""
    _refuse_numbers(request)
    _refuse_names(request)
    refuse_reserved_tags(request.get("tags") or [])
    if request.get("propagateTags") == "SERVICE":
        raise InvalidParameter("Tags can only be propagated from the task definition.")
    if request.get("launchType") and request.get("capacityProviderStrategy"):
        raise InvalidParameter(
            "Specifying both a launch type and capacity provider strategy is not supported. "
            "Remove one and try again."
        )


def _refuse_numbers(request: Request) -> None:
    count = request.get("count")
    if count is not None and not 1 <= int(count) <= MOST_TASKS:
        raise InvalidParameter(f"count must be between 1 and {MOST_TASKS}.")
    for name, most in (
        ("capacityProviderStrategy", MOST_PROVIDERS),
        ("placementConstraints", MOST_CONSTRAINTS),
        ("placementStrategy", MOST_STRATEGIES),
        ("tags", MOST_TAGS),
    ):
        if len(request.get(name) or ()) > most:
            raise InvalidParameter(f"{name} cannot have more than {most} elements.")
    if len(json.dumps(request.get("overrides") or {}, separators=(",", ":"))) > MOST_OVERRIDES:
        raise InvalidParameter(f"overrides cannot have more than {MOST_OVERRIDES} characters.")


def _refuse_names(request: Request) -> None:
    token, started_by = request.get("clientToken"), request.get("startedBy")
    if token is not None and not _TOKEN.fullmatch(token):
        raise InvalidParameter("clientToken must have at most 64 ASCII characters of 33 to 126.")
    if started_by and not _STARTED_BY.fullmatch(started_by):
        raise InvalidParameter(
            "startedBy must have at most 128 letters, numbers, hyphens, slashes and underscores."
        )
    if (request.get("group") or "").startswith(SERVICE_GROUP):
        raise InvalidParameter("Invalid namespace for group.")


def refuse_for_definition(request: Request, definition: TaskDefinition) -> None:
    """Refuse what does not fit the revision that is to run."""
    _refuse_network(request, definition)
    _refuse_overrides(request.get("overrides") or {}, definition)
    _refuse_volumes(request, definition)
    overrides = request.get("overrides") or {}
    role = overrides.get("taskRoleArn") or definition.body.get("taskRoleArn")
    if request.get("enableExecuteCommand") and not role:
        raise InvalidParameter("enableExecuteCommand requires a task role.")


def _refuse_network(request: Request, definition: TaskDefinition) -> None:
    awsvpc = definition.body.get("networkMode") == "awsvpc"
    if awsvpc and not request.get("networkConfiguration"):
        raise InvalidParameter(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    if not awsvpc and request.get("networkConfiguration"):
        raise InvalidParameter(
            "Network Configuration is not valid for the given networkMode of this task definition."
        )


def _refuse_overrides(overrides: dict[str, Any], definition: TaskDefinition) -> None:
    known = {each["name"] for each in definition.containers}
    for each in overrides.get("containerOverrides") or []:
        if not each.get("name"):
            raise InvalidParameter("A container override must have a name.")
        if each["name"] not in known:
            raise InvalidParameter(
                f"Override for container named {each['name']} is not a container in the "
                "TaskDefinition."
            )


def _refuse_volumes(request: Request, definition: TaskDefinition) -> None:
    volumes = definition.body.get("volumes") or []
    wanted = {each["name"] for each in volumes if each.get("configuredAtLaunch")}
    given = {each["name"] for each in request.get("volumeConfigurations") or []}
    for name in sorted(wanted - given):
        raise InvalidParameter(
            f"The volume {name} is configured at launch: volumeConfigurations must have it."
        )
    for name in sorted(given - wanted):
        raise InvalidParameter(f"The volume {name} is not configured at launch.")


def refuse_for_launch_type(
    request: Request, definition: TaskDefinition, launch_type: str, instances: int
) -> None:
    """Refuse what cannot run on Fargate, or on a cluster with so many instances."""
    version = request.get("platformVersion")
    if launch_type == "FARGATE":
        if "FARGATE" not in compatibilities(definition.body):
            raise InvalidParameter("Task definition does not support launch_type FARGATE.")
        if version and version not in PLATFORMS:
            raise PlatformUnknown
        for name in ("placementConstraints", "placementStrategy"):
            if request.get(name):
                raise InvalidParameter(f"{name} is not supported with FARGATE launch type.")
        return
    if version:
        raise InvalidParameter(
            f"The platform version must be null when specifying an {launch_type} launch type."
        )
    if not instances and not request.get("capacityProviderStrategy"):
        raise InvalidParameter("No Container Instances were found in your cluster.")
