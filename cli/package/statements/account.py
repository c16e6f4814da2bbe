"""Statements about what the account holds: images, services, task definitions, roles.

Action names, resource types and condition keys: AWS' Service Authorization Reference. What a
target in mode "observe" needs never includes a write, so that IAM guarantees what the mode says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chalicelib.model.targets import Target
from cli.package.statements.scope import KINDS, Scope, clusters_of, with_service
from cli.package.statements.statement import Statement, allow, arn


def read_images(scope: Scope) -> Iterable[Statement]:
    yield allow("ReadImages", ["ecr:DescribeImages"], scope.repositories(scope.targets))


def read_scans(scope: Scope) -> Iterable[Statement]:
    """Scans, and the manifests of image indexes, whose images are what is scanned.

    With enhanced scanning, DescribeImageScanFindings is denied to whoever may not ask Inspector
    (Amazon ECR user guide, "Retrieving findings for enhanced scans").
    """
    gated = tuple(target for target in scope.targets if target.gate.scan is not None)
    if gated:
        actions = ["ecr:BatchGetImage", "ecr:DescribeImageScanFindings"]
        yield allow("ReadScans", actions, scope.repositories(gated))
        inspector = ["inspector2:ListCoverage", "inspector2:ListFindings"]
        yield allow("ReadFindings", inspector, ["*"])


_FIND_ROLLOUTS = (
    "ecs:DescribeServiceDeployments",
    "ecs:DescribeServiceRevisions",
    "ecs:ListServiceDeployments",
)
_READ_SERVICES = ("ecs:DescribeServices", *_FIND_ROLLOUTS)


def read_services(scope: Scope) -> Iterable[Statement]:
    if services := scope.services(scope.targets, *KINDS):
        yield allow("ReadServices", sorted(_READ_SERVICES), services)


def read_services_to_render(scope: Scope) -> Iterable[Statement]:
    """As `read_services`, and what an Express service runs: any service may be one."""
    actions = sorted((*_READ_SERVICES, "ecs:DescribeExpressGatewayService"))
    if services := scope.services(scope.targets, *KINDS):
        yield allow("ReadServices", actions, services)


def find_rollouts(scope: Scope) -> Iterable[Statement]:
    """Which service deployment is Slipway's, and in which stage it is."""
    if services := scope.services(scope.targets, *KINDS):
        yield allow("FindRollouts", list(_FIND_ROLLOUTS), services)


def read_tasks(scope: Scope) -> Iterable[Statement]:
    """The tasks of services."""
    if clusters := scope.clusters(with_service(scope.targets)):
        yield allow("ReadTasks", ["ecs:DescribeTasks"], _tasks(scope, with_service(scope.targets)))
        within = {"ArnEquals": {"ecs:cluster": _clusters(clusters)}}
        yield allow("ListTasks", ["ecs:ListTasks"], ["*"], within)


def read_runs(scope: Scope) -> Iterable[Statement]:
    """The ended tasks of each [[task]], in every cluster where one of them names none."""
    tasks = tuple(target for target in scope.targets if target.is_task)
    named = all(clusters_of(target) for target in tasks)
    granted = scope.clusters(with_service(scope.targets))  # by `read_tasks`
    clusters = sorted(set(scope.clusters(tasks)) - set(granted)) if named else ["*"]
    if not clusters:
        return
    runs = [arn("ecs", f"task/{cluster}/*") for cluster in clusters]
    yield allow("ReadRuns", ["ecs:DescribeTasks"], runs)
    within = {"ArnLike": {"ecs:cluster": _clusters(clusters)}}
    yield allow("ListRuns", ["ecs:ListTasks"], ["*"], within)


def read_logs(scope: Scope) -> Iterable[Statement]:
    """The last lines of a failed container, in the log groups that the targets name."""
    streams = [arn("logs", f"log-group:{group}:log-stream:*") for group in scope.log_groups()]
    if streams:
        yield allow("ReadLogs", ["logs:GetLogEvents"], streams)


def read_target_health(_: Scope) -> Iterable[Statement]:
    yield allow("ReadTargetHealth", ["elasticloadbalancing:DescribeTargetHealth"], ["*"])


def read_alarms(scope: Scope) -> Iterable[Statement]:
    """Whether an alarm rings; their names are the services' own, so no name is known here."""
    if any(target.watch_after for target in scope.targets):
        yield allow("ReadAlarms", ["cloudwatch:DescribeAlarms"], [arn("cloudwatch", "alarm:*")])


