"""Each function may do what its own flow calls, and nothing else: code -> IAM actions -> policy.

The calls are read from the source: from a handler in app.py through `chalicelib/flow` to the
methods of `chalicelib/aws`, and from there to botocore's operations.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Container
from functools import lru_cache
from pathlib import Path

import botocore.session
import cfnlint
import pytest
from botocore import xform_name

from chalicelib.model.commands import BeforeSettings
from chalicelib.model.scans import Severity
from chalicelib.model.scheduled import FollowSettings
from chalicelib.model.targets import Gate, ScanGate, Target, Targets, load_targets
from chalicelib.model.task_targets import TaskTable
from cli.package.policies import Policy, generate
from tests.cli.conftest import OPTIONAL
from tests.cli.packages import PROJECT, STAGES, written

PORTS = {
    "images": ("ecr", "Ecr"),
    "ledger": ("ledger", "DynamoLedger"),
    "load_balancers": ("elbv2", "ElasticLoadBalancing"),
    "alarms": ("alarms", "CloudWatchAlarms"),
    "logs": ("logs", "CloudWatchLogs"),
    "revisions": ("revisions", "Revisions"),
    "rule_targets": ("rule_targets", "RuleTargets"),
    "scans": ("ecr_scans", "EcrScans"),
    "scheduled": ("scheduled_tasks", "ScheduledTasks"),
    "schedule_targets": ("schedule_targets", "ScheduleTargets"),
    "services": ("ecs", "Ecs"),
    "standalone": ("standalone_tasks", "StandaloneTasks"),
    "topic": ("sns", "SnsTopic"),
    "watchers": ("stepfunctions", "StateMachine"),
}
# What is granted and never called by our code, and why.
NOT_CALLED = {
    "logs:CreateLogStream": "Lambda writes the function's log",
    "logs:PutLogEvents": "Lambda writes the function's log",
    "xray:PutTraceSegments": "Lambda sends the traces",
    "xray:PutTelemetryRecords": "Lambda sends the traces",
    "sqs:SendMessage": "Lambda reports what failed three times, with the function's role",
}
# It plays a push in a world in which nothing is written. tests/flow/test_replay.py holds it to
# these reads, and to no others.
REPLAYS = ("chalicelib.flow.replay", "replay")
# What is in the source and never reached: what goes back is not rendered, and runs no task.
NEVER = {
    "rollback": {
        "ecs:DescribeExpressGatewayService",
        "ecs:ContinueServiceDeployment",
        "ecs:RunTask",
    }
}
ASYNCHRONOUS = {"on_image_push", "on_service_change", "sweep", "tidy"}
# An operation that needs other actions than its own: it passes roles, tags, asks Inspector, or is a
# transaction.
NEEDS = {
    "ecs:RegisterTaskDefinition": {"ecs:TagResource", "iam:PassRole"},
    "ecs:RunTask": {"ecs:TagResource", "iam:PassRole"},
    "events:PutTargets": {"iam:PassRole"},
    "scheduler:UpdateSchedule": {"iam:PassRole"},
    "ecr:DescribeImageScanFindings": {"inspector2:ListCoverage", "inspector2:ListFindings"},
    "dynamodb:TransactWriteItems": set(),
}
PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem",
         "ConditionCheck": "ConditionCheckItem"}  # fmt: skip


@lru_cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


IAM_NAMES = {"monitoring": "cloudwatch"}  # where IAM's prefix is not the signing name


@lru_cache
def operations(service: str) -> dict[str, str]:
    """botocore's operations of a service by the names of a client's methods."""
    model = botocore.session.get_session().get_service_model(service)
    prefix = IAM_NAMES.get(model.signing_name, model.signing_name)
    return {xform_name(name): f"{prefix}:{name}" for name in model.operation_names}


@lru_cache
def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


@lru_cache
def imported(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """What a module's names mean: (module, name), the name empty for a module."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                known = alias.asname or alias.name
                below = PROJECT.joinpath(*node.module.split("."), f"{alias.name}.py")
                is_module = below.exists()
                found[known] = (
                    (f"{node.module}.{alias.name}", "") if is_module else (node.module, alias.name)
                )
    return found


