"""A stack while CloudFormation works on it, and the `aws` commands that have it work."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import Refused

_LOOK_SECONDS = 2.0
_BEGINS = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}
_VERBS = {"CREATE": "creating", "UPDATE": "updating", "DELETE": "deleting"}


def run(command: Sequence[str], meanwhile: Callable[[], None]) -> str:
    """What the command printed; `meanwhile` is called every two seconds until it ends.

    Its output is kept, since it advises to run commands that `make deploy` runs by itself.

    Raises:
        Refused: the command is not there, or it failed, with what it said.
    """
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(command, text=True, stdout=pipe, stderr=pipe)
    except FileNotFoundError as error:
        raise Refused("the `aws` command is not there. Next: make deploy, which has it") from error
    try:
        said, complained = _ended(process, meanwhile)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        raise Refused(_failure(command, complained))
    return said


def _ended(process: subprocess.Popen[str], meanwhile: Callable[[], None]) -> tuple[str, str]:
    while True:
        try:
            return process.communicate(timeout=_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            meanwhile()


def _failure(command: Sequence[str], complained: str) -> str:
    """A sentence with the command's own reason, and what to do next."""
    lines = [line for line in complained.splitlines() if line.strip()] or ["it said nothing"]
    reasons = (line for line in lines if re.search(r"error|fail|unable", line, re.IGNORECASE))
    why = next(reasons, lines[-1]).rstrip(". ")
    name = command[command.index("--stack-name") + 1] if "--stack-name" in command else ""
    if "ROLLBACK_COMPLETE state" in why:  # a first creation failed: such a stack is only deleted
        return f"{why}. Next: aws cloudformation delete-stack --stack-name {name}"
    more = f"aws cloudformation describe-stack-events --stack-name {name}"
    return f"`{' '.join(command[:3])}` failed: {why}.{f' Next: {more}' if name else ''}"


class Stack:
    """One stack, looked at while it changes."""

    def __init__(self, cloudformation: Any, name: str) -> None:
        self.name = name
        self._cloudformation = cloudformation

    def doing(self) -> str:
        """What CloudFormation is doing to the stack, in words; vague when it may not be asked."""
        try:
            stack = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
            changes = self._changes(stack.get("ChangeSetId"))
            return in_words(self._events(), stack["StackId"], changes)
        except (BotoCoreError, ClientError):
            return "at work"

    def why_failed(self) -> str:
        """The first failure of the last change; empty when it is not known."""
        try:
            stack = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
            return first_failure(self._events(), stack["StackId"])
        except (BotoCoreError, ClientError):
            return ""

    def _events(self) -> Iterator[dict[str, Any]]:
        """Newest first."""
        pages = self._cloudformation.get_paginator("describe_stack_events")
        for page in pages.paginate(StackName=self.name):
            yield from page["StackEvents"]

    def _changes(self, change_set: str | None) -> int:
        """How many resources the change set is about."""
        if change_set is None:
            return 0
        question, count = {"StackName": self.name, "ChangeSetName": change_set}, 0
        while True:
            answer = self._cloudformation.describe_change_set(**question)
            count += len(answer.get("Changes", ()))
            if "NextToken" not in answer:
                return count
            question["NextToken"] = answer["NextToken"]


def in_words(events: Iterable[dict[str, Any]], stack_id: str, changes: int) -> str:
    """As "12 of 47 resources, creating WatchRole", by the events of a stack, newest first.

    Event and status names: AWS CloudFormation API reference, StackEvent.
    """
    finished: set[str] = set()
    latest = ""
    for event in events:
        status = event["ResourceStatus"]
        if event.get("PhysicalResourceId") == stack_id:
            if status in _BEGINS:
                break
            if status.endswith("_COMPLETE"):  # of an earlier change: this one has not begun
                return "comparing the package with the stack"
            continue
        name = event["LogicalResourceId"]
        if status.endswith("_COMPLETE"):
            finished.add(name)
        verb = _VERBS.get(status.split("_")[0])
        latest = latest or (f", {verb} {name}" if verb else "")
    count = f"{len(finished)} of {max(changes, len(finished))} resources" if changes else "at work"
    return f"{count}{latest}"


def first_failure(events: Iterable[dict[str, Any]], stack_id: str) -> str:
    """As "WatchRole: <AWS' reason>", the earliest of the last change; events newest first."""
    found = ""
    for event in events:
        status = event["ResourceStatus"]
        if event.get("PhysicalResourceId") == stack_id and status in _BEGINS:
            break
        if status.endswith("_FAILED"):
            found = f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', status)}"
    return found
