"""Hostile text reaches people, logs and the ledger on one line, harmless, and cut to size."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws import ledger, webhooks
from chalicelib.decide.after import after
from chalicelib.decide.happened import happened
from chalicelib.decide.head import recorded
from chalicelib.explain.case import explain
from chalicelib.explain.notice import notice
from chalicelib.model.deployments import Cause, Deployment, Return, Status
from chalicelib.model.happenings import (
    Explained,
    Failed,
    Happening,
    LacksPermission,
    Noted,
    RollbackRefused,
    RollsBack,
    Started,
)
from chalicelib.model.heads import Head
from chalicelib.model.health import TargetHealth
from chalicelib.model.services import ServiceEvent, StoppedTask
from tests.fixtures import examples
from tests.fixtures.examples import at
from tests.inputs.mutations import HOSTILE_TEXT
from tests.inputs.sns import sent_to_sns

# SNS API reference, Publish: Subject, Message. A queue that subscribes takes only these characters
# (SQS API reference, SendMessage).
_SUBJECT = re.compile(r"[!-~][ -~]{0,98}", re.ASCII)
_MESSAGE = re.compile(r"[\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
_SNS_BYTES = 256 * 1024
# Amazon DynamoDB developer guide, "Constraints in Amazon DynamoDB": an item, names included.
_ITEM_BYTES = 400 * 1024
_TITLES = {
    "What failed:", "What to do:", "What ECS says:", "Alarms that fired:",
    "Changed since the last good task definition:", "The load balancer says:", "Last log lines:",
}  # fmt: skip
LONGEST = "💥" * 500  # of each of the three that a person writes
_ODD = "\ud800\n\r\u2028\x85\x0b\x1b\u202e<>&`*_@💥 -:a"
hostile = st.one_of(
    st.sampled_from(HOSTILE_TEXT),
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.text(st.sampled_from(_ODD), max_size=40),
)
valid = hostile.map(lambda text: text.encode(errors="replace").decode().strip()[:500])


unhealthy = st.builds(
    TargetHealth,
    target=hostile,
    state=st.sampled_from(["unhealthy", "initial", "draining", "odd"]),
    reason=hostile,
    description=hostile,
)


@st.composite
def failures(draw: st.DrawFn) -> Deployment:
    """A failed deployment; every text of it that comes from outside is hostile."""
    task = StoppedTask(
        id="b99d",
        stop_code=draw(st.sampled_from(["TaskFailedToStart", "EssentialContainerExited", ""])),
        reason=draw(hostile),
        container=draw(hostile),
        container_reason=draw(hostile),
        exit_code=draw(st.sampled_from([None, 0, 1, 137])),
        stopped_at=at(60),
    )
    event = ServiceEvent(at=at(60), message=draw(hostile))
    case, log = explain(
        [task], examples.service(events=(event,)), at(0),
        logs=draw(st.lists(hostile, max_size=5)), alarms=draw(st.lists(hostile, max_size=2)),
        changed=draw(st.lists(hostile, max_size=2)), targets=draw(st.lists(unhealthy, max_size=2)),
    )  # fmt: skip
    record = examples.rolling_out(
        by=draw(valid), why=draw(valid), tag=draw(valid), cause=draw(st.sampled_from(Cause))
    )
    reason = f"stopped by hand by {record.by}: {draw(hostile)}"
    failed = Failed(noted=Noted(), status=Status.FAILED, reason=reason)
    record = after(record, failed, at(90))
    return after(record, Explained(case=case, log=log, reason=record.reason), at(90))


@given(failures())
def test_sns_takes_every_notice(record: Deployment) -> None:
    sent = sent_to_sns(notice(record), record)
    assert _SUBJECT.fullmatch(sent["Subject"])
    assert _MESSAGE.fullmatch(sent["Message"])
    attributes = [one["StringValue"] for one in sent["MessageAttributes"].values()]
    assert all(_MESSAGE.fullmatch(one) for one in attributes)
    size = sum(len(text.encode()) for text in (sent["Message"], *sent["MessageAttributes"]))
    assert size + sum(len(one.encode()) for one in attributes) < _SNS_BYTES


@given(failures())
def test_nothing_hostile_begins_a_line_of_the_case(record: Deployment) -> None:
    assert len(record.case) + len(record.log) <= 4_500
    for line in [*record.case.split("\n"), *(record.log.split("\n") if record.log else [])]:
        assert line.isprintable()
        assert line in _TITLES or line.startswith(("- ", "  ", "Log: "))


@given(failures())
def test_slack_reads_every_notice_as_text_and_takes_its_size(record: Deployment) -> None:
    payload = webhooks.Slack("ssm:/x").payload(notice(record), record.id, record.service)
    json.dumps(payload, ensure_ascii=False).encode()
    header, story, fields, context = payload["blocks"]
    assert 1 <= len(header["text"]["text"]) <= 150
    assert header["text"]["type"] == "plain_text"
    assert 1 <= len(story["text"]["text"]) <= 3_000
    assert 1 <= len(fields["fields"]) <= 10
    assert all(len(field["text"]) <= 2_000 for field in fields["fields"])
    for text in (story["text"], *fields["fields"], *context["elements"]):
        assert text["verbatim"]
        _is_text(text["text"])
    _is_text(payload["text"])


def _is_text(text: str) -> None:
    assert not {"<", ">"} & set(text)
    assert not re.search(r"&(?!amp;|lt;|gt;)", text)


@given(failures())
def test_a_webhook_gets_what_any_json_reader_reads(record: Deployment) -> None:
    payload = webhooks.Webhook("ssm:/x").payload(notice(record), record.id, record.service)
    assert json.loads(json.dumps(payload, ensure_ascii=False).encode()) == payload


def _size(item: dict[str, Any]) -> int:
    """An item's size: names and values in UTF-8, and a few bytes for every list and map."""
    return len(json.dumps(item, ensure_ascii=False).encode())


@given(failures())
def test_the_ledger_takes_every_record_and_gives_it_back(record: Deployment) -> None:
    item = ledger.DynamoLedger("t", 400)._record(record)
    assert _size(item) < _ITEM_BYTES
    assert ledger._model(Deployment, item) == record


def test_the_largest_record_and_head_fit_into_their_items() -> None:
    """Every text at its limit, in characters of four bytes, and every notice still unsent."""
    head = examples.head()
    record = examples.deployment(by=LONGEST, why=LONGEST, key=LONGEST, tag="t" * 128)
    returning = Return(by="person", how="stop", began=at(1))
    said = "💥" * 9_999
    life: list[Happening] = [
        LacksPermission(denial=LONGEST),
        Started(revision=examples.revision(8), applied_at=at(1), deadline=at(1800)),
        LacksPermission(denial=LONGEST),
        RollsBack(noted=Noted(), returning=returning, deadline=None, reason=said),
        Explained(case="💥" * 4_500, reason=said),
        LacksPermission(denial=LONGEST),
        RollbackRefused(reason=said),
    ]
    for number, happening in enumerate(life):
        head, record = happened(head, record, happening, at(number))
    assert len(record.notices) == 6
    assert _size(ledger.DynamoLedger("t", 400)._record(record)) < _ITEM_BYTES
    for number in range(40):
        asked = examples.request(key=LONGEST[:499] + str(number))
        one = examples.deployment(id=f"{number:060}", key=asked.key)
        head = recorded(head, one, asked)
    assert _size(ledger._item(head, pk=head.service, sk="HEAD")) < _ITEM_BYTES
    assert ledger._model(Head, ledger._item(head, pk=head.service, sk="HEAD")) == head
