"""facts -> what is wrong with the rules and schedules that follow a target."""

from __future__ import annotations

import json

from chalicelib.model.scheduled import family_named, names_revision
from chalicelib.model.task_definitions import short_name
from cli.doctor.facts import ScheduledFacts, TargetFacts
from cli.doctor.finding import Found, error, listed, warning
from cli.doctor.permissions import covered, role_name

_RUN_STATEMENT = '{{"Effect": "Allow", "Action": "ecs:RunTask", "Resource": "{}:*"}}'
_ROLES_STATEMENT = '{{"Effect": "Allow", "Action": "iam:PassRole", "Resource": {}}}'


def follow_names(facts: TargetFacts) -> Found | None:
    if not facts.follows_nothing:
        return None
    return warning(
        f"`follow` leads to no ECS target with {listed(facts.follows_nothing)}: no job gets the "
        "new revision there.",
        "targets.toml: correct `follow`, or leave the name out",
    )


def names_a_revision(facts: TargetFacts) -> Found | None:
    """Without one, AWS takes the newest ACTIVE revision (ECS API reference, RunTask)."""
    left = [one for one in facts.scheduled or () if not names_revision(one.task_definition)]
    if not left:
        return None
    return warning(
        f"The {_labels(left)} names no revision that Slipway could change. It runs the newest one "
        "of the family, also one that never became live.",
        f"rule or schedule: name a revision, such as {_newest(facts)}",
    )


def followed_family(facts: TargetFacts) -> Found | None:
    target = facts.target
    own = target.family or (facts.running.family if facts.running else "")
    known = {own, *target.follow.families}
    others = [
        one
        for one in facts.scheduled or ()
        if names_revision(one.task_definition) and family_named(one.task_definition) not in known
    ]
    if not own or not others:
        return None
    families = sorted({family_named(one.task_definition) for one in others})
    named = json.dumps([*target.follow.families, *families])
    return warning(
        f"The {_labels(others)} runs the family {listed(families)}, which does not follow.",
        "targets.toml: a [[task]] of its own for that family"
        if target.is_task
        else f"targets.toml: follow.families = {named}",
    )


def active_revision(facts: TargetFacts) -> Found | None:
    """ECS runs no task of an INACTIVE revision (developer guide, "Deregistering")."""
    gone = [one for one in facts.scheduled or () if one.active is False]
    if not gone:
        return None
    names = sorted({short_name(one.task_definition) for one in gone})
    return error(
        f"The {_labels(gone)} runs {listed(names)}, which is INACTIVE: ECS starts no task of it.",
        f"rule or schedule: name an ACTIVE revision, such as {_newest(facts)}",
    )


def pass_scheduled_roles(facts: TargetFacts) -> Found | None:
    """Who changes a target or a schedule passes its role."""
    target = facts.target
    roles = sorted({one.role for one in facts.scheduled or () if one.role})
    missing = [role for role in roles if not covered(role, target.pass_roles)]
    if not missing or target.mode != "deploy":
        return None
    names = sorted({*target.pass_roles, *missing})
    return error(
        f"`pass_roles` does not cover {listed(map(role_name, missing))}, with which the rules or "
        "schedules in `follow` start tasks: AWS will deny the change, and the job stays behind.",
        f"targets.toml: pass_roles = {json.dumps(names)}",
    )


def runs_next_revision(facts: TargetFacts) -> Found | None:
    """EventBridge tells nobody that its role may not run a task; it only counts it."""
    denied = [one for one in facts.scheduled or () if one.runs_next is False]
    if not denied or facts.target.mode != "deploy":
        return None
    family = denied[0].task_definition.rpartition(":")[0]
    return error(
        f"The role {role_name(denied[0].role)} of the {_labels(denied)} may not run the next "
        f"revision of {family_named(denied[0].task_definition)}: the job would start no more.",
        f"role {role_name(denied[0].role)}: {_RUN_STATEMENT.format(family)}",
    )


def passes_task_roles(facts: TargetFacts) -> Found | None:
    denied = [one for one in facts.scheduled or () if one.not_passed]
    if not denied:
        return None
    roles = sorted({role for one in denied for role in one.not_passed})
    return error(
        f"The role {role_name(denied[0].role)} of the {_labels(denied)} may not pass "
        f"{listed(map(role_name, roles))} to ECS: the job starts no task.",
        f"role {role_name(denied[0].role)}: {_ROLES_STATEMENT.format(json.dumps(roles))}",
    )


RULES = (
    follow_names,
    names_a_revision,
    followed_family,
    active_revision,
    pass_scheduled_roles,
    runs_next_revision,
    passes_task_roles,
)


def _labels(tasks: list[ScheduledFacts]) -> str:
    return listed(one.label for one in tasks)


def _newest(facts: TargetFacts) -> str:
    """The revision that the service runs, as an example."""
    runs = facts.running or facts.base
    return runs.arn if runs else "arn:…:task-definition/FAMILY:NUMBER"
