"""The event on EventBridge: its facts, its schema, its size, and a bus that does not take it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import (  # type: ignore[import-untyped]  # the package has no types
    Draft202012Validator,
    ValidationError,
)

from chalicelib.aws.channels import Silent
from chalicelib.aws.event_bus import EventBus
from chalicelib.errors import Denied, Unavailable
from chalicelib.explain.notice import denial, notice
from chalicelib.model.changes import changed
from chalicelib.model.deployment_event import DeploymentEvent
from chalicelib.model.deployments import Cause, Deployment, Status
from chalicelib.model.times import PhaseTime, Times
from tests.aws.endpoint import Endpoint, answers, fails, is_lost
from tests.fixtures import examples

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "deployment-event.json"
TAKEN = answers({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
HOSTILE = ("\ud800\udfff", "\x00\x1b[31m", "a\u2028b\r\nc", '"}, "status": "FAILED"', "💥" * 600)
LIMIT = 256 * 1_024  # bytes of an entry; API reference, PutEvents


def put(endpoint: Endpoint) -> dict[str, Any]:
    """The one entry of the last request."""
    body = endpoint.sent[-1].request.body
    assert isinstance(body, bytes)
    (sent,) = json.loads(body)["Entries"]
    return dict(sent)


def entry(endpoint: Endpoint, record: Deployment) -> dict[str, Any]:
    """The entry that is sent for the notice of this record's status."""
    endpoint.answers = [TAKEN]
    EventBus("dev").send(notice(record), record.id, record.service, record)
    sent = put(endpoint)
    assert sum(len(str(value).encode()) for value in sent.values()) < LIMIT
    return sent


def detail(endpoint: Endpoint, record: Deployment) -> dict[str, Any]:
    """The event's detail, which fits the published schema."""
    told: dict[str, Any] = json.loads(entry(endpoint, record)["Detail"])
    validator().validate(told)
    return told


def validator() -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def failed(**fields: Any) -> Deployment:
    story = {"reason": "container app exited with code 3", "case": "4 tasks", "log": "Boom"}
    return examples.rolling_out(status=Status.ROLLBACK_IN_PROGRESS, **{**story, **fields})


def test_the_event_says_who_sent_it_and_what_it_is(endpoint: Endpoint) -> None:
    sent = entry(endpoint, failed())
    assert (sent["Source"], sent["DetailType"]) == ("slipway", "Slipway Deployment")
    assert "EventBusName" not in sent


def test_the_facts_of_a_deployment_are_typed(endpoint: Endpoint) -> None:
    ended = changed(
        examples.rolling_out(status=Status.SUCCESSFUL),
        closed_at=examples.at(90),
        times=Times(phases=(PhaseTime(phase="pulling", milliseconds=4_200),)),
    )
    told = detail(endpoint, ended)
    assert (told["version"], told["environment"], told["status"]) == (1, "dev", "SUCCESSFUL")
    assert told["service"] == examples.NAME
    assert told["digest"] == ended.digest
    assert told["cause"] == Cause.PUSH.value
    assert told["phases"] == {"pulling": 4.2}
    assert told["seconds"] == (examples.at(90) - ended.created).total_seconds()


def test_a_failure_has_its_case_and_its_log_lines(endpoint: Endpoint) -> None:
    told = detail(endpoint, failed())
    assert (told["reason"], told["case"], told["log"]) == (
        "container app exited with code 3",
        "4 tasks",
        "Boom",
    )


def test_private_log_lines_are_in_no_event(endpoint: Endpoint) -> None:
    assert "Boom" not in json.dumps(detail(endpoint, failed(log_private=True)))


def test_the_largest_record_fits_into_an_event(endpoint: Endpoint) -> None:
    long = "\x00<&>💥" * 40_000
    every = dict.fromkeys(("reason", "case", "log", "by", "why", "tag", "image"), long)
    detail(endpoint, failed(**every))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_others_breaks_the_event(endpoint: Endpoint, text: str) -> None:
    told = detail(endpoint, failed(by=text, why=text, reason=text, case=text, log=text, tag=text))
    assert told["status"] == "ROLLBACK_IN_PROGRESS"


def test_a_notice_of_no_deployment_is_an_event_too(endpoint: Endpoint) -> None:
    endpoint.answers = [TAKEN]
    denied = Denied("may not", who="watch", action="ecs:UpdateService", resource="*")
    EventBus("dev").send(denial(denied, examples.NOW), "", "")
    sent = put(endpoint)
    validator().validate(json.loads(sent["Detail"]))


@pytest.mark.parametrize(
    "answer", [fails("AccessDeniedException"), fails("InternalException", 500), is_lost]
)
def test_a_bus_that_does_not_take_it_is_told_later(endpoint: Endpoint, answer: Any) -> None:
    endpoint.answers = [answer]
    with pytest.raises(Unavailable):
        EventBus("dev").send(notice(failed()), "d", "c/s", failed())
    assert len(endpoint.sent) == 1


def test_an_entry_that_failed_is_told_later(endpoint: Endpoint) -> None:
    failure = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
    endpoint.answers = [answers(failure)]
    with pytest.raises(Unavailable, match="InternalFailure") as raised:
        EventBus("dev").send(notice(failed()), "d", "c/s", failed())
    assert not isinstance(raised.value, Silent)


def test_the_published_schema_is_that_of_the_model() -> None:
    published = json.loads(SCHEMA.read_text("utf-8"))
    made = DeploymentEvent.model_json_schema(mode="serialization")
    assert {key: published[key] for key in ("properties", "required", "$defs")} == {
        key: made[key] for key in ("properties", "required", "$defs")
    }


def test_the_schema_refuses_what_is_no_event(endpoint: Endpoint) -> None:
    told = detail(endpoint, failed())
    for wrong in ({**told, "version": 2}, {**told, "status": "DONE"}, {"version": 1}):
        with pytest.raises(ValidationError):
            validator().validate(wrong)
