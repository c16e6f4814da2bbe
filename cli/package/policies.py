"""Targets -> one least-privilege policy per function.

Action names, resource types and condition keys: AWS' Service Authorization Reference. What a
target in mode "observe" needs never includes a write, so that IAM guarantees what the mode says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from os.path import commonprefix
from typing import Any

from chalicelib.errors import Refused
from chalicelib.model.targets import Target, Targets

LIMIT = 10_240  # IAM: characters of all inline policies of a role, white space not counted
COMFORTABLE = 8_192  # above this, names are widened: room is left for what a later version needs

# Why a statement names `*`: nothing narrower exists, or what narrows it is not the resource.
# `lint` refuses a statement with `*` that is not here; a test, a reason that no statement needs.
REASONS = {
    "ReadTaskDefinitions": "ECS offers no resource for describing or listing task definitions",
    "ListTasks": "ECS lists tasks by container instance or `*`; the condition names the clusters",
    "ReadFindings": "Amazon Inspector offers no resource for listing findings or what it covers",
    "ReadTargetHealth": "Elastic Load Balancing offers no resource for describing target health",
    "RegisterAnyFamily": "a target without `family` follows whatever family its service runs",
    "TagAnyFamily": "as RegisterAnyFamily; only while registering (ecs:CreateAction)",
    "SendTraces": "X-Ray offers no resource for traces",
    "DeliverLogs": "log delivery, as Step Functions needs it, offers no resource",
}

# What no call of ours uses, and why it is granted: Lambda does these itself, with the function's
# role. A test refuses any other statement that no test uses.
LAMBDAS_OWN = {
    "WriteOwnLogs": "Lambda writes what the function logs",
    "SendTraces": "Lambda sends the traces of the functions, where tracing is on",
    "ReportFailures": "Lambda sends an event that failed three times to the queue",
}

Statement = dict[str, Any]
Policy = dict[str, Any]


class Widening(IntEnum):
    """How far names are widened so that a role's policies fit; each step includes those before."""

    NONE = 0
    SERVICES = 1
    FAMILIES = 2
    REPOSITORIES = 3
    CLUSTERS = 4


WORDS = {
    Widening.SERVICES: "every service of the targets' clusters (service/CLUSTER/*)",
    Widening.FAMILIES: "every task definition family (task-definition/*)",
    Widening.REPOSITORIES: "every repository (repository/*)",
    Widening.CLUSTERS: "every cluster whose name begins as all the targets' do (service/PREFIX*)",
}


@dataclass(frozen=True)
class Policies:
    """The functions' policies, and how far each one's names had to be widened."""

    documents: dict[str, Policy]
    widened: dict[str, Widening]


@dataclass(frozen=True)
class _Scope:
    """What a statement may speak about."""

    function: str
    stage: str
    targets: tuple[Target, ...]
    widening: Widening
    secrets: tuple[str, ...] = ()

    @property
    def deployed(self) -> tuple[Target, ...]:
        return tuple(target for target in self.targets if target.mode == "deploy")


def generate(targets: Targets) -> Policies:
    """A policy for each function in `GRANTS`.

    Raises:
        Refused: a role that may be passed is not named, or a policy cannot be made small enough.
    """
    _only_named_roles(targets)
    chosen = {function: _fitting(function, targets) for function in GRANTS}
    return Policies(
        documents={function: policy for function, (policy, _) in chosen.items()},
        widened={function: widening for function, (_, widening) in chosen.items() if widening},
    )


def size(policy: Policy) -> int:
    """The characters that IAM counts, with the longest partition, region and account there are."""
    text = re.sub(r"\s", "", json.dumps(_resolved(policy), separators=(",", ":")))
    return len(text)


def _fitting(function: str, targets: Targets) -> tuple[Policy, Widening]:
    for widening in Widening:
        secrets = tuple(sorted(targets.notices.named.values()))
        policy = _policy(_Scope(function, targets.stage, targets.all, widening, secrets))
        if size(policy) <= COMFORTABLE:
            return policy, widening
    if size(policy) < LIMIT:
        return policy, widening
    raise Refused(
        f"the policy of `{function}` has {size(policy):,} characters, and IAM allows {LIMIT:,}: "
        "name fewer roles in `pass_roles` and groups in `log_groups`, or such as share a prefix."
    )


