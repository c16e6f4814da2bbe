"""What no role may ever do, whatever the targets and the stage: asked of the generated policies."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.model.targets import load_targets
from cli.package.policies import REASONS, Policy, generate
from embedded.iam.evaluate import read_policy
from example.conflicto import ACCOUNT, REGION
from rehearsal.permissions import resolved
from tests.cli.conftest import FUNCTIONS, Packaged
from tests.cli.test_policies import rows

STAGES = ("dev", "staging", "prod")
TARGETS = (
    "\n".join(
        f"""
[[target]]
repository = "{team}/{name}-{{env}}"
cluster    = "{team}-{{env}}"
service    = "{name}-{{env}}"
family     = "{name}-{{env}}"
pass_roles = ["arn:aws:iam::*:role/{team}-{{env}}-*"]
log_groups = ["/ecs/{name}-{{env}}"]
"""
        for team, name in (("shop", "api"), ("shop", "worker"), ("books", "print"))
    )
    + """
follow     = {rules = ["print-{env}-*"], schedules = ["books/print-{env}"]}

[notices]
slack = "ssm:/slipway/{env}/slack"
"""
)
ARNS = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "Ledger.Arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ledger",
    "Notices": f"arn:aws:sns:{REGION}:{ACCOUNT}:notices",
    "Failures.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:failures",
}
CHANGES = {
    "ecs:UpdateService", "ecs:StopServiceDeployment", "ecs:RegisterTaskDefinition",
    "ecs:UpdateExpressGatewayService", "ecs:ContinueServiceDeployment",
    "events:PutTargets", "scheduler:UpdateSchedule",
    "ecs:TagResource", "iam:PassRole", "dynamodb:PutItem", "sns:Publish", "states:StartExecution",
    "sqs:SendMessage", "logs:CreateLogStream", "logs:PutLogEvents",
    "xray:PutTraceSegments", "xray:PutTelemetryRecords",
}  # fmt: skip
SERVICES = {
    "dynamodb", "ecr", "ecs", "elasticloadbalancing", "events", "iam", "logs", "scheduler", "sns",
    "sqs", "ssm", "states", "xray",
}  # fmt: skip


@pytest.fixture(scope="module", params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def policies(stage: str) -> dict[str, Policy]:
    documents = generate(load_targets(TARGETS, stage)).documents
    return {function: resolved(policy, ARNS) for function, policy in documents.items()}


def statements(policies: dict[str, Policy]) -> list[tuple[str, dict[str, Any]]]:
    return [(f, statement) for f, policy in policies.items() for statement in policy["Statement"]]


def allowed(policy: Policy, action: str, resource: str, **context: str | list[str]) -> bool:
    keys = {key.replace("__", ":"): value for key, value in context.items()}
    return any(statement.applies(action, resource, keys) for statement in read_policy("p", policy))


def arn(service: str, rest: str, account: str = ACCOUNT, region: str = REGION) -> str:
    region, account = ("", account) if service == "iam" else (region, account)
    return f"arn:aws:{service}:{region}:{account}:{rest}"


def test_statements_only_allow_and_name_actions_and_resources_one_by_one(
    policies: dict[str, Policy],
) -> None:
    for function, statement in statements(policies):
        assert set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}, function
        assert statement["Effect"] == "Allow"
        assert not [action for action in statement["Action"] if "*" in action or "?" in action]


def test_no_other_service_is_touched_and_nothing_of_iam_but_passing_a_role(
    policies: dict[str, Policy],
) -> None:
    actions = {action for _, statement in statements(policies) for action in statement["Action"]}
    assert {action.split(":")[0] for action in actions} == SERVICES
    assert {action for action in actions if action.startswith("iam:")} == {"iam:PassRole"}


def test_whatever_changes_something_by_aws_own_access_levels_is_listed_here(
    policies: dict[str, Policy],
) -> None:
    actions = {action for _, statement in statements(policies) for action in statement["Action"]}
    levels = {}
    for action in actions:
        levels[action] = {row["access_level"] for row in rows(action)}
    assert {action for action in actions if not levels[action] <= {"Read", "List"}} == CHANGES
    managing = [action for action in actions if "Permissions management" in levels[action]]
    assert managing in ([], ["iam:PassRole"])


def test_an_arn_ends_in_a_star_only_below_what_it_names(
    policies: dict[str, Policy], stage: str
) -> None:
    """Nothing before the last part is a wildcard: not the account, the region, or a name."""
    for function, statement in statements(policies):
        if statement["Sid"] in REASONS:
            continue
        for resource in statement["Resource"]:
            below = resource.split(":", 5)[5]
            assert "*" not in resource[: -len(below)], (function, resource)
            named = below.rstrip("*").rstrip("/:-?")
            assert "*" not in named, (function, resource)
            assert named == below or set("/:") & set(named), (function, resource)


def revision(name: str) -> dict[str, str]:
    """What UpdateService is asked to run, as IAM sees it."""
    return {"ecs__task-definition": arn("ecs", f"task-definition/{name}")}


OWN_REVISION = revision("api-{s}:7")
CLUSTER = arn("ecs", "cluster/any")
QUEUE = arn("sqs", "queue")


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ecr:DescribeImages", arn("ecr", "repository/shop/api-{s}-internal"), {}),
        ("ecr:DescribeImages", arn("ecr", "repository/other"), {}),
        ("ecr:DescribeImages", arn("ecr", "repository/shop/api-{s}", "999999999999"), {}),
        ("ecr:BatchDeleteImage", arn("ecr", "repository/shop/api-{s}"), {}),
        ("ecr:PutImage", arn("ecr", "repository/shop/api-{s}"), {}),
        ("ecs:UpdateService", arn("ecs", "service/shop-{s}/other"), OWN_REVISION),
        ("ecs:UpdateService", arn("ecs", "service/shop-{s}/api-{s}-internal"), OWN_REVISION),
        ("ecs:UpdateService", arn("ecs", "service/books-{s}/api-{s}"), OWN_REVISION),
        ("ecs:UpdateService", arn("ecs", "service/shop-{s}/api-{s}", region="eu-west-1"), OWN_REVISION),  # noqa: E501
        ("ecs:UpdateService", arn("ecs", "service/shop-{s}/api-{s}"), {}),
        ("ecs:UpdateService", arn("ecs", "service/shop-{s}/api-{s}"), revision("other:1")),
        ("ecs:UpdateService", arn("ecs", "service/shop-{s}/api-{s}"), {**OWN_REVISION, "ecs__enable-execute-command": "true"}),  # noqa: E501
        ("ecs:UpdateExpressGatewayService", arn("ecs", "service/shop-{s}/other"), {}),
        ("ecs:UpdateExpressGatewayService", arn("ecs", "service/books-{s}/api-{s}"), {}),
        ("ecs:DescribeExpressGatewayService", arn("ecs", "service/shop-{s}/other"), {}),
        ("ecs:CreateExpressGatewayService", arn("ecs", "service/shop-{s}/api-{s}"), {}),
        ("ecs:DeleteExpressGatewayService", arn("ecs", "service/shop-{s}/api-{s}"), {}),
        ("ecs:StopServiceDeployment", arn("ecs", "service-deployment/shop-{s}/other/1"), {}),
        ("ecs:ContinueServiceDeployment", arn("ecs", "service-deployment/shop-{s}/other/1"), {}),
        ("ecs:DescribeServices", arn("ecs", "service/shop-{s}/other"), {}),
        ("ecs:DeleteService", arn("ecs", "service/shop-{s}/api-{s}"), {}),
        ("ecs:RunTask", arn("ecs", "task-definition/api-{s}:1"), {}),
        ("ecs:StopTask", arn("ecs", "task/shop-{s}/1"), {}),
        ("ecs:ExecuteCommand", arn("ecs", "task/shop-{s}/1"), {}),
        ("ecs:DescribeTasks", arn("ecs", "task/other/1"), {}),
        ("ecs:ListTasks", "*", {"ecs__cluster": arn("ecs", "cluster/other")}),
        ("ecs:RegisterTaskDefinition", arn("ecs", "task-definition/other:*"), {}),
        ("ecs:DeregisterTaskDefinition", "*", {}),
        ("ecs:TagResource", arn("ecs", "task-definition/api-{s}:1"), {}),
        ("iam:PassRole", arn("iam", "role/shop-{s}-task"), {"iam__PassedToService": "lambda.amazonaws.com"}),  # noqa: E501
        ("iam:PassRole", arn("iam", "role/shop-{s}-task"), {}),
        ("iam:PassRole", arn("iam", "role/admin"), {"iam__PassedToService": "ecs-tasks.amazonaws.com"}),  # noqa: E501
        ("iam:PassRole", arn("iam", "role/slipway-{s}-WatchRole-1A"), {"iam__PassedToService": "ecs-tasks.amazonaws.com"}),  # noqa: E501
        ("iam:PassRole", arn("iam", "role/admin"), {"iam__PassedToService": "events.amazonaws.com"}),  # noqa: E501
        ("iam:PassRole", arn("iam", "role/shop-{s}-task"), {"iam__PassedToService": "events.amazonaws.com"}),  # noqa: E501
        ("iam:PassRole", arn("iam", "role/admin"), {"iam__PassedToService": "scheduler.amazonaws.com"}),  # noqa: E501
        ("events:PutTargets", arn("events", "rule/other"), {"events__TargetArn": CLUSTER}),
        ("events:PutTargets", arn("events", "rule/bus/print-{s}-x"), {"events__TargetArn": CLUSTER}),  # noqa: E501
        ("events:PutTargets", arn("events", "rule/print-{s}-nightly"), {"events__TargetArn": QUEUE}),  # noqa: E501
        ("events:PutTargets", arn("events", "rule/print-{s}-nightly"), {"events__TargetArn": [CLUSTER, QUEUE]}),  # noqa: E501
        ("events:PutTargets", arn("events", "rule/print-{s}-nightly"), {}),
        ("events:RemoveTargets", arn("events", "rule/print-{s}-nightly"), {}),
        ("events:PutRule", arn("events", "rule/print-{s}-nightly"), {}),
        ("events:DisableRule", arn("events", "rule/print-{s}-nightly"), {}),
        ("events:ListTargetsByRule", arn("events", "rule/other"), {}),
        ("scheduler:UpdateSchedule", arn("scheduler", "schedule/books/other"), {}),
        ("scheduler:UpdateSchedule", arn("scheduler", "schedule/other/print-{s}"), {}),
        ("scheduler:GetSchedule", arn("scheduler", "schedule/books/other"), {}),
        ("scheduler:CreateSchedule", arn("scheduler", "schedule/books/print-{s}"), {}),
        ("scheduler:DeleteSchedule", arn("scheduler", "schedule/books/print-{s}"), {}),
        ("scheduler:ListSchedules", "*", {}),
        ("iam:GetRole", arn("iam", "role/shop-{s}-task"), {}),
        ("lambda:InvokeFunction", arn("lambda", "function:slipway-{s}-watch"), {}),
        ("states:StartExecution", arn("states", "stateMachine:other"), {}),
        ("states:StopExecution", arn("states", "execution:slipway-{s}:x"), {}),
        ("dynamodb:DeleteItem", ARNS["Ledger.Arn"], {}),
        ("dynamodb:Scan", ARNS["Ledger.Arn"], {}),
        ("dynamodb:GetItem", arn("dynamodb", "table/other"), {}),
        ("sns:Publish", arn("sns", "other"), {}),
        ("sns:Subscribe", ARNS["Notices"], {}),
        ("sqs:ReceiveMessage", ARNS["Failures.Arn"], {}),
        ("ssm:GetParameter", arn("ssm", "parameter/slipway/{s}/other"), {}),
        ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:x-123456"), {}),
        ("logs:GetLogEvents", arn("logs", "log-group:/ecs/other:log-stream:x"), {}),
        ("sts:AssumeRole", arn("iam", "role/admin"), {}),
    ],
)  # fmt: skip
def test_no_function_may(
    policies: dict[str, Policy],
    stage: str,
    action: str,
    resource: str,
    context: dict[str, str | list[str]],
) -> None:
    asked = resource.format(s=stage)
    keys = {
        key: value.format(s=stage) if isinstance(value, str) else value
        for key, value in context.items()
    }
    assert [
        function for function, policy in policies.items() if allowed(policy, action, asked, **keys)
    ] == []


def test_what_is_refused_above_is_refused_for_its_name_and_not_altogether(
    policies: dict[str, Policy], stage: str
) -> None:
    """The same questions about what the targets do name are answered with yes."""
    deploy = policies["deploy"]
    to_tasks = {"iam__PassedToService": "ecs-tasks.amazonaws.com"}
    s = stage
    assert allowed(deploy, "ecr:DescribeImages", arn("ecr", f"repository/shop/api-{s}"))
    api, book = arn("ecs", f"service/shop-{s}/api-{s}"), arn("ecs", f"service/books-{s}/print-{s}")
    own = {key: value.format(s=s) for key, value in OWN_REVISION.items()}
    assert allowed(deploy, "ecs:UpdateService", api, **own)
    assert allowed(
        deploy, "ecs:UpdateService", api, **own, **{"ecs__enable-execute-command": "false"}
    )
    assert allowed(deploy, "ecs:UpdateService", book, **revision(f"print-{s}:7"))
    assert allowed(deploy, "ecs:StopServiceDeployment", book)
    assert allowed(deploy, "ecs:ContinueServiceDeployment", book)
    assert allowed(deploy, "ecs:UpdateExpressGatewayService", api)
    assert allowed(deploy, "iam:PassRole", arn("iam", f"role/shop-{s}-task"), **to_tasks)
    cluster = arn("ecs", f"cluster/shop-{s}")
    assert allowed(deploy, "ecs:ListTasks", "*", ecs__cluster=cluster)
    rule = arn("events", f"rule/print-{s}-x")
    schedule = arn("scheduler", f"schedule/books/print-{s}")
    to_two = {"events__TargetArn": [cluster, CLUSTER]}
    assert allowed(deploy, "events:PutTargets", rule, **to_two)
    assert allowed(deploy, "events:ListTargetsByRule", rule)
    assert allowed(deploy, "scheduler:GetSchedule", schedule)
    assert allowed(deploy, "scheduler:UpdateSchedule", schedule)
    for service in ("events", "scheduler"):
        to_service = {"iam__PassedToService": f"{service}.amazonaws.com"}
        assert allowed(deploy, "iam:PassRole", arn("iam", f"role/books-{s}-cron"), **to_service)


# The roles that the template has besides the functions'


def test_no_role_is_there_but_the_functions_and_the_state_machines(packaged: Packaged) -> None:
    """EventBridge has none: functions and queue let it in by their own policies."""
    trusted = {
        name: role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
        for name, role in packaged.of_type("AWS::IAM::Role").items()
    }
    states = trusted.pop("WatcherRole")
    assert states == "states.amazonaws.com"
    assert len(trusted) == len(FUNCTIONS)
    assert {str(principal).strip("[']") for principal in trusted.values()} == {
        "lambda.amazonaws.com"
    }
    managed = [
        arns
        for role in packaged.of_type("AWS::IAM::Role").values()
        for arns in role.get("ManagedPolicyArns", [])
    ]
    assert managed == []


def test_the_state_machine_calls_watch_tells_people_and_nothing_else(packaged: Packaged) -> None:
    (policy,) = packaged.of_type("AWS::IAM::Role")["WatcherRole"]["Policies"]
    found = {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}
    assert set(found) == {"Watch", "TellPeople", "DeliverLogs", "SendTraces"}
    assert found["Watch"]["Action"] == "lambda:InvokeFunction"
    assert found["Watch"]["Resource"] == {"Fn::GetAtt": ["Watch", "Arn"]}
    assert found["TellPeople"]["Action"] == "sns:Publish"
    assert found["TellPeople"]["Resource"] == {"Ref": "Notices"}


def test_eventbridge_invokes_three_functions_each_for_its_own_rule(packaged: Packaged) -> None:
    permissions = packaged.of_type("AWS::Lambda::Permission").values()
    assert len(permissions) == 3
    for permission in permissions:
        assert permission["Principal"] == "events.amazonaws.com"
        assert permission["Action"] == "lambda:InvokeFunction"
        function = next(iter(permission["FunctionName"].values()))
        assert function in str(permission["SourceArn"])
