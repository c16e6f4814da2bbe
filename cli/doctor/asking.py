"""A call to AWS -> its answer, or a note on what could not be looked at. It never raises."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

Client = Callable[[str], Any]
Answer = Mapping[str, Any]
_CALLED = {"lambda:Invoke": "lambda:InvokeFunction"}  # actions with a name of their own
_IAM = {"elbv2": "elasticloadbalancing", "stepfunctions": "states"}
_DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation")
NOT_THERE: Answer = {}  # what was asked for does not exist


class Asking:
    """Asks AWS with the person's own credentials. `notes` says what was not looked at, and why."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.notes: list[str] = []

    @property
    def region(self) -> str:
        return str(self._client("ecs").meta.region_name)

    def ask(
        self, about: str, call: str, *, absent: Collection[str] = (), **parameters: Any
    ) -> Answer | None:
        """The answer to a call like "ecs:describe_services"; None when AWS did not answer.

        It is `NOT_THERE` when AWS answers with one of the codes in `absent`. `about` names what is
        looked at, for the note.
        """
        service, _, operation = call.partition(":")
        try:
            answer: Answer = getattr(self._client(service), operation)(**parameters)
        except ClientError as error:
            if _code(error) in absent:
                return NOT_THERE
            self._note(about, call, error)
            return None
        except BotoCoreError as error:
            self._note(about, call, error)
            return None
        return answer

    def all(
        self, about: str, call: str, key: str, *, absent: Collection[str] = (), **parameters: Any
    ) -> list[Any] | None:
        """What all pages list under `key`; None unless AWS answered every page."""
        service, _, operation = call.partition(":")
        try:
            return list(self._listed(service, operation, key, parameters))
        except ClientError as error:
            if _code(error) in absent:
                return []
            self._note(about, call, error)
        except BotoCoreError as error:
            self._note(about, call, error)
        return None

    def note(self, about: str, why: str) -> None:
        """Remember what was not looked at; the same note is told once."""
        if (text := f"{about}: {why}") not in self.notes:
            self.notes.append(text)

    def _listed(
        self, service: str, operation: str, key: str, parameters: Mapping[str, Any]
    ) -> Iterator[Any]:
        for page in self._client(service).get_paginator(operation).paginate(**parameters):
            yield from page.get(key, ())

    def _note(self, about: str, call: str, error: ClientError | BotoCoreError) -> None:
        action = _action(call)
        if not isinstance(error, ClientError):
            self.note(about, f"{action} got no answer ({type(error).__name__})")
        elif _code(error) in _DENIED:
            self.note(about, f"may not call {action}")
        else:
            self.note(about, f"{action} answered {_code(error) or 'an error'}")


def _action(call: str) -> str:
    """The action as IAM names it: ecs:DescribeServices."""
    service, _, operation = call.partition(":")
    words = "".join(word.capitalize() for word in operation.split("_"))
    action = f"{_IAM.get(service, service)}:{words}"
    return _CALLED.get(action, action)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