def _policy(scope: _Scope) -> Policy:
    statements = [statement for grant in GRANTS[scope.function] for statement in grant(scope)]
    return {"Version": "2012-10-17", "Statement": statements}


def _own_logs(scope: _Scope) -> Iterable[Statement]:
    group = f"log-group:/aws/lambda/slipway-{scope.stage}-{scope.function}:*"
    yield _allow(
        "WriteOwnLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [_arn("logs", group)]
    )


def _traces(_: _Scope) -> Iterable[Statement]:
    yield _allow("SendTraces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"])


def _read_ledger(scope: _Scope) -> Iterable[Statement]:
    yield _allow("ReadLedger", ["dynamodb:GetItem"], _LEDGER)
    if scope.function in _SEARCHED:
        yield _allow("SearchLedger", ["dynamodb:Query"], _SEARCHED[scope.function])


def _write_ledger(_: _Scope) -> Iterable[Statement]:
    # A transaction needs no action of its own, only those of its parts.
    yield _allow("WriteLedger", ["dynamodb:PutItem"], _LEDGER)


def _look_at_watchers(scope: _Scope) -> Iterable[Statement]:
    executions = _arn("states", f"execution:slipway-{scope.stage}:*")
    yield _allow("LookAtWatchers", ["states:DescribeExecution"], [executions])


def _notify(_: _Scope) -> Iterable[Statement]:
    yield _allow("Notify", ["sns:Publish"], [{"Ref": "Notices"}])


def _read_webhooks(scope: _Scope) -> Iterable[Statement]:
    """The URLs of webhooks; AWS' own keys decrypt for whoever may read through their service."""
    names = [secret.partition(":") for secret in scope.secrets]
    parameters = [_arn("ssm", f"parameter{name}") for store, _, name in names if store == "ssm"]
    # Secrets Manager adds a hyphen and six characters of its own to a secret's name.
    secrets = [
        _arn("secretsmanager", f"secret:{name}-??????")
        for store, _, name in names
        if store != "ssm"
    ]
    if parameters:
        yield _allow("ReadParameters", ["ssm:GetParameter"], parameters)
    if secrets:
        yield _allow("ReadSecrets", ["secretsmanager:GetSecretValue"], secrets)


def _start_watchers(scope: _Scope) -> Iterable[Statement]:
    # By name: the state machine calls `watch`, so a reference would be a cycle.
    machine = _arn("states", f"stateMachine:slipway-{scope.stage}")
    yield _allow("StartWatchers", ["states:StartExecution"], [machine])


def _report_failures(_: _Scope) -> Iterable[Statement]:
    queue = {"Fn::GetAtt": ["Failures", "Arn"]}
    yield _allow("ReportFailures", ["sqs:SendMessage"], [queue])


def _read_images(scope: _Scope) -> Iterable[Statement]:
    names = ["*"] if scope.widening >= Widening.REPOSITORIES else _repositories(scope.targets)
    repositories = [_arn("ecr", f"repository/{name}") for name in names]
    yield _allow("ReadImages", ["ecr:DescribeImages"], repositories)


def _read_scans(scope: _Scope) -> Iterable[Statement]:
    """Scans, and the manifests of image indexes, whose images are what is scanned.

    With enhanced scanning, DescribeImageScanFindings is denied to whoever may not ask Inspector
    (Amazon ECR user guide, "Retrieving findings for enhanced scans").
    """
    gated = tuple(target for target in scope.targets if target.gate.scan is not None)
    if gated:
        names = ["*"] if scope.widening >= Widening.REPOSITORIES else _repositories(gated)
        repositories = [_arn("ecr", f"repository/{name}") for name in names]
        actions = ["ecr:BatchGetImage", "ecr:DescribeImageScanFindings"]
        yield _allow("ReadScans", actions, repositories)
        inspector = ["inspector2:ListCoverage", "inspector2:ListFindings"]
        yield _allow("ReadFindings", inspector, ["*"])


