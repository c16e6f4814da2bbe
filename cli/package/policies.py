"""Targets -> one least-privilege policy per function, each short enough for IAM.

`statements/` words each thing that may be granted. Where every name makes a policy too long, names
are widened step by step, for that function alone, and never so far that they fit a name of another
environment of the account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.errors import Refused
from chalicelib.model.targets import Target, Targets
from cli.package.sizes import COMFORTABLE, LIMIT, size
from cli.package.statements import account, own
from cli.package.statements.scope import WORDS, Grant, Scope, Widening
from cli.package.statements.statement import Policy

__all__ = [
    "GRANTS",
    "LAMBDAS_OWN",
    "LIMIT",
    "REASONS",
    "WORDS",
    "Policies",
    "Policy",
    "Widening",
    "generate",
    "size",
]

# Why a statement names `*`: nothing narrower exists, or what narrows it is not the resource.
# `lint` refuses a statement with `*` that is not here; a test, a reason that no statement needs.
REASONS = {
    "ReadTaskDefinitions": "ECS offers no resource for describing or listing task definitions",
    "ListRuns": "as ListTasks, for a [[task]]; in every cluster where one names no `cluster`",
    "ListTasks": "ECS lists tasks by container instance or `*`; the condition names the clusters",
    "ReadFindings": "Amazon Inspector offers no resource for listing findings or what it covers",
    "FindAllUses": "neither ECS nor EventBridge offers a resource for these lists",
    "ListAllTasks": "a task of any cluster may run a revision that `keep_revisions` lets go",
    "DeregisterRevisions": "ECS offers no resource for deregistering; only with `keep_revisions`",
    "ReadTargetHealth": "Elastic Load Balancing offers no resource for describing target health",
    "RegisterAnyFamily": "a target without `family` follows whatever family its service runs",
    "TagAnyFamily": "as RegisterAnyFamily; only while registering (ecs:CreateAction)",
    "ListRules": "EventBridge offers no resource for listing rules, not even by a prefix",
    "ListSchedules": "Scheduler offers no resource for listing schedules, not even by a prefix",
    "SendTraces": "X-Ray offers no resource for traces",
    "DeliverLogs": "log delivery, as Step Functions needs it, offers no resource",
}

# The services to which a role may be passed: ECS' tasks, and what starts them on a schedule.
PASSED_TO = frozenset(
    {"ecs-tasks.amazonaws.com", "events.amazonaws.com", "scheduler.amazonaws.com"}
)

# Statements that no call of ours needs, and why they are granted: Lambda itself uses them, with the
# function's role. A test refuses any other statement that no test uses.
LAMBDAS_OWN = {
    "WriteOwnLogs": "Lambda writes what the function logs",
    "SendTraces": "Lambda sends the traces of the functions, where tracing is on",
    "ReportFailures": "Lambda sends an event that failed three times to the queue",
}

_ALWAYS: tuple[Grant, ...] = (own.own_logs, own.traces)
_STEP: tuple[Grant, ...] = (
    own.read_ledger,
    own.write_ledger,
    own.notify,
    own.read_webhooks,
    own.put_events,
    account.read_tasks,
    account.read_logs,
    account.read_target_health,
    account.read_task_definitions,
    account.read_images,
    account.change_services,
    account.register,
    account.pass_roles,
    account.rules,
    account.schedules,
    account.pass_roles_on_schedule,
)
# What goes back is neither scanned nor rendered, and its step is not the one that watches on.
_PUSHED: tuple[Grant, ...] = (
    account.read_services_to_render,
    account.read_scans,
    account.read_alarms,
    account.run_tasks,
    account.stop_tasks,
    account.change_and_continue_rollouts,
    *_STEP,
)
# What each function may do.
GRANTS: dict[str, tuple[Grant, ...]] = {
    "on_image_push": (
        *_ALWAYS,
        *_PUSHED,
        own.start_watchers,
        own.report_failures,
    ),
    "on_service_change": (*_ALWAYS, *_PUSHED, own.report_failures),
    "watch": (*_ALWAYS, *_PUSHED, own.start_watchers),
    "deploy": (*_ALWAYS, *_PUSHED, own.start_watchers),
    "rollback": (
        *_ALWAYS,
        account.read_services,
        account.change_rollouts,
        account.stop_tasks,
        *_STEP,
        own.start_watchers,
    ),
    "hold": (
        *_ALWAYS,
        own.read_ledger,
        own.write_ledger,
        own.notify,
        own.read_webhooks,
        own.put_events,
    ),
    "release": (
        *_ALWAYS,
        own.read_ledger,
        own.write_ledger,
        own.notify,
        own.read_webhooks,
        own.put_events,
        own.start_watchers,
        account.find_rollouts,
        account.answer_hooks,
    ),
    "status": (
        *_ALWAYS,
        own.read_ledger,
        own.read_board,
        account.look_at_services,
        account.read_tasks,
        account.look_at_scheduled_tasks,
    ),
    "sweep": (
        *_ALWAYS,
        *_PUSHED,
        own.start_watchers,
        own.report_failures,
        own.look_at_watchers,
        account.read_runs,
    ),
    "tidy": (
        *_ALWAYS,
        own.read_ledger,
        own.write_ledger,
        own.notify,
        own.read_webhooks,
        own.put_events,
        own.report_failures,
        account.read_task_definitions,
        account.find_all_uses,
        account.deregister,
    ),
}


# Names that end in the environment's name can be covered by one pattern.
_ALIKE = " Other names are covered together when they all begin or end alike, as with -{env}."


@dataclass(frozen=True)
class Policies:
    """The functions' policies, and how far each one's names had to be widened."""

    documents: dict[str, Policy]
    widened: dict[str, Widening]


def left_out(targets: Targets) -> tuple[str, ...]:
    """The functions that this stage does not have: `tidy`, unless a target keeps revisions."""
    return () if any(target.tidies for target in targets.all) else ("tidy",)


def functions(targets: Targets) -> tuple[str, ...]:
    """The functions that this stage has, in the order of `GRANTS`."""
    return tuple(function for function in GRANTS if function not in left_out(targets))


def generate(targets: Targets, neighbours: tuple[Target, ...] = ()) -> Policies:
    """A policy for each function that the stage has; none reaches what the `neighbours` have.

    One thing is excepted: whoever may deregister a revision may deregister every one, because IAM
    knows no narrower right. Only `tidy` may, which the stage has only if it asks for it.

    `neighbours` are the targets of the other environments of the account (`apart`).

    Raises:
        Refused: a role that may be passed is not named, or a policy cannot be made small enough.
    """
    only_named_roles(targets)
    chosen = {function: _fitting(function, targets, neighbours) for function in functions(targets)}
    return Policies(
        documents={function: policy for function, (policy, _) in chosen.items()},
        widened={function: widening for function, (_, widening) in chosen.items() if widening},
    )


def _fitting(
    function: str, targets: Targets, neighbours: tuple[Target, ...]
) -> tuple[Policy, Widening]:
    secrets, events = targets.notices.secrets, targets.notices.events is not None
    for widening in Widening:
        scope = Scope(
            function, targets.stage, targets.all, widening, secrets, neighbours, events=events
        )
        policy = _policy(scope)
        if size(policy) <= COMFORTABLE:
            return policy, widening
    if size(policy) < LIMIT:
        return policy, widening
    raise Refused(
        f"the policy of `{function}` has {size(policy):,} characters, and IAM allows {LIMIT:,}: "
        "name fewer roles in `pass_roles`, or such as share a prefix."
        f"{_ALIKE if neighbours else ''}"
    )


def _policy(scope: Scope) -> Policy:
    statements = [statement for grant in GRANTS[scope.function] for statement in grant(scope)]
    return {"Version": "2012-10-17", "Statement": statements}


def only_named_roles(targets: Targets) -> None:
    """Refuse a role pattern that names no role.

    Raises:
        Refused: a pattern of `pass_roles` has not even a prefix.
    """
    for target in targets.all:
        for role in target.pass_roles:
            if not re.fullmatch(r"arn:[^:]+:iam::(?:\d{12}|\*):role/[^*].*", role):
                raise Refused(
                    f"targets.toml: the target of {target.name}, key `pass_roles`: expected ARNs "
                    f'like "arn:aws:iam::*:role/my-app-*" that name at least a prefix, '
                    f"found {role!r}."
                )
