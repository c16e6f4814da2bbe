"""Any input gets a reply of the contract, and causes no exception and no act unasked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, URI
from tests.flow.fakes import Aws
from tests.inputs import legitimate
from tests.inputs.invocation import invoked, live, steady, waiting
from tests.inputs.mutations import HOSTILE_TIMES, changed_once, mutated

_LARGEST = 60_000  # bytes of a reply, and of a log line; CloudWatch takes 256 KB, Lambda 6 MB
EVENTS = [examples.event(name) for name in examples.SAMPLE_EVENTS]
PUSHES = [examples.push_event(), *[event for event in EVENTS if event.get("source") == "aws.ecr"]]
CHANGES = [event for event in EVENTS if event.get("source") == "aws.ecs"]
DETAIL_TYPES = sorted({str(event.get("detail-type")) for event in EVENTS})
OTHER_ARN = "arn:aws:ecs:us-west-2:999999999999"
# For a key, what another event or payload could say there: near the truth, and not it.
NEIGHBOURS: dict[str, list[Any]] = {
    "account": ["999999999999", "12345678901", 123456789012, "123456789012 "],
    "region": ["us-east-1", "us-west-2a", "US-WEST-2"],
    "source": ["aws.ecr", "aws.ecs", "custom.ecr", "aws.ecr.", "AWS.ECR"],
    "detail-type": [*DETAIL_TYPES, "ecr image action"],
    "result": ["FAILURE", "success", "SUCCESS ", "PARTIAL"],
    "action-type": ["PUSH", "DELETE", "REPLICATE", "push", "UPDATE_STORAGE_CLASS"],
    "repository-name": [
        "conflicto-backend-prod", "conflicto-backend-dev-2", "team/conflicto-backend-dev",
        "Conflicto-backend-dev", "conflicto-backend-dev/", f"{URI}",
    ],
    "image-digest": [
        "sha256:", "sha512:" + "a" * 128, DIGEST.upper(), DIGEST[:30], DIGEST + "\n", "a" * 64,
        DIGEST + "a" * 300, examples.OTHER_DIGEST,
    ],
    "image-tag": [
        "latest", "latest ", "abc1234\n", "-abc", ".abc", "a" * 128, "a" * 129, "ä", "a/b", "a:b",
        "sha256-" + "a" * 64, "sha256-" + "a" * 64 + ".att", "v1.0_rc-1", "<!channel>", "abc 1234",
    ],
    "time": list(HOSTILE_TIMES),
    "stoppedAt": list(HOSTILE_TIMES),
    "resources": [
        [f"{OTHER_ARN}:service/{NAME}"], [f"arn:aws:ecs:us-east-1:123456789012:service/{NAME}"],
        [f"arn:aws:ecs:us-west-2:123456789012:service/{NAME}-2"], [f"service/{NAME}"], [NAME],
    ],
    "clusterArn": [f"{OTHER_ARN}:cluster/conflicto-dev", "conflicto-dev"],
    "group": ["family:conflicto-backend-service-dev", "service:other", "service:"],
    "lastStatus": ["RUNNING", "stopped", "PENDING"],
    "eventName": ["SERVICE_DEPLOYMENT_FAILED", "SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_STEADY"],
    "service": ["conflicto-dev", "conflicto-dev/other", f"{NAME}/x", f" {NAME}", NAME.upper()],
    "image": [
        "latest", "no such/image:tag", f"{URI}:abc1234", f"{URI}@{DIGEST}", f"{URI}:v1@{DIGEST}",
        "other.registry/conflicto-backend-dev:abc1234", f"{URI}-2:abc1234", "sha256:", "@", ":",
        "ä:b", "abc 1234", f"{URI}:we!rd@{DIGEST}",
    ],
    "to": ["conflicto-backend-dev:7", "conflicto-backend-dev:1", "abc1234", DIGEST, ":", "d-1"],
    "key": ["k" * 500, "k" * 501, "key\n"],
    "by": ["a" * 500, "a" * 501, "<!channel>"],
    "why": ["a" * 500, "a" * 501, "a\nforged"],
    "override": [True, False, "true", 1, "yes"],
    "began": ["2026-03-01T10:15:30.123Z", "2026-03-01", "yesterday", 1, -1, 10**30, None],
    "deployment": ["d-1", "20260302t101530-conflicto-0a1b2c3d-1", "D", "a" * 61, "HEAD", "a/b"],
}  # fmt: skip
# In the fakes a task counts as one of a deployment that has not begun.
STOPPED = examples.event("ecs-task-stopped-oom")["detail"] | {"startedBy": ""}
BY = {"by": "a person", "why": "to see"}
DEPLOYS = [
    {"service": NAME, "image": "abc1234", **BY},
    {"service": NAME, "image": f"{URI}@{DIGEST}", **BY, "key": "k-1", "override": True},
]
ROLLBACKS = [
    {"service": NAME, **BY},
    {"service": NAME, "to": "conflicto-backend-dev:7", "key": "k-1", **BY},
]
STATUSES = [{}, {"service": NAME}, {"deployment": "d-1"}, {"image": "abc1234"}]
LIVE, WAITING = live().record().id, waiting().record().id
LONG_AGO = "2020-01-01T00:00:00.000Z"
WATCHES = [{"deployment": WAITING}, {"deployment": WAITING, "began": LONG_AGO, "polls": 7}]


def _outcomes(reply: Any) -> bool:
    told = reply.get("outcomes")
    return (
        reply.keys() == {"outcomes"}
        and bool(told)
        and all(outcome["outcome"] != "ignored" or outcome["reason"] for outcome in told)
    )


def _swept(reply: Any) -> bool:
    return bool(reply.keys() == {"outcomes"})


def _asked(reply: Any) -> bool:
    if reply.keys() == {"error"}:
        return _one_sentence(reply["error"])
    refused = reply.get("status") == "REFUSED"
    return (
        reply.keys() == {"deployment", "status"} | ({"error"} if refused else set())
        and bool(reply["deployment"])
        and (not refused or _one_sentence(reply["error"]))
    )


def _listed(reply: Any) -> bool:
    return reply.keys() == {"at", "deployments"} or (
        reply.keys() == {"error"} and _one_sentence(reply["error"])
    )


def _one_sentence(text: str) -> bool:
    return 10 < len(text) <= 2_000 and text.isprintable() and "Traceback" not in text


def _polled(reply: Any) -> bool:
    return reply.keys() == {"deployment", "status", "open", "wait"} and type(reply["wait"]) is int


@dataclass(frozen=True)
class Entry:
    """A function, the AWS that it finds, its inputs, and what its contract says of them."""

    function: str
    world: Callable[[], Aws]
    inputs: st.SearchStrategy[Any]
    asks: Callable[[Any], bool]
    answers: Callable[[Any], bool]
    retries: Callable[[Any], bool] = lambda _: False


def _entry(function: str, world: Callable[[], Aws], samples: list[Any], *rest: Any) -> Entry:
    return Entry(function, world, mutated(samples, NEIGHBOURS), *rest)


ENTRIES = {
    "image push": _entry(
        "on_image_push", steady, PUSHES, lambda e: legitimate.push(e, examples.at(60)), _outcomes
    ),
    "any event as a push": _entry(
        "on_image_push", steady, EVENTS, lambda e: legitimate.push(e, examples.at(60)), _outcomes
    ),
    "ECS event": _entry("on_service_change", waiting, CHANGES, legitimate.change, _outcomes),
    "any event as a change": _entry(
        "on_service_change", waiting, EVENTS, legitimate.change, _outcomes
    ),
    "watch": _entry(
        "watch",
        waiting,
        WATCHES,
        lambda e: legitimate.watch(e, WAITING),
        _polled,
        legitimate.watch_of_another,
    ),
    "deploy": _entry("deploy", steady, DEPLOYS, legitimate.deploy, _asked),
    "rollback": _entry("rollback", live, ROLLBACKS, legitimate.rollback, _asked),
    "status": _entry("status", live, STATUSES, lambda _: False, _listed),
    "sweep": _entry("sweep", steady, EVENTS, lambda _: False, _swept),
}
SENSIBLE: dict[str, list[Any]] = {
    "image push": [examples.push_event(), examples.event("ecr-replication")],
    "ECS event": [
        examples.event("ecs-deployment-completed"),
        examples.event("ecs-task-stopped-oom") | {"detail": STOPPED},
    ],
    "watch": WATCHES,
    "deploy": DEPLOYS,
    "rollback": ROLLBACKS,
}


def _check(entry: Entry, given_input: Any) -> None:
    effect = invoked(entry.world(), entry.function, given_input)
    if effect.reply is None:  # Lambda or the state machine comes again, and may find it then
        assert entry.retries(given_input)
        return
    assert entry.asks(given_input) or not effect.acted
    assert entry.answers(effect.reply), effect.reply
    assert len(json.dumps(effect.reply)) < _LARGEST
    for line in effect.logged:
        assert isinstance(json.loads(line), dict)
        assert len(line) < _LARGEST


def _try(entry: Entry, examples_tried: int, *, again_the_same: bool) -> None:
    @settings(max_examples=examples_tried, derandomize=again_the_same, print_blob=True)
    @given(entry.inputs)
    def check(given_input: Any) -> None:
        _check(entry, given_input)

    check()


@pytest.mark.parametrize("entry", ENTRIES)
def test_no_input_raises_or_acts_unasked(entry: str) -> None:
    _try(ENTRIES[entry], 250, again_the_same=True)


@pytest.mark.slow
@pytest.mark.parametrize("entry", ENTRIES)
def test_none_of_ten_thousand_inputs_raises_or_acts_unasked(entry: str) -> None:
    _try(ENTRIES[entry], 10_000, again_the_same=False)


@pytest.mark.parametrize("entry", SENSIBLE)
def test_no_single_change_of_what_asks_for_an_act_raises_or_acts_unasked(entry: str) -> None:
    for sample in SENSIBLE[entry]:
        for given_input in changed_once(sample, NEIGHBOURS):
            _check(ENTRIES[entry], given_input)


@pytest.mark.parametrize("entry", SENSIBLE)
def test_what_is_asked_for_is_done(entry: str) -> None:
    """Without this, a function that never acts would pass."""
    tried = ENTRIES[entry]
    for sample in SENSIBLE[entry]:
        assert tried.asks(sample)
        assert invoked(tried.world(), tried.function, sample).acted
