"""deployment -> execution of the state machine that polls it: implements the flows' `Watchers`."""

from __future__ import annotations

import json

from botocore.exceptions import ClientError

from chalicelib.aws.clients import client
from chalicelib.aws.errors import code_of, translated


class StateMachine:
    """The state machine of .chalice/resources.yaml."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def start(self, deployment: str, number: int) -> None:
        """Start an execution; leave one alone that exists, or existed in the last 90 days.

        StartExecution answers ExecutionAlreadyExists to a name that it knows.
        """
        name = f"{deployment}-{number}"
        with translated(f"start the watcher {name}"):
            try:
                client("stepfunctions").start_execution(
                    stateMachineArn=self._arn,
                    name=name,
                    input=json.dumps({"deployment": deployment}),
                )
            except ClientError as error:
                if code_of(error) != "ExecutionAlreadyExists":
                    raise

    def alive(self, deployment: str, number: int) -> bool:
        """Return whether this execution is running; one that does not exist is not."""
        arn = f"{self._arn.replace(':stateMachine:', ':execution:')}:{deployment}-{number}"
        with translated(f"look at the watcher {deployment}-{number}"):
            try:
                answer = client("stepfunctions").describe_execution(executionArn=arn)
            except ClientError as error:
                if code_of(error) == "ExecutionDoesNotExist":
                    return False
                raise
        return bool(answer["status"] == "RUNNING")
