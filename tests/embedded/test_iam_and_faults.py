"""IAM denies what a function's role does not allow; faults strike the calls that they match."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from embedded.account import EmbeddedAws, FunctionError
from embedded.calls.call import Call
from embedded.gate.faults import Delay, Error, KillAfter, KillBefore, Outage, Throttle
from embedded.iam.actions import needs
from embedded.iam.evaluate import arn_like, holds
from embedded.services.cloudformation.deploy import Stack
from tests.embedded import application

ACT = "acme-act"
DEFINITION = {
    "family": "web",
    "containerDefinitions": [{"name": "web", "image": "web:1", "memory": 128}],
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedAws, Stack]]:
    with EmbeddedAws(rate=20) as aws:
        package = application.package(tmp_path_factory.mktemp("package"))
        yield aws, aws.deploy(*package, stack="acme")


@pytest.fixture
def aws(deployed: tuple[EmbeddedAws, Stack]) -> Iterator[EmbeddedAws]:
    yield deployed[0]
    deployed[0].faults.clear()


@pytest.fixture
def table(deployed: tuple[EmbeddedAws, Stack]) -> str:
    return deployed[1].outputs["Table"]


def call(aws: EmbeddedAws, service: str, operation: str, **parameters: Any) -> Any:
    event = {"do": "call", "service": service, "operation": operation, "parameters": parameters}
    return aws.invoke(ACT, event)


def put(aws: EmbeddedAws, table: str, order: str) -> Any:
    return call(aws, "dynamodb", "put_item", TableName=table, Item={"id": {"S": order}})


def held(aws: EmbeddedAws, table: str, order: str) -> bool:
    client = aws.client("dynamodb")
    return "Item" in client.get_item(TableName=table, Key={"id": {"S": order}})


def test_an_action_that_no_statement_allows_is_denied(aws: EmbeddedAws, table: str) -> None:
    with pytest.raises(
        FunctionError,
        match=r"AccessDeniedException.*assumed-role/acme-ActRole-\w+/acme-act is not authorized to "
        r"perform: dynamodb:Query on resource: arn:aws:dynamodb:us-west-2:123456789012:table/acme-",
    ):
        call(
            aws,
            "dynamodb",
            "query",
            TableName=table,
            KeyConditionExpression="id = :a",
            ExpressionAttributeValues={":a": {"S": "x"}},
        )


def test_an_allowed_action_on_another_resource_is_denied(aws: EmbeddedAws) -> None:
    with pytest.raises(FunctionError, match="table/others"):
        put(aws, "others", "x")


def test_an_explicit_deny_wins(aws: EmbeddedAws, table: str) -> None:
    with pytest.raises(FunctionError, match="explicit deny"):
        call(aws, "dynamodb", "delete_item", TableName=table, Key={"id": {"S": "x"}})


def test_sns_words_a_denial_its_own_way(aws: EmbeddedAws) -> None:
    arn = aws.client("sns").create_topic(Name="others")["TopicArn"]
    with pytest.raises(FunctionError, match="AuthorizationError"):
        call(aws, "sns", "publish", TopicArn=arn, Message="x")


def test_a_role_is_passed_only_where_iam_passrole_allows_it(aws: EmbeddedAws) -> None:
    role = "arn:aws:iam::123456789012:role/"
    call(aws, "ecs", "register_task_definition", **DEFINITION, taskRoleArn=f"{role}acme-task")

    with pytest.raises(FunctionError, match=r"iam:PassRole on resource: .*role/foreign"):
        call(aws, "ecs", "register_task_definition", **DEFINITION, taskRoleArn=f"{role}foreign")


def test_the_statements_that_were_used_are_known(aws: EmbeddedAws) -> None:
    role = "arn:aws:iam::123456789012:role/acme-task"
    tags = [{"key": "a", "value": "b"}]
    call(aws, "ecs", "register_task_definition", **DEFINITION, executionRoleArn=role, tags=tags)

    assert {"Register", "Pass"} <= aws.iam.used(ACT)
    asked = {decision.action for decision in aws.iam.decisions}
    assert {"ecs:RegisterTaskDefinition", "ecs:TagResource", "iam:PassRole"} <= asked


def test_a_transaction_needs_what_its_items_need(aws: EmbeddedAws, table: str) -> None:
    item = {"Put": {"TableName": table, "Item": {"id": {"S": "t"}}}}
    call(aws, "dynamodb", "transact_write_items", TransactItems=[item])
    delete = {"Delete": {"TableName": table, "Key": {"id": {"S": "t"}}}}

    with pytest.raises(FunctionError, match="dynamodb:DeleteItem"):
        call(aws, "dynamodb", "transact_write_items", TransactItems=[item, delete])


def test_an_operation_that_iam_has_no_rule_for_is_refused_loudly(aws: EmbeddedAws) -> None:
    with pytest.raises(FunctionError, match="IAM: no rule for ecs:ListServicesByNamespace"):
        call(aws, "ecs", "list_services_by_namespace", namespace="x")


SERVICE = "arn:aws:ecs:us-west-2:1:service"


@pytest.mark.parametrize(
    ("pattern", "arn", "matches"),
    [
        ("*", f"{SERVICE}/c/s", True),
        (f"{SERVICE}/c/*", f"{SERVICE}/c/s", True),
        (f"{SERVICE}/c/?", f"{SERVICE}/c/ss", False),
        ("arn:aws:ecs:*:1:service/c/s", f"{SERVICE}/c/s", True),
        ("arn:aws:*:service/c/s", f"{SERVICE}/c/s", False),
        ("arn:aws:logs:*:*:*", "arn:aws:logs:us-west-2:1:log-group:/a:log-stream:b", True),
        (
            "arn:aws:logs:us-west-2:1:log-group:/a",
            "arn:aws:logs:us-west-2:1:log-group:/a:log-stream:",
            False,
        ),
    ],
)
def test_wildcards_stay_within_a_segment_but_for_the_last(
    pattern: str, arn: str, matches: bool
) -> None:
    assert arn_like(pattern, arn) is matches


@pytest.mark.parametrize(
    ("test", "wanted", "found", "result"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", "a", None, True),
        ("StringLike", "prod-*", "prod-web", True),
        ("ArnLike", f"{SERVICE}/c/*", f"{SERVICE}/c/s", True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAnyValue:StringEquals", ["a", "b"], ["a", "c"], True),
        ("Null", "true", None, True),
    ],
)
def test_conditions_hold_as_iam_documents_them(
    test: str, wanted: Any, found: Any, result: bool
) -> None:
    context = {} if found is None else {"ecs:Cluster": found}
    assert holds(test, {"ecs:cluster": wanted}, context) is result


def test_the_administrator_may_do_everything(aws: EmbeddedAws, table: str) -> None:
    aws.client("dynamodb").delete_item(TableName=table, Key={"id": {"S": "none"}})


def test_calls_are_counted_by_whom_they_come_from(aws: EmbeddedAws, table: str) -> None:
    before = aws.recorder.count("dynamodb", "PutItem", ACT)
    put(aws, table, "counted")

    assert aws.recorder.count("dynamodb", "PutItem", ACT) == before + 1


def test_a_throttle_is_retried_by_the_sdk(aws: EmbeddedAws, table: str) -> None:
    rule = aws.faults.add(Throttle(), service="dynamodb", operation="PutItem", times=1)
    put(aws, table, "throttled")

    assert rule.struck == 1
    assert held(aws, table, "throttled")


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("dynamodb", "list_tables", {}, "ThrottlingException"),
        ("sns", "list_topics", {}, "Throttled"),
        ("lambda", "list_functions", {}, "TooManyRequestsException"),
        ("s3", "list_objects_v2", {"Bucket": "b"}, "SlowDown"),
    ],
)
def test_every_protocol_throttles_in_its_own_words(
    aws: EmbeddedAws, service: str, operation: str, parameters: dict[str, Any], code: str
) -> None:
    aws.faults.add(Throttle(), service=service, times=1)
    client = aws._clients.admin(service)
    with pytest.raises(client.exceptions.ClientError) as error:
        getattr(client, operation)(**parameters)
    assert error.value.response["Error"]["Code"] == code


def test_an_error_strikes_only_the_principal_it_is_meant_for(aws: EmbeddedAws, table: str) -> None:
    aws.faults.add(Error("ClusterNotFoundException"), service="ecs", principal=ACT, times=None)

    aws.client("ecs").list_clusters()
    with pytest.raises(FunctionError, match="ClusterNotFoundException"):
        call(aws, "ecs", "describe_services", services=["web"])


def test_an_outage_is_a_503(aws: EmbeddedAws) -> None:
    aws.faults.add(Outage(), service="ecr", times=None)
    client = aws._clients.admin("ecr")
    with pytest.raises(client.exceptions.ClientError) as error:
        client.describe_repositories()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_a_delay_takes_simulated_time(aws: EmbeddedAws) -> None:
    aws.faults.add(Delay(10), service="ecs", operation="ListClusters")
    before = aws.clock.now()
    aws.client("ecs").list_clusters()

    assert (aws.clock.now() - before).total_seconds() >= 10


def test_a_kill_before_a_call_leaves_no_effect(aws: EmbeddedAws, table: str) -> None:
    aws.faults.add(KillBefore(), operation="PutItem")
    with pytest.raises(FunctionError, match=r"Runtime\.ExitError"):
        put(aws, table, "before")

    assert not held(aws, table, "before")


def test_a_kill_after_a_call_leaves_its_effect(aws: EmbeddedAws, table: str) -> None:
    aws.faults.add(KillAfter(), operation="PutItem")
    with pytest.raises(FunctionError, match=r"Runtime\.ExitError"):
        put(aws, table, "after")

    assert held(aws, table, "after")


def test_to_continue_a_service_deployment_it_and_its_service_must_be_allowed() -> None:
    arn = "arn:aws:ecs:us-west-2:123456789012:service-deployment/dev/web/abc"
    parameters = {"serviceDeploymentArn": arn, "hookId": "ecs-pause-1"}
    call = Call("ecs", "ContinueServiceDeployment", "us-west-2", parameters=parameters)
    (need,) = needs(call)
    service = arn.rpartition("/")[0].replace(":service-deployment/", ":service/")
    assert (need.action, need.resources) == ("ecs:ContinueServiceDeployment", (service, arn))
    assert need.context == {
        "ecs:cluster": "arn:aws:ecs:us-west-2:123456789012:cluster/dev",
        "ecs:service": "arn:aws:ecs:us-west-2:123456789012:service/dev/web",
    }
