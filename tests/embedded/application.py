"""A small serverless application for the tests of the embedded AWS: source, template, package."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

SOURCE = """
import json, os, sys, time
import boto3

COLD = {"starts": 0}

def client(name):
    return boto3.client(name)

def on_push(event, context):
    table, order = os.environ["TABLE"], event["detail"]["order"]
    client("dynamodb").put_item(TableName=table, Item={"id": {"S": order}, "polls": {"N": "0"}})
    client("stepfunctions").start_execution(
        stateMachineArn=os.environ["MACHINE"], name=order, input=json.dumps({"order": order}))
    print("started", order)
    return {"order": order}

def poll(event, context):
    order = event["order"]
    got = client("dynamodb").update_item(
        TableName=os.environ["TABLE"], Key={"id": {"S": order}},
        UpdateExpression="ADD polls :one", ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="ALL_NEW")["Attributes"]
    polls = int(got["polls"]["N"])
    if order.startswith("flaky") and polls == 1:
        raise ValueError("the first poll fails")
    if order.startswith("broken"):
        raise KeyError("this order cannot be polled")
    return {"order": order, "open": polls < 3, "wait": 30, "polls": polls, "at": time.time()}

def act(event, context):
    COLD["starts"] += 1
    what = event.get("do")
    if what == "sleep":
        time.sleep(event["seconds"])
    if what == "exit":
        sys.stdout.write("going down\\n")
        os._exit(3)
    if what == "raise":
        raise RuntimeError(event.get("message", "as asked"))
    if "lifecycleStage" in event:
        return {"hookStatus": "SUCCEEDED"}
    if what == "call":
        service = client(event["service"])
        answer = getattr(service, event["operation"])(**event.get("parameters", {}))
        answer.pop("ResponseMetadata", None)
        return json.loads(json.dumps(answer, default=str))
    return {"starts": COLD["starts"], "time": time.time(), "path": sys.path,
            "remaining": context.get_remaining_time_in_millis(),
            "modules": [m for m in ("moto", "chalice", "pytest") if _importable(m)]}