def run_tasks(scope: Scope) -> Iterable[Statement]:
    """The `before` and `after` tasks of the targets that have one, in their clusters only.

    As UpdateService, RunTask lets nobody into a task.
    """
    targets = _with_tasks(scope)
    if not targets:
        return
    families = scope.families(targets) or ["*"]
    revisions = [arn("ecs", f"task-definition/{family}:*") for family in families]
    clusters = _clusters(scope.clusters(targets))
    within: dict[str, Any] = {
        "ArnEquals": {"ecs:cluster": clusters},
        "StringEqualsIfExists": {"ecs:enable-execute-command": "false"},
    }
    yield allow("RunTasks", ["ecs:RunTask"], revisions, within)
    creating = {"StringEquals": {"ecs:CreateAction": "RunTask"}}
    yield allow("TagTasks", ["ecs:TagResource"], _tasks(scope, targets), creating)


def stop_tasks(scope: Scope) -> Iterable[Statement]:
    """StopTask, for a task that runs too long or whose deployment was stopped.

    A task's name is its own, so IAM can only name the cluster.
    """
    if targets := _with_tasks(scope):
        yield allow("StopTasks", ["ecs:StopTask"], _tasks(scope, targets))


def _with_tasks(scope: Scope) -> tuple[Target, ...]:
    return tuple(target for target in scope.deployed if target.before or target.after)


def _clusters(names: list[str]) -> list[dict[str, str]]:
    return [arn("ecs", f"cluster/{name}") for name in names]


def _tasks(scope: Scope, targets: tuple[Target, ...]) -> list[dict[str, str]]:
    return [arn("ecs", f"task/{cluster}/*") for cluster in scope.clusters(targets)]


def read_task_definitions(_: Scope) -> Iterable[Statement]:
    actions = ["ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions"]
    yield allow("ReadTaskDefinitions", actions, ["*"])


def find_all_uses(_: Scope) -> Iterable[Statement]:
    """Whatever in the account may run a revision, or name one: it must not lose it."""
    lists = ["ecs:ListClusters", "ecs:ListServices"]
    lists += ["events:ListEventBuses", "events:ListRuleNamesByTarget", "scheduler:ListSchedules"]
    yield allow("FindAllUses", lists, ["*"])
    yield allow("ListAllTasks", ["ecs:ListTasks"], ["*"])
    running = [arn("ecs", "service/*"), arn("ecs", "task/*")]
    yield allow("ReadAllServices", ["ecs:DescribeServices", "ecs:DescribeTasks"], running)
    yield allow("ReadAllRules", ["events:ListTargetsByRule"], [arn("events", "rule/*")])
    yield allow("ReadAllSchedules", ["scheduler:GetSchedule"], [arn("scheduler", "schedule/*")])


def deregister(_: Scope) -> Iterable[Statement]:
    """DeregisterTaskDefinition, for `tidy` alone, which is only where `keep_revisions` is."""
    yield allow("DeregisterRevisions", ["ecs:DeregisterTaskDefinition"], ["*"])


def look_at_services(scope: Scope) -> Iterable[Statement]:
    """What a service runs now, and of which image."""
    actions = ["ecs:DescribeServiceDeployments", "ecs:DescribeServices"]
    if services := scope.services(scope.targets, *KINDS[:2]):
        yield allow("LookAtServices", actions, services)
    yield allow("ReadTaskDefinitions", ["ecs:DescribeTaskDefinition"], ["*"])


def change_services(scope: Scope) -> Iterable[Statement]:
    """UpdateService to a revision of the targets' families only; nobody may be let into a task.

    UpdateExpressGatewayService has no condition key for the revision, so it stands with what IAM
    limits to the targets' services alone.
    """
    services = scope.services(scope.deployed, "service")
    if not services:
        return
    within: dict[str, Any] = {"StringEqualsIfExists": {"ecs:enable-execute-command": "false"}}
    if families := scope.families(with_service(scope.deployed)):
        # Short, because ECS takes a revision of the service's own account and region only.
        revisions = [f"arn:*:ecs:*:*:task-definition/{family}:*" for family in families]
        within |= {"ArnLike": {"ecs:task-definition": revisions}}
    yield allow("UpdateServices", ["ecs:UpdateService"], services, within)


def change_rollouts(scope: Scope) -> Iterable[Statement]:
    """Stop a rollout, and update an Express service."""
    return _change_rollouts(scope)


def change_and_continue_rollouts(scope: Scope) -> Iterable[Statement]:
    """As `change_rollouts`, and give ECS a person's answer to a PAUSE hook.

    One statement, because names are the longest part of a policy.
    """
    return _change_rollouts(scope, "ecs:ContinueServiceDeployment")


def _change_rollouts(scope: Scope, *more: str) -> Iterable[Statement]:
    if rollouts := scope.services(scope.deployed, *KINDS[:2]):
        actions = [*more, "ecs:StopServiceDeployment", "ecs:UpdateExpressGatewayService"]
        yield allow("ChangeRollouts", actions, rollouts)


