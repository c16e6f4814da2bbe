"""The template: that it lints clean, and that it says what the design says."""

from __future__ import annotations

import json

import pytest

from app import app
from chalicelib.settings import _VARIABLES
from cli.package import lint
from cli.package.names import logical_id
from tests.cli.conftest import FUNCTIONS, OPTIONAL, Packaged
from tests.cli.packages import PROJECT

ASYNCHRONOUS = ("on_image_push", "on_service_change", "sweep")
RULES = {name: f"{logical_id(name)}{logical_id(name)}Event" for name in ASYNCHRONOUS}


def test_it_lints_clean_before_and_after_expansion(packaged: Packaged) -> None:
    assert lint.findings(packaged.template) == []


def test_the_functions_are_those_of_the_app_and_of_the_configuration(packaged: Packaged) -> None:
    config = json.loads((PROJECT / ".chalice" / "config.json").read_text("utf-8"))
    handlers = {function.name for function in app.pure_lambda_functions} | {
        handler.name for handler in app.event_sources
    } or set(app.handler_map)
    assert set(config["stages"]["{stage}"]["lambda_functions"]) == {*FUNCTIONS, *OPTIONAL}
    assert handlers == {*FUNCTIONS, *OPTIONAL}
    assert set(packaged.of_type("AWS::Lambda::Function")) == {logical_id(n) for n in FUNCTIONS}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_the_name_handler_and_settings_that_are_promised(
    packaged: Packaged, name: str
) -> None:
    function = packaged.resource(logical_id(name))
    assert function["FunctionName"] == f"slipway-dev-{name}"
    assert function["Handler"] == f"app.{name}"
    assert function["Architectures"] == ["x86_64"]
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert "ReservedConcurrentExecutions" not in function
    config = json.loads((PROJECT / ".chalice" / "config.json").read_text("utf-8"))
    settings = config["stages"]["{stage}"]["lambda_functions"][name]
    assert function["MemorySize"] == settings["lambda_memory_size"]
    assert function["Timeout"] == settings["lambda_timeout"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gets_the_variables_that_its_settings_read(
    packaged: Packaged, name: str
) -> None:
    given = packaged.resource(logical_id(name))["Environment"]["Variables"]
    from_lambda = {"AWS_REGION"}
    assert set(_VARIABLES.values()) == set(given) | from_lambda


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_writes_json_to_a_log_group_that_forgets(packaged: Packaged, name: str) -> None:
    logging = packaged.resource(logical_id(name))["LoggingConfig"]
    assert logging["LogFormat"] == "JSON"
    group = packaged.resource(logging["LogGroup"]["Ref"])
    assert group["LogGroupName"] == f"/aws/lambda/slipway-dev-{name}"
    assert group["RetentionInDays"] == 90


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_its_own_role_and_its_own_alarm(packaged: Packaged, name: str) -> None:
    role = packaged.resource(logical_id(name))["Role"]
    assert role == {"Fn::GetAtt": [f"{logical_id(name)}Role", "Arn"]}
    alarm = packaged.resource(f"{logical_id(name)}Alarm")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": logical_id(name)}}]


@pytest.mark.parametrize("name", ASYNCHRONOUS)
def test_what_is_not_delivered_or_not_handled_is_kept(packaged: Packaged, name: str) -> None:
    queue = {"Fn::GetAtt": ["Failures", "Arn"]}
    (target,) = packaged.resource(RULES[name])["Targets"]
    assert target["DeadLetterConfig"] == {"Arn": queue}
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    invocation = packaged.resource(f"{logical_id(name)}EventInvokeConfig")
    assert invocation["DestinationConfig"] == {"OnFailure": {"Destination": queue}}


def test_only_the_rules_of_this_stack_may_fill_the_queue(packaged: Packaged) -> None:
    policy = packaged.resource("FailuresPolicy")["PolicyDocument"]
    allowed = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    (sources,) = [each["Condition"]["ArnEquals"]["aws:SourceArn"] for each in allowed]
    assert {arn["Fn::GetAtt"][0] for arn in sources} == set(RULES.values())
    assert set(packaged.of_type("AWS::Events::Rule")) == set(RULES.values())


def test_the_queue_is_encrypted_and_keeps_messages_for_14_days(packaged: Packaged) -> None:
    queue = packaged.resource("Failures")
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_the_ledger_outlives_its_stack_and_cannot_be_deleted_by_accident(
    packaged: Packaged,
) -> None:
    ledger = packaged.expanded["Resources"]["Ledger"]
    assert (ledger["DeletionPolicy"], ledger["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert ledger["Properties"]["DeletionProtectionEnabled"] is True
    recovery = ledger["Properties"]["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True}
    assert "TableName" not in ledger["Properties"]


def test_the_ledger_has_the_keys_and_indexes_that_the_code_uses(packaged: Packaged) -> None:
    ledger = packaged.resource("Ledger")
    keys = {
        index.get("IndexName", "table"): [key["AttributeName"] for key in index["KeySchema"]]
        for index in (ledger, *ledger["GlobalSecondaryIndexes"])
    }
    assert keys == {"table": ["pk", "sk"], "open": ["open", "sk"], "by-deployment": ["deployment"]}
    assert ledger["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    projections = {
        index["Projection"]["ProjectionType"] for index in ledger["GlobalSecondaryIndexes"]
    }
    assert projections == {"KEYS_ONLY"}


def test_every_alarm_tells_people_and_alarms_may_publish(packaged: Packaged) -> None:
    alarms = packaged.of_type("AWS::CloudWatch::Alarm")
    assert len(alarms) == len(FUNCTIONS) + 2
    assert all(alarm["AlarmActions"] == [{"Ref": "Notices"}] for alarm in alarms.values())
    statements = packaged.resource("NoticesPolicy")["PolicyDocument"]["Statement"]
    allowed = [each["Principal"] for each in statements if each["Effect"] == "Allow"]
    assert {"Service": "cloudwatch.amazonaws.com"} in allowed


def test_only_alarms_of_this_account_may_publish_and_nobody_without_tls(packaged: Packaged) -> None:
    statements = packaged.resource("NoticesPolicy")["PolicyDocument"]["Statement"]
    by_effect = {each["Effect"]: each for each in statements}
    assert len(statements) == len(by_effect) == 2
    allowed, denied = by_effect["Allow"], by_effect["Deny"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }
    assert denied["Principal"] == "*"
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    for each in statements:
        assert (each["Action"], each["Resource"]) == ("sns:Publish", {"Ref": "Notices"})


def test_a_topic_with_a_key_is_used_by_whoever_publishes_and_by_nobody_else(
    packaged: Packaged,
) -> None:
    topic = packaged.resource("Notices")
    without = {"Ref": "AWS::NoValue"}
    assert topic["KmsMasterKeyId"] == {"Fn::If": ["NoticesKeyed", {"Ref": "NoticesKey"}, without]}
    assert packaged.expanded["Parameters"]["NoticesKey"]["Default"] == ""
    use = packaged.expanded["Resources"]["UseNoticesKey"]
    assert use["Condition"] == "NoticesKeyed"
    (statement,) = use["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Resource"] == {"Ref": "NoticesKey"}
    assert set(statement["Condition"]["StringEquals"]) == {"kms:ViaService"}
    publishing = [
        {"Ref": name}
        for name, role in packaged.of_type("AWS::IAM::Role").items()
        if "sns:Publish" in json.dumps(role)
    ]
    assert sorted(map(str, use["Properties"]["Roles"])) == sorted(map(str, publishing))


def test_an_address_is_subscribed_only_when_one_is_given(packaged: Packaged) -> None:
    subscription = packaged.expanded["Resources"]["NoticesByEmail"]
    assert subscription["Condition"] == "NotifyByEmail"
    assert packaged.expanded["Parameters"]["NotifyEmail"]["Default"] == ""


def test_the_outputs_name_what_people_and_tools_need(packaged: Packaged) -> None:
    functions = {f"{logical_id(name)}Function" for name in FUNCTIONS}
    expected = {"LedgerTable", "NoticesTopic", "StateMachine", "FailuresQueue"} | functions
    assert set(packaged.expanded["Outputs"]) == expected


def test_nothing_in_it_speaks_of_another_stage_or_is_left_unfilled(packaged: Packaged) -> None:
    text = json.dumps(packaged.template)
    assert "{stage}" not in text
    assert "{env}" not in text
    assert "slipway-prod" not in text
    assert "staging" not in text