def _importable(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True
"""

MACHINE = {
    "StartAt": "Poll",
    "States": {
        "Poll": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "${PollArn}", "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "Retry": [
                {
                    "ErrorEquals": ["ValueError"],
                    "IntervalSeconds": 20,
                    "MaxAttempts": 2,
                    "BackoffRate": 2,
                }
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Lost", "ResultPath": "$.why"}],
            "Next": "Open?",
        },
        "Open?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.open", "BooleanEquals": True, "Next": "Wait"}],
            "Default": "Tell",
        },
        "Wait": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Poll"},
        "Tell": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Parameters": {
                "TopicArn": "${TopicArn}",
                "Subject": "done",
                "Message.$": "States.Format('{} is done', $.order)",
                "MessageAttributes": {
                    "execution": {"DataType": "String", "StringValue.$": "$$.Execution.Name"}
                },
            },
            "End": True,
        },
        "Lost": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:updateItem",
            "Parameters": {
                "TableName": "${Table}",
                "Key": {"id": {"S.$": "$.order"}},
                "UpdateExpression": "SET watcher = :lost",
                "ExpressionAttributeValues": {":lost": {"S": "lost"}},
            },
            "Next": "Failed",
        },
        "Failed": {"Type": "Fail", "Error": "Lost", "Cause": "The order cannot be polled"},
    },
}


def role(service: str, *statements: dict[str, Any]) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    logs = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:*:*:*",
    }
    document = {"Version": "2012-10-17", "Statement": [logs, *statements]}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "own", "PolicyDocument": document}],
        },
    }


def _allow(sid: str, action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource, **more}


def _function(handler: str, **properties: Any) -> dict[str, Any]:
    name = "".join(part.title() for part in handler.split("_"))
    return {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "Runtime": f"python3.{sys.version_info.minor}",
            "Handler": f"app.{handler}",
            "CodeUri": "./deployment.zip",
            "Timeout": 20,
            "MemorySize": 256,
            "Role": {"Fn::GetAtt": [f"{name}Role", "Arn"]},
            **properties,
        },
    }


TABLE_ARN = {"Fn::GetAtt": ["Orders", "Arn"]}
PASSABLE = "arn:aws:iam::*:role/acme-*"


def template() -> dict[str, Any]:
    """A SAM template with a rule, functions, a table, a topic, a state machine and a queue."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Prefix": {"Type": "String", "Default": "acme"}},
        "Resources": {
            "OnPush": _function(
                "on_push",
                Environment={
                    "Variables": {"TABLE": {"Ref": "Orders"}, "MACHINE": {"Ref": "Watch"}}
                },
                Events={
                    "Pushed": {
                        "Type": "EventBridgeRule",
                        "Properties": {
                            "Pattern": {
                                "source": ["acme.registry"],
                                "detail": {"order": [{"exists": True}]},
                            }
                        },
                    }
                },
            ),
            "OnPushRole": role(
                "lambda.amazonaws.com",
                _allow("Write", "dynamodb:PutItem", TABLE_ARN),
                _allow("Start", "states:StartExecution", {"Ref": "Watch"}),
            ),
            "Poll": _function("poll", Environment={"Variables": {"TABLE": {"Ref": "Orders"}}}),
            "PollRole": role(
                "lambda.amazonaws.com", _allow("Update", "dynamodb:UpdateItem", TABLE_ARN)
            ),
            "Act": _function(
                "act",
                FunctionName={"Fn::Sub": "${Prefix}-act"},
                Timeout=3,
                DeadLetterQueue={"Type": "SQS", "TargetArn": {"Fn::GetAtt": ["Letters", "Arn"]}},
                EventInvokeConfig={
                    "MaximumRetryAttempts": 2,
                    "DestinationConfig": {
                        "OnFailure": {"Type": "SNS", "Destination": {"Ref": "Notices"}}
                    },
                },
            ),
            "ActRole": role(
                "lambda.amazonaws.com",
                _allow("Letters", "sqs:SendMessage", {"Fn::GetAtt": ["Letters", "Arn"]}),
                _allow("Tell", "sns:Publish", {"Ref": "Notices"}),
                _allow("Register", ["ecs:RegisterTaskDefinition", "ecs:TagResource"], "*"),
                _allow("Describe", "ecs:DescribeServices", "*"),
                _allow(
                    "Pass",
                    "iam:PassRole",
                    PASSABLE,
                    Condition={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
                ),
                _allow("Read", "dynamodb:*Item", TABLE_ARN),
                {
                    "Sid": "NeverDelete",
                    "Effect": "Deny",
                    "Action": "dynamodb:DeleteItem",
                    "Resource": "*",
                },
            ),
            "Orders": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                    "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
                },
            },
            "Notices": {"Type": "AWS::SNS::Topic"},
            "Letters": {"Type": "AWS::SQS::Queue"},
            "Watch": {
                "Type": "AWS::Serverless::StateMachine",
                "Properties": {
                    "Name": "acme-watch",
                    "Role": {"Fn::GetAtt": ["WatchRole", "Arn"]},
                    "Definition": MACHINE,
                    "DefinitionSubstitutions": {
                        "PollArn": {"Fn::GetAtt": ["Poll", "Arn"]},
                        "TopicArn": {"Ref": "Notices"},
                        "Table": {"Ref": "Orders"},
                    },
                },
            },
            "WatchRole": role(
                "states.amazonaws.com",
                _allow("Invoke", "lambda:InvokeFunction", {"Fn::GetAtt": ["Poll", "Arn"]}),
                _allow("Publish", "sns:Publish", {"Ref": "Notices"}),
                _allow("Mark", "dynamodb:UpdateItem", TABLE_ARN),
            ),
            "Failures": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": "Errors",
                    "Statistic": "Sum",
                    "Period": "60",
                    "EvaluationPeriods": 1,
                    "Threshold": 0,
                    "ComparisonOperator": "GreaterThanThreshold",
                    "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": "Poll"}}],
                    "AlarmActions": [{"Ref": "Notices"}],
                },
            },
            "PollLogs": {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {
                    "LogGroupName": {"Fn::Sub": "/aws/lambda/${Poll}"},
                    "RetentionInDays": 30,
                },
            },
        },
        "Outputs": {
            "Table": {"Value": {"Ref": "Orders"}},
            "Machine": {"Value": {"Ref": "Watch"}},
            "Letters": {"Value": {"Ref": "Letters"}},
            "Poll": {"Value": {"Ref": "Poll"}},
            "Act": {"Value": {"Ref": "Act"}},
        },
    }


def package(directory: Path, source: str = SOURCE) -> tuple[Path, Path]:
    """Write the template and the zip; return their paths."""
    body, code = directory / "sam.json", directory / "deployment.zip"
    body.write_text(json.dumps(template()))
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", source)
    return body, code
