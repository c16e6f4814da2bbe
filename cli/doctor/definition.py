"""facts -> what is wrong with a task definition: its family, its containers, its log groups."""

from __future__ import annotations

import json
import shlex

from chalicelib.definition.render import image_in
from chalicelib.model.task_definitions import TaskDefinition, short_name
from cli.doctor.facts import Container, Revision, TargetFacts
from cli.doctor.finding import Found, advice, error, listed, warning
from cli.doctor.remedy import near

_SLOW_START = 60  # seconds


def family(facts: TargetFacts) -> Found | None:
    if facts.family_exists is not False or facts.target.family is None:
        return None
    runs = f'targets.toml: family = "{facts.running.family}"' if facts.running else ""
    return error(
        f"There is no ACTIVE task definition of the family {facts.target.family}.",
        runs or "targets.toml: correct `family`, or leave it out",
    )


def other_family(facts: TargetFacts) -> Found | None:
    target, running = facts.target, facts.running
    if running is None or facts.family_exists is False:
        return None
    if target.family in {None, running.family}:
        return None
    remedy = f'targets.toml: family = "{running.family}"'
    if facts.service is not None and facts.service.express:
        return error(
            f"The Express service runs {short_name(running.arn)}. Slipway stays in its family, and "
            f"may register revisions of {target.family} only: AWS will deny the registration.",
            remedy,
        )
    return warning(
        f"The service runs {short_name(running.arn)}, and the target renders the family "
        f"{target.family}: a deployment changes more than the image.",
        remedy,
    )


def containers(facts: TargetFacts) -> Found | None:
    base = facts.base
    if base is None:
        return None
    names = [container.name for container in base.containers]
    unknown = [name for name in facts.target.containers if name not in names]
    if not unknown:
        return None
    meant = [near(name, names) for name in unknown]
    return error(
        f"{short_name(base.arn)} has no container {listed(unknown)}; it has {listed(names)}.",
        f"targets.toml: containers = {json.dumps(meant)}",
    )


def image_of_repository(facts: TargetFacts) -> Found | None:
    base = facts.base
    if base is None or facts.target.containers or _runs_the_repository(facts, base):
        return None
    first = next((each.name for each in base.containers if each.essential), "NAME")
    return error(
        f"No container of {short_name(base.arn)} runs an image of {facts.target.repository}, so "
        "Slipway cannot tell which one to change.",
        f"targets.toml: containers = {json.dumps([first])}",
    )


def log_group_exists(facts: TargetFacts) -> Found | None:
    """A task does not start without its group (ECS guide, "Using the awslogs log driver")."""
    base = facts.base
    if base is None:
        return None
    missing = [
        each.log_group
        for each in base.containers
        if not each.creates_log_group and facts.log_groups.get(each.log_group) is False
    ]
    if not missing:
        return None
    return error(
        f"The log group {listed(missing)} does not exist, and no task starts without it.",
        f"aws logs create-log-group --log-group-name {shlex.quote(missing[0])}",
    )


def named_log_groups(facts: TargetFacts) -> Found | None:
    missing = [name for name in facts.target.log_groups if facts.log_groups.get(name) is False]
    if not missing:
        return None
    return warning(
        f"The target names the log group {listed(missing)}, which does not exist.",
        _log_groups(facts) or f"aws logs create-log-group --log-group-name {missing[0]}",
    )


def unnamed_log_groups(facts: TargetFacts) -> Found | None:
    base = facts.base
    if base is None:
        return None
    written = {each.log_group for each in base.containers if each.log_group}
    unnamed = sorted(written - set(facts.target.log_groups))
    if not unnamed:
        return None
    return warning(
        f"The containers log to {listed(unnamed)}, which the target does not name: a failure is "
        "explained without its log lines.",
        _log_groups(facts),
    )


def start_period(facts: TargetFacts) -> Found | None:
    """ECS counts failed checks from the start on, where `startPeriod` is not set (HealthCheck)."""
    checked = [(each.name, each.health_check) for each in _essential(facts) if each.health_check]
    hasty = [
        (name, check.interval * check.retries)
        for name, check in checked
        if not check.start_period and check.interval * check.retries < _SLOW_START
    ]
    if not hasty:
        return None
    name, limit = hasty[0]
    return advice(
        f"The health check of {name} has no startPeriod: ECS stops a task that takes longer than "
        f"about {limit} s to pass it.",
        f'task definition, container {name}: "healthCheck": {{"startPeriod": 60}}',
    )


RULES = (
    family,
    other_family,
    containers,
    image_of_repository,
    log_group_exists,
    named_log_groups,
    unnamed_log_groups,
    start_period,
)


def _essential(facts: TargetFacts) -> list[Container]:
    return [each for each in (facts.base.containers if facts.base else ()) if each.essential]


def _runs_the_repository(facts: TargetFacts, base: Revision) -> bool:
    listed_ = [{"name": each.name, "image": each.image} for each in base.containers]
    body = TaskDefinition(body={"containerDefinitions": listed_})
    return bool(image_in(body, facts.target.repository, ()))


def _log_groups(facts: TargetFacts) -> str:
    """The line of targets.toml that names the groups to which the containers log."""
    base = facts.base
    groups = sorted({each.log_group for each in base.containers if each.log_group}) if base else []
    return f"targets.toml: log_groups = {json.dumps(groups)}" if groups else ""
