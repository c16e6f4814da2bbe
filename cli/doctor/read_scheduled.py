"""EventBridge, Scheduler, ECS, IAM -> the facts about the scheduled tasks that follow a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib.aws.scheduled_tasks import UNIVERSAL
from chalicelib.model.scheduled import FollowSettings, label_of, names_revision
from cli.doctor import read_definition
from cli.doctor.asking import NOT_THERE, Asking
from cli.doctor.facts import ScheduledFacts

_NOT_FOUND = ("ResourceNotFoundException",)
_TO_TASKS = "ecs-tasks.amazonaws.com"

Found = Mapping[str, Any]


def scheduled(
    asking: Asking, follow: FollowSettings
) -> tuple[tuple[ScheduledFacts, ...], tuple[str, ...]]:
    """What the names of `follow` lead to, and the names that lead to nothing.

    What AWS does not tell of is in neither; a note says so.
    """
    tasks: list[ScheduledFacts] = []
    missing: list[str] = []
    for kind, patterns, read in (
        ("rule", follow.rules, _rule_targets),
        ("schedule", follow.schedules, _schedule_targets),
    ):
        for pattern in patterns:
            found = read(asking, pattern)
            if found is None:
                continue
            own = [_facts(asking, label, target) for label, target in found if _starts(target)]
            tasks += own
            missing += [] if own else [f"{kind} {pattern}"]
    return tuple(dict.fromkeys(tasks)), tuple(missing)


def _rule_targets(asking: Asking, pattern: str) -> list[tuple[str, Found]] | None:
    """(label, target) of each target of the rules; None when AWS did not say."""
    names: list[str] | None = [pattern]
    if pattern.endswith("*"):
        prefix = {"NamePrefix": pattern[:-1]} if pattern[:-1] else {}
        listed = asking.all(f"the rules {pattern}", "events:list_rules", "Rules", **prefix)
        names = None if listed is None else [each["Name"] for each in listed]
    found: list[tuple[str, Found]] = []
    for name in names or ():
        about = f"the targets of the rule {name}"
        call = "events:list_targets_by_rule"
        targets = asking.all(about, call, "Targets", absent=_NOT_FOUND, Rule=name)
        if targets is None:
            return None
        found += [(label_of("rule", name, str(each["Id"])), each) for each in targets]
    return None if names is None else found


def _schedule_targets(asking: Asking, pattern: str) -> list[tuple[str, Found]] | None:
    """(label, target) of each schedule; None when AWS did not say."""
    group, _, name = pattern.partition("/")
    names: list[str] | None = [name]
    if name.endswith("*"):
        prefix = {"NamePrefix": name[:-1]} if name[:-1] else {}
        about, call = f"the schedules {pattern}", "scheduler:list_schedules"
        given = {"GroupName": group, **prefix}
        listed = asking.all(about, call, "Schedules", absent=_NOT_FOUND, **given)
        names = None if listed is None else [each["Name"] for each in listed]
    found: list[tuple[str, Found]] = []
    for each in names or ():
        about, call = f"the schedule {group}/{each}", "scheduler:get_schedule"
        answer = asking.ask(about, call, absent=_NOT_FOUND, GroupName=group, Name=each)
        if answer is None:
            return None
        found += [(label_of("schedule", f"{group}/{each}"), answer["Target"])] if answer else []
    return None if names is None else found


def _starts(target: Found) -> bool:
    return "EcsParameters" in target or str(target.get("Arn", "")).endswith(UNIVERSAL)


def _facts(asking: Asking, label: str, target: Found) -> ScheduledFacts:
    named = str(target.get("EcsParameters", {}).get("TaskDefinitionArn", ""))
    definition = read_definition.revision(asking, named) if named else None
    facts = ScheduledFacts(
        label=label,
        task_definition=named,
        role=str(target.get("RoleArn", "")),
        active=definition.active if definition else None,
    )
    if not named or not names_revision(named) or not facts.role:
        return facts
    roles = definition.roles if definition else ()
    may_run = _may_run(asking, facts, str(target.get("Arn", "")))
    not_passed = tuple(_not_passed(asking, facts, roles)) if roles else ()
    return facts.model_copy(update={"runs_next": may_run, "not_passed": not_passed})


def _may_run(asking: Asking, facts: ScheduledFacts, cluster: str) -> bool | None:
    """Whether IAM says that the role may run the family's next revision in its cluster."""
    family, _, number = facts.task_definition.rpartition(":")
    following = f"{family}:{int(number) + 1 if number.isdigit() else number}"
    context = {"ecs:cluster": cluster}
    decisions = _simulated(asking, facts, "ecs:RunTask", [following], context)
    return decisions.get(following)


def _not_passed(asking: Asking, facts: ScheduledFacts, roles: Sequence[str]) -> Iterator[str]:
    """The roles of the task definition that IAM says the role may not pass to ECS' tasks."""
    context = {"iam:PassedToService": _TO_TASKS}
    decisions = _simulated(asking, facts, "iam:PassRole", roles, context)
    yield from (role for role in roles if decisions.get(role) is False)


def _simulated(
    asking: Asking,
    facts: ScheduledFacts,
    action: str,
    resources: Sequence[str],
    context: Mapping[str, str],
) -> dict[str, bool]:
    """Whether IAM allows it, by resource; what depends on more than the context is left out."""
    about = f"what the role of the {facts.label} may do"
    answer = asking.ask(
        about,
        "iam:simulate_principal_policy",
        absent=("NoSuchEntity", "NoSuchEntityException"),
        PolicySourceArn=facts.role,
        ActionNames=[action],
        ResourceArns=list(resources),
        ContextEntries=[
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in context.items()
        ],
    )
    if answer is NOT_THERE:
        asking.note(about, f"there is no role {facts.role}")
    decisions: dict[str, bool] = {}
    for each in (answer or {}).get("EvaluationResults", ()):
        allowed = each["EvalDecision"] == "allowed"
        if unknown := [] if allowed else each.get("MissingContextValues", []):
            asking.note(about, f"{action} depends on {', '.join(sorted(unknown))}")
        else:
            decisions[each["EvalResourceName"]] = allowed
    return decisions