def _read_services(scope: _Scope) -> Iterable[Statement]:
    actions = [
        "ecs:DescribeServiceDeployments",
        "ecs:DescribeServiceRevisions",
        "ecs:DescribeServices",
        "ecs:ListServiceDeployments",
    ]
    yield _allow("ReadServices", actions, _services(scope, scope.targets, *_KINDS))


def _read_tasks(scope: _Scope) -> Iterable[Statement]:
    clusters = _clusters(scope, scope.targets)
    tasks = [_arn("ecs", f"task/{cluster}/*") for cluster in clusters]
    yield _allow("ReadTasks", ["ecs:DescribeTasks"], tasks)
    within = {"ArnEquals": {"ecs:cluster": [_arn("ecs", f"cluster/{name}") for name in clusters]}}
    yield _allow("ListTasks", ["ecs:ListTasks"], ["*"], within)


def _read_logs(scope: _Scope) -> Iterable[Statement]:
    """The last lines of a failing container: of the log groups that the targets name."""
    groups = sorted({group for target in scope.targets for group in target.log_groups})
    streams = [_arn("logs", f"log-group:{group}:log-stream:*") for group in groups]
    if streams:
        yield _allow("ReadLogs", ["logs:GetLogEvents"], streams)


def _read_target_health(_: _Scope) -> Iterable[Statement]:
    yield _allow("ReadTargetHealth", ["elasticloadbalancing:DescribeTargetHealth"], ["*"])


def _read_task_definitions(_: _Scope) -> Iterable[Statement]:
    actions = ["ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions"]
    yield _allow("ReadTaskDefinitions", actions, ["*"])


def _look_at_services(scope: _Scope) -> Iterable[Statement]:
    """What a service runs at this moment, and by which image."""
    services = _services(scope, scope.targets, "service")
    yield _allow("LookAtServices", ["ecs:DescribeServices"], services)
    yield _allow("ReadTaskDefinitions", ["ecs:DescribeTaskDefinition"], ["*"])


def _change_services(scope: _Scope) -> Iterable[Statement]:
    if scope.deployed:
        actions = ["ecs:StopServiceDeployment", "ecs:UpdateService"]
        yield _allow("ChangeServices", actions, _services(scope, scope.deployed, *_KINDS[:2]))


def _register(scope: _Scope) -> Iterable[Statement]:
    """RegisterTaskDefinition, and tagging what it makes."""
    if not scope.deployed:
        return
    families = {target.family for target in scope.deployed}
    # Only while registering: a later change of tags could forge who made a revision.
    creating = {"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}}
    if None in families:
        yield _allow("RegisterAnyFamily", ["ecs:RegisterTaskDefinition"], ["*"])
        yield _allow("TagAnyFamily", ["ecs:TagResource"], ["*"], creating)
        return
    wide = scope.widening >= Widening.FAMILIES
    names = ["*"] if wide else [f"{family}:*" for family in sorted(filter(None, families))]
    revisions = [_arn("ecs", f"task-definition/{name}") for name in names]
    yield _allow("RegisterFamilies", ["ecs:RegisterTaskDefinition"], revisions)
    yield _allow("TagFamilies", ["ecs:TagResource"], revisions, creating)


def _pass_roles(scope: _Scope) -> Iterable[Statement]:
    roles = sorted({role for target in scope.deployed for role in target.pass_roles})
    if roles:
        to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
        yield _allow(
            "PassRoles", ["iam:PassRole"], [_this_account(role) for role in roles], to_tasks
        )


_Grant = Callable[[_Scope], Iterable[Statement]]
_ALWAYS: tuple[_Grant, ...] = (_own_logs, _traces)
_STEP: tuple[_Grant, ...] = (
    _read_ledger,
    _write_ledger,
    _notify,
    _read_webhooks,
    _read_services,
    _read_tasks,
    _read_logs,
    _read_target_health,
    _read_task_definitions,
    _read_images,
    _change_services,
    _register,
    _pass_roles,
)
# What each function may do.
GRANTS: dict[str, tuple[_Grant, ...]] = {
    "on_image_push": (
        *_ALWAYS,
        *_STEP,
        _read_scans,
        _start_watchers,
        _report_failures,
    ),
    "on_service_change": (*_ALWAYS, *_STEP, _read_scans, _report_failures),
    "watch": (*_ALWAYS, *_STEP, _read_scans, _start_watchers),
    "deploy": (*_ALWAYS, *_STEP, _read_scans, _start_watchers),
    "rollback": (*_ALWAYS, *_STEP, _start_watchers),
    "status": (*_ALWAYS, _read_ledger, _look_at_services),
    "sweep": (
        *_ALWAYS,
        *_STEP,
        _read_scans,
        _start_watchers,
        _report_failures,
        _look_at_watchers,
    ),
}

_KINDS = ("service", "service-deployment", "service-revision")
_LEDGER = [{"Fn::GetAtt": ["Ledger", "Arn"]}]
_BY_DEPLOYMENT = {"Fn::Sub": "${Ledger.Arn}/index/by-deployment"}
# Who finds a record by its deployment's id, a service's history, or what is unfinished; the others
# know the keys of what they read.
_SEARCHED: dict[str, list[Any]] = {
    "watch": [_BY_DEPLOYMENT],
    "status": [*_LEDGER, _BY_DEPLOYMENT],
    "sweep": [*_LEDGER, {"Fn::Sub": "${Ledger.Arn}/index/open"}],
}


def _allow(
    sid: str, actions: list[str], resources: list[Any], condition: dict[str, Any] | None = None
) -> Statement:
    statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def _arn(service: str, resource: str) -> dict[str, str]:
    prefix = f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}"
    return {"Fn::Sub": f"{prefix}:{resource}"}