def ports_used(module: str, name: str, seen: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """(port, method) of everything that a function reaches in app.py and chalicelib/flow."""
    tree = parsed(PROJECT / f"{module.replace('.', '/')}.py")
    if (module, name) in seen or name not in functions(tree):
        return set()
    if (module, name) == REPLAYS:
        return {("ledger", "head"), ("ledger", "deployment"), ("services", "service")}
    seen.add((module, name))
    nodes = list(ast.walk(functions(tree)[name]))
    used = {
        (node.value.attr, node.attr)
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr in PORTS
        and not (isinstance(node.value.value, ast.Name) and node.value.value.id == "dry")
    }
    for target in filter(None, (meant(node, module, tree) for node in nodes)):
        used |= ports_used(*target, seen)
    return used


def meant(node: ast.AST, module: str, tree: ast.Module) -> tuple[str, str] | None:
    """The function of app.py or chalicelib/flow that a name in `module` may mean."""
    meanings = imported(tree)
    match node:
        case ast.Attribute(ast.Name(owner), name) if meanings.get(owner, ("", "x"))[1] == "":
            found = (meanings[owner][0], name)
        case ast.Name(name):
            found = meanings.get(name, (module, name))
        case _:
            return None
    return found if found[0] == "app" or found[0].startswith("chalicelib.flow.") else None


def actions_of(port: str, method: str, seen: set[str] | None = None) -> set[str]:
    """The IAM actions of a method in chalicelib/aws, with its module's own helpers included."""
    module, name = PORTS[port]
    tree = parsed(PROJECT / "chalicelib" / "aws" / f"{module}.py")
    (owner,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name]
    helpers = functions(tree)
    methods = helpers | functions(owner)
    seen = set() if seen is None else seen
    if method in seen or method not in methods:
        return set()
    seen.add(method)
    services = {
        first_argument(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"client", "client_once", "client_quick"}
    }
    called_here = {name: action for each in services for name, action in operations(each).items()}
    found = set()
    for node in ast.walk(methods[method]):
        if isinstance(node, ast.Name) and node.id in helpers:
            found |= actions_of(port, node.id, seen)
        elif isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                found |= actions_of(port, node.attr, seen)
            elif node.attr in called_here:
                found.add(called_here[node.attr])
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "get_paginator":
            found.add(called_here[first_argument(node)])
    return {action for each in found for action in needed(each, tree)}


def first_argument(call: ast.Call) -> str:
    """The text that a call is given first, literally."""
    (first, *_) = call.args
    assert isinstance(first, ast.Constant)
    return str(first.value)


def needed(action: str, tree: ast.Module) -> set[str]:
    if action == "dynamodb:TransactWriteItems":
        texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
        return {f"dynamodb:{PARTS[part]}" for part in PARTS.keys() & texts}
    return {action} | NEEDS.get(action, set())


# Every channel of the topic has `send`; what the others need depends on the targets file.
CHANNEL = {("topic", "publish"): ("topic", "send")}


# Its own flow tells people nothing: lambda_edge tells them which permission is missing.
TOLD_BY_THE_EDGE = {"tidy": {("topic", "send")}}


def reached(function: str) -> set[tuple[str, str]]:
    used = {CHANNEL.get(each, each) for each in ports_used("app", function, set())}
    return used | TOLD_BY_THE_EDGE.get(function, set())


def called(function: str, without: Container[str] = ()) -> set[str]:
    used = {each for each in reached(function) if each[0] not in without}
    assert used, function
    return set().union(*(actions_of(*each) for each in used))


def granted(policy: Policy) -> set[str]:
    return {action for statement in policy["Statement"] for action in statement["Action"]}


@pytest.fixture(scope="module", params=STAGES)
def policies(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Policy]:
    return written(tmp_path_factory, request.param).policies.documents


FUNCTIONS = tuple(functions(parsed(PROJECT / "app.py")))
SHIPPED = tuple(function for function in FUNCTIONS if function not in OPTIONAL)


def test_the_calls_are_found_in_the_source() -> None:
    """Else the tests below would pass on nothing."""
    ledger = {f"dynamodb:{what}" for what in ("BatchGetItem", "GetItem", "Query")}
    tasks = {"ecs:ListTasks", "ecs:DescribeTasks"}
    described = ("Services", "ServiceDeployments", "TaskDefinition")
    rules = {"events:ListRules", "events:ListTargetsByRule"}
    schedules = {"scheduler:GetSchedule", "scheduler:ListSchedules"}
    reads = {f"ecs:Describe{what}" for what in described} | tasks | rules | schedules
    assert called("status") == ledger | reads
    assert {"ecs:UpdateService", "iam:PassRole", "states:StartExecution"} <= called("on_image_push")
    everything = set().union(*map(called, FUNCTIONS))
    assert len(everything) > 15


@pytest.mark.parametrize("function", SHIPPED)
def test_what_a_function_calls_is_granted_to_it_and_nothing_more(
    policies: dict[str, Policy], function: str
) -> None:
    without = {"scans", "alarms", "standalone", "scheduled"}
    calls = called(function, without) - NEVER.get(function, set())
    assert granted(policies[function]) - NOT_CALLED.keys() == calls


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_only_some_targets_need_is_granted_where_a_target_needs_it(
    function: str,
) -> None:
    target = Target(
        repository="shop/api",
        cluster="shop",
        service="api",
        pass_roles=("arn:aws:iam::*:role/shop-*",),
        log_groups=("/ecs/shop-api",),
        gate=Gate(scan=ScanGate(max=Severity.HIGH)),
        watch_after=600,
        before=BeforeSettings(command=("migrate",)),
        follow=FollowSettings(rules=("nightly-*",), schedules=("default/report-*",)),
        family="shop-api",
        keep_revisions=20,
    )
    job = TaskTable(repository="shop/job", family="job", rules=("weekly",)).target
    policy = generate(Targets(stage="dev", all=(target, job))).documents[function]
    # What goes back passes every gate: `rollback` comes by the step, and never asks for a scan.
    never = {"scans", "alarms"} if function == "rollback" else ()
    calls = called(function, without=never) - NEVER.get(function, set())
    assert granted(policy) - NOT_CALLED.keys() == calls


@pytest.mark.parametrize("function", SHIPPED)
def test_what_only_lambda_does_is_granted_where_lambda_does_it(
    policies: dict[str, Policy], function: str
) -> None:
    uncalled = granted(policies[function]) & NOT_CALLED.keys()
    assert ("sqs:SendMessage" in uncalled) is (function in ASYNCHRONOUS)
    assert uncalled >= NOT_CALLED.keys() - {"sqs:SendMessage"}


@pytest.mark.parametrize(
    ("secret", "action", "end"),
    [
        ("ssm:/slipway/slack", "ssm:GetParameter", ":parameter/slipway/slack"),
        ("secretsmanager:slack", "secretsmanager:GetSecretValue", ":secret:slack-??????"),
    ],
    ids=["ssm", "secretsmanager"],
)
def test_who_tells_people_may_read_the_one_secret_that_is_named(
    secret: str, action: str, end: str
) -> None:
    text = (PROJECT / "chalicelib" / "targets.toml").read_text("utf-8")
    text = text.replace("[[target]]", "[[target]]\nkeep_revisions = 20", 1)
    with_slack = load_targets(f'{text}\n[notices]\nslack = "{secret}"\n', "dev")
    for function, policy in generate(with_slack).documents.items():
        readers = [s for s in policy["Statement"] if s["Action"] == [action]]
        assert len(readers) == (("topic", "send") in reached(function)), function
        for statement in readers:
            (resource,) = statement["Resource"]
            assert resource["Fn::Sub"].endswith(end)


def test_no_method_that_reaches_aws_is_forgotten_by_every_flow() -> None:
    """Otherwise its permission is granted to nobody, or the method is dead."""
    everything = set().union(*map(reached, FUNCTIONS))
    for port, (module, name) in PORTS.items():
        tree = parsed(PROJECT / "chalicelib" / "aws" / f"{module}.py")
        (owner,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name]
        public = {method for method in functions(owner) if not method.startswith("_")}
        assert {method for p, method in everything if p == port} == public


def test_every_action_is_one_that_aws_knows() -> None:
    """By the list of actions that cfn-lint carries; names are compared as IAM does."""
    (listed,) = Path(cfnlint.__file__).parent.glob("data/**/Policies.json")
    services = json.loads(listed.read_text("utf-8"))
    for function in FUNCTIONS:
        for action in called(function) | NOT_CALLED.keys():
            service, name = action.split(":")
            assert name.lower() in services[service]["Actions"], action