def answer_hooks(scope: Scope) -> Iterable[Statement]:
    """Continue a rollout that a PAUSE hook holds up, or roll it back."""
    if rollouts := scope.services(scope.deployed, *KINDS[:2]):
        yield allow("AnswerHooks", ["ecs:ContinueServiceDeployment"], rollouts)


def register(scope: Scope) -> Iterable[Statement]:
    """RegisterTaskDefinition, and tagging what it makes."""
    if not scope.deployed:
        return
    # Only while registering: a later change of tags could forge who made a revision.
    creating = {"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}}
    if families := scope.registered(scope.deployed):
        revisions = [arn("ecs", f"task-definition/{family}:*") for family in families]
        yield allow("RegisterFamilies", ["ecs:RegisterTaskDefinition"], revisions)
        yield allow("TagFamilies", ["ecs:TagResource"], revisions, creating)
    else:
        yield allow("RegisterAnyFamily", ["ecs:RegisterTaskDefinition"], ["*"])
        yield allow("TagAnyFamily", ["ecs:TagResource"], ["*"], creating)


def pass_roles(scope: Scope) -> Iterable[Statement]:
    yield from _pass_roles("PassRoles", scope.deployed, "ecs-tasks.amazonaws.com")


def rules(scope: Scope) -> Iterable[Statement]:
    """Read the targets of the rules that follow, and change those that start ECS tasks.

    IAM has no condition for the task definition.
    """
    yield from _read_rules(scope)
    if names := scope.rules(scope.deployed):
        # ForAllValues also holds where the key is absent, so that is ruled out.
        starts_tasks = {
            "ForAllValues:ArnLike": {"events:TargetArn": [arn("ecs", "cluster/*")]},
            "Null": {"events:TargetArn": "false"},
        }
        yield allow("ChangeRules", ["events:PutTargets"], _rules(names), starts_tasks)


def schedules(scope: Scope) -> Iterable[Statement]:
    """Read and change the schedules that follow.

    IAM has no condition for what a schedule calls. One statement where both are granted, because
    names are the longest part of a policy.
    """
    yield from _read_schedules(scope, tuple(one for one in scope.targets if one.mode != "deploy"))
    if names := scope.schedules(scope.deployed):
        actions = ["scheduler:GetSchedule", "scheduler:UpdateSchedule"]
        yield allow("ChangeSchedules", actions, _schedules(names))


def look_at_scheduled_tasks(scope: Scope) -> Iterable[Statement]:
    """What the rules and schedules run now that follow."""
    yield from _read_rules(scope)
    yield from _read_schedules(scope, scope.targets)


def _read_rules(scope: Scope) -> Iterable[Statement]:
    if names := scope.rules(scope.targets):
        yield allow("ReadRules", ["events:ListTargetsByRule"], _rules(names))
    if any(name.endswith("*") for target in scope.targets for name in target.follow.rules):
        yield allow("ListRules", ["events:ListRules"], ["*"])


def _read_schedules(scope: Scope, read: tuple[Target, ...]) -> Iterable[Statement]:
    """Read the schedules of these targets, and list those of all."""
    if names := scope.schedules(read):
        yield allow("ReadSchedules", ["scheduler:GetSchedule"], _schedules(names))
    if any(name.endswith("*") for target in scope.targets for name in target.follow.schedules):
        yield allow("ListSchedules", ["scheduler:ListSchedules"], ["*"])


def pass_roles_on_schedule(scope: Scope) -> Iterable[Statement]:
    """PutTargets and UpdateSchedule pass the role with which the tasks are started."""
    following = tuple(target for target in scope.deployed if target.follow.any)
    services = {
        "events.amazonaws.com": any(target.follow.rules for target in following),
        "scheduler.amazonaws.com": any(target.follow.schedules for target in following),
    }
    to = [service for service, follows in services.items() if follows]
    yield from _pass_roles("PassRolesOnSchedule", following, to)


def _rules(names: list[str]) -> list[dict[str, str]]:
    """The ARNs of rules on the default event bus."""
    return [arn("events", f"rule/{name}") for name in names]


def _schedules(names: list[str]) -> list[dict[str, str]]:
    return [arn("scheduler", f"schedule/{name}") for name in names]


def _pass_roles(sid: str, targets: tuple[Target, ...], to: str | list[str]) -> Iterable[Statement]:
    """Pass the roles in these targets' `pass_roles`, to these services of AWS only."""
    if roles := sorted({role for target in targets for role in target.pass_roles}):
        only = {"StringEquals": {"iam:PassedToService": to}}
        yield allow(sid, ["iam:PassRole"], [_this_account(role) for role in roles], only)


def _this_account(role: str) -> dict[str, str]:
    """ECS takes no role of another account or partition: `*` there means this one."""
    _, _, _, _, account, name = role.split(":", 5)
    account = "${AWS::AccountId}" if account == "*" else account
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::{account}:{name}"}
