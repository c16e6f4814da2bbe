"""facts -> what Slipway may not do for a target."""

from __future__ import annotations

import json

from chalicelib.model.task_definitions import short_name
from cli.doctor.facts import TargetFacts
from cli.doctor.finding import Found, error, listed
from cli.package.globs import meet


def pass_roles(facts: TargetFacts) -> Found | None:
    """ECS asks for iam:PassRole of both roles when a revision is registered."""
    base, target = facts.base, facts.target
    if base is None or target.mode != "deploy":
        return None
    missing = [role for role in base.roles if not covered(role, target.pass_roles)]
    if not missing:
        return None
    names = sorted({*target.pass_roles, *missing})
    return error(
        f"`pass_roles` does not cover {listed(map(role_name, missing))} of "
        f"{short_name(base.arn)}: AWS will deny the registration.",
        f"targets.toml: pass_roles = {json.dumps(names)}",
    )


def pass_role_allowed(facts: TargetFacts) -> Found | None:
    """What IAM itself answers for the deployed functions, boundaries included."""
    denied = [role for role in facts.not_passed or () if covered(role, facts.target.pass_roles)]
    if not denied or facts.target.mode != "deploy":
        return None
    return error(
        f"The deployed function `deploy` may not pass {listed(map(role_name, denied))}: the stack "
        "is older than targets.toml, or a permissions boundary forbids it.",
        "make deploy STAGE=" + facts.stage,
    )


RULES = (pass_roles, pass_role_allowed)


def covered(role: str, patterns: tuple[str, ...]) -> bool:
    """Whether a pattern matches the role; `*` as an account stands for this one."""
    return any(meet(pattern, role) for pattern in patterns)


def role_name(role: str) -> str:
    """The role's name, with its path."""
    return role.partition(":role/")[2] or role