def _services(scope: _Scope, targets: tuple[Target, ...], *kinds: str) -> list[dict[str, str]]:
    wide = scope.widening >= Widening.SERVICES
    clusters = [f"{cluster}/*" for cluster in _clusters(scope, targets)]
    names = clusters if wide else sorted({target.name for target in targets})
    below = {"service": "", "service-deployment": "/*", "service-revision": "/*"}
    return [
        _arn("ecs", f"{kind}/{name}{'' if wide else below[kind]}")
        for kind in kinds
        for name in names
    ]


def _clusters(scope: _Scope, targets: tuple[Target, ...]) -> list[str]:
    names = sorted({target.cluster for target in targets})
    if scope.widening < Widening.CLUSTERS:
        return names
    return [f"{commonprefix(names)}*"]  # noqa: RUF071 - by characters is what is meant


def _repositories(targets: tuple[Target, ...]) -> list[str]:
    return sorted({target.repository for target in targets})


def _only_named_roles(targets: Targets) -> None:
    for target in targets.all:
        for role in target.pass_roles:
            if not re.fullmatch(r"arn:[^:]+:iam::(?:\d{12}|\*):role/[^*].*", role):
                raise Refused(
                    f"targets.toml: the target of {target.name}, key `pass_roles`: expected ARNs "
                    f'like "arn:aws:iam::*:role/my-app-*" that name at least a prefix, '
                    f"found {role!r}."
                )


def _this_account(role: str) -> dict[str, str]:
    """ECS takes no role of another account or partition: `*` there means this one."""
    _, _, _, _, account, name = role.split(":", 5)
    account = "${AWS::AccountId}" if account == "*" else account
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::{account}:{name}"}


_LONGEST = {
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-1",
    "AWS::AccountId": "123456789012",
    "Ledger.Arn": "arn:aws-us-gov:dynamodb:ap-southeast-1:123456789012:table/" + "t" * 64,
}


def _resolved(value: Any) -> Any:
    """The value with its references replaced by texts at least as long as the real ones."""
    if isinstance(value, dict):
        if "Fn::Sub" in value:
            return re.sub(r"\$\{([^}]+)\}", lambda name: _LONGEST[name[1]], value["Fn::Sub"])
        if value.keys() & {"Ref", "Fn::GetAtt"}:
            return _LONGEST["Ledger.Arn"]
        return {key: _resolved(item) for key, item in value.items()}
    return [_resolved(item) for item in value] if isinstance(value, list) else value
