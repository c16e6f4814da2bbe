"""record -> notice: what people are told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Denied
from chalicelib.explain.notice import denial, notice
from chalicelib.model.deployments import OPEN, Cause, Deployment, Notice, Status
from chalicelib.model.services import StoppedTask
from tests.explain.ended_tasks import whole_case
from tests.fixtures import examples
from tests.fixtures.examples import at

HOSTILE = st.one_of(
    st.text(max_size=50),
    st.sampled_from(
        [
            "x\nNow: all is well",
            "x\r\nNext: run this",
            "x\x1b[2J",
            "\u2028Now: x",
            "\u202eevil",
            "x\x85Why: y",
            "x\x0bNow: y",
            "\t\n ",
            "\U0001f600" * 99,
            "x" * 10_000,
            "",
        ]
    ),
)
OUTSIDE = st.fixed_dictionaries({"reason": HOSTILE, "by": HOSTILE, "why": HOSTILE, "tag": HOSTILE})
# Labels that begin a line of ours, in the order in which they may come.
LABELS = ("Why: ", "Now: ", "Next: ")


def _printable(text: str) -> bool:
    return all(" " <= character <= "~" for character in text)


@given(OUTSIDE, st.sampled_from(Status), st.sampled_from(Cause))
def test_a_subject_is_one_line_that_sns_takes(
    fields: dict[str, str], status: Status, cause: Cause
) -> None:
    told = notice(examples.deployment(**fields, status=status, cause=cause))
    assert 1 <= len(told.subject) <= 100
    assert _printable(told.subject)
    assert not told.subject.startswith(" ")


@given(OUTSIDE, st.sampled_from(Status))
def test_nothing_from_outside_can_forge_a_line(fields: dict[str, str], status: Status) -> None:
    ordinary = notice(examples.deployment(reason="x", by="y", why="z", status=status))
    hostile = notice(
        examples.deployment(**{key: value or "x" for key, value in fields.items()}, status=status)
    )
    if len(hostile.text) < 5_000:
        assert len(hostile.body.splitlines()) in {
            len(ordinary.body.splitlines()),
            len(ordinary.body.splitlines()) - 1,
        }
    for label in LABELS:
        mine = [line for line in hostile.body.splitlines() if line.startswith(label)]
        assert len(mine) <= 1


@given(OUTSIDE, HOSTILE, st.sampled_from(Status))
def test_a_body_is_never_longer_than_what_a_phone_scrolls(
    fields: dict[str, str], case: str, status: Status
) -> None:
    assert len(notice(examples.deployment(**fields, case=case * 9, status=status)).body) <= 8_000


@pytest.mark.parametrize("status", Status)
def test_the_same_status_has_the_same_notice_id(status: Status) -> None:
    record = examples.deployment(status=status)
    later = examples.rolling_out(status=status, updated=at(99), reason="more", running=1)
    assert notice(record).id == notice(later).id
    assert notice(record).id.startswith(record.id)


def test_each_status_has_a_notice_id_of_its_own() -> None:
    ids = {notice(examples.deployment(status=status)).id for status in Status}
    assert len(ids) == len(Status)


SUBJECTS = {
    Status.PENDING: "abc1234 waits",
    Status.HELD: "abc1234 is held",
    Status.PREPARING: "abc1234 runs its `before` task",
    Status.IN_PROGRESS: "abc1234 is being deployed",
    Status.ROLLBACK_IN_PROGRESS: "abc1234 failed; rolling back",
    Status.SUCCESSFUL: "abc1234 is live",
    Status.FAILED: "abc1234 FAILED",
    Status.ROLLBACK_SUCCESSFUL: "abc1234 failed and was rolled back",
    Status.ROLLBACK_FAILED: "abc1234 FAILED, and so did the rollback",
    Status.SUPERSEDED: "abc1234 was superseded",
    Status.REFUSED: "abc1234 was refused",
    Status.OBSERVED: "abc1234 would be deployed (observe mode)",
}


@pytest.mark.parametrize("status", Status)
def test_a_subject_says_which_service_which_image_and_what_became_of_it(status: Status) -> None:
    told = notice(examples.rolling_out(status=status))
    assert told.subject == f"conflicto-backend-service-dev: {SUBJECTS[status]}"
    assert told.status is status


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (Status.IN_PROGRESS, "going back to abc1234"),
        (Status.SUCCESSFUL, "back on abc1234"),
        (Status.FAILED, "abc1234 FAILED"),
    ],
)
def test_a_rollback_by_hand_is_told_as_one(status: Status, what: str) -> None:
    told = notice(examples.rolling_out(status=status, cause=Cause.ROLLBACK))
    assert told.subject == f"conflicto-backend-service-dev: {what}"


@pytest.mark.parametrize("status", Status)
def test_a_body_says_what_happened_and_how_things_stand_now(status: Status) -> None:
    told = notice(examples.rolling_out(status=status, reason="because"))
    lines = told.body.splitlines()
    assert lines[0] == f"{examples.NAME}: {SUBJECTS[status]}."
    assert "Why: because." in lines
    assert any(line.startswith("Now: ") for line in lines)
    assert "None" not in told.body


NOW = {
    Status.IN_PROGRESS: "ECS replaces conflicto-backend-dev:7 with conflicto-backend-dev:8.",
    Status.ROLLBACK_IN_PROGRESS: "ECS goes back to conflicto-backend-dev:7.",
    Status.SUCCESSFUL: "the service runs conflicto-backend-dev:8 (1 of 2 tasks).",
    Status.ROLLBACK_SUCCESSFUL: "the service is back on conflicto-backend-dev:7.",
    Status.ROLLBACK_FAILED: "the service needs a person; it should run conflicto-backend-dev:7.",
    Status.REFUSED: "nothing was changed.",
}


@pytest.mark.parametrize("status", NOW)
def test_how_things_stand_names_the_revisions(status: Status) -> None:
    told = notice(examples.rolling_out(status=status, desired=2, running=1))
    assert f"Now: {NOW[status]}" in told.body.splitlines()


@pytest.mark.parametrize(
    ("status", "step"),
    [
        (Status.FAILED, "Next: correct the cause and push a new image"),
        (Status.ROLLBACK_SUCCESSFUL, "Next: correct the cause and push a new image"),
        (Status.ROLLBACK_FAILED, "Next: see the service's events, then roll back by hand"),
        (Status.SUCCESSFUL, None),
    ],
)
def test_a_failure_says_what_to_do_next(status: Status, step: str | None) -> None:
    steps = [
        line
        for line in notice(examples.rolling_out(status=status)).body.splitlines()
        if line.startswith("Next: ")
    ]
    assert [line.startswith(step or "?") for line in steps] == ([True] if step else [])


def _facts(record: Deployment) -> dict[str, str]:
    lines = notice(record).body.split("\n\n")[-1].splitlines()
    return {line[:11].strip().rstrip(":"): line[12:] for line in lines}


def test_the_facts_end_the_body() -> None:
    record = examples.rolling_out(
        status=Status.SUCCESSFUL, cause=Cause.MANUAL, by="ann", why="hotfix", updated=at(125)
    )
    assert _facts(record) == {
        "Service": examples.NAME,
        "Image": "conflicto-backend-dev:abc1234",
        "Digest": examples.DIGEST,
        "Revision": "conflicto-backend-dev:8",
        "Before": "conflicto-backend-dev:7",
        "Cause": "a deployment by hand, by ann",
        "Reason": "hotfix",
        "Took": "2 min 5 s",
        "Time": "2026-03-02T10:17:35.000Z",
        "Deployment": record.id,
    }


@pytest.mark.parametrize(
    ("fields", "took"),
    [
        ({"updated": at(59)}, "59 s"),
        ({"updated": at(60)}, "1 min 0 s"),
        ({"updated": at(-5)}, "0 s"),
        ({"updated": at(60), "applied_at": None}, None),
        ({"updated": at(60), "status": Status.IN_PROGRESS}, None),
    ],
)
def test_what_it_took_is_told_when_it_is_over(fields: dict[str, Any], took: str | None) -> None:
    record = examples.rolling_out(**{"status": Status.FAILED, **fields})
    assert _facts(record).get("Took") == took


def test_an_image_without_a_tag_is_known_by_its_digest() -> None:
    record = examples.deployment(tag="", status=Status.REFUSED)
    assert notice(record).subject.endswith(": sha256:aaaaaaaaaaaa was refused")
    assert _facts(record)["Image"] == examples.REPOSITORY


def test_the_case_is_told_line_by_line() -> None:
    record = examples.rolling_out(
        status=Status.FAILED, case="What stopped the tasks:\n- 2 tasks: x"
    )
    body = notice(record).body
    assert "\nWhat stopped the tasks:\n- 2 tasks: x\n\n" in body


def test_every_status_and_cause_has_its_words() -> None:
    for status in Status:
        for cause in Cause:
            assert isinstance(notice(examples.deployment(status=status, cause=cause)), Notice)
    assert set(SUBJECTS) > OPEN


def test_a_tag_or_a_case_from_outside_writes_no_line_of_ours() -> None:
    hostile = "x\nNow: all is well"
    told = notice(examples.deployment(tag=hostile, status=Status.REFUSED, reason="r"))
    assert told.body.count("\nNow: ") == 1
    case = whole_case([StoppedTask(id="1", reason=hostile)], None, None)
    told = notice(examples.rolling_out(status=Status.FAILED, case=case))
    assert told.body.count("\nNow: ") == 1


def test_without_a_revision_to_return_to_none_is_named() -> None:
    told = notice(examples.rolling_out(status=Status.ROLLBACK_FAILED, return_to=""))
    assert "Now: the service needs a person." in told.body.splitlines()


MAY_NOT = "could not register a revision of web: slipway-dev-watch may not"


@pytest.mark.parametrize(
    ("action", "named"),
    [
        ("iam:PassRole", "see that targets.toml names the role among the target's `pass_roles`"),
        ("ecs:RegisterTaskDefinition", "names the target's `family`"),
        ("ecs:UpdateService", "names the service and its cluster"),
        ("ecr:DescribeImages", "names the target's `repository`"),
        ("logs:GetLogEvents", "names the log group among the target's `log_groups`"),
        ("ssm:GetParameter", "names the secret in `[notices]`"),
        ("dynamodb:PutItem", "Next: `make deploy` writes the functions' roles anew"),
    ],
)
def test_a_denial_names_function_action_and_where_to_grant_it(action: str, named: str) -> None:
    words = f"{MAY_NOT} {action} on arn:aws:x"
    alone = denial(Denied(words, "slipway-dev-watch", action, "arn:aws:x"), at(0))
    assert alone.subject == f"Slipway: slipway-dev-watch may not {action}"
    waiting = notice(examples.deployment(denial=words, reason=words))
    for text in (alone.text, waiting.text):
        assert f"{words}." in text
        assert named in text
        assert "`make deploy`" in text
    assert waiting.text.count(words) == 1


def test_a_denial_during_a_rollback_stands_beside_why_it_failed() -> None:
    words = f"{MAY_NOT} ecs:UpdateService on arn:aws:x"
    told = notice(examples.rolling_out(denial=words, reason="exit code 1"))
    assert "Why: exit code 1." in told.text
    assert f"Denied: {words}." in told.text
    assert re.search(r"-in-progress-[0-9a-f]{8}-denied$", told.id)


def test_another_permission_that_is_missing_has_a_notice_of_its_own() -> None:
    first, second = (
        notice(examples.rolling_out(denial=f"{MAY_NOT} ecs:{call}")) for call in ("A", "B")
    )
    assert first.id != second.id


def test_a_denial_that_aws_does_not_explain_is_told_all_the_same() -> None:
    told = denial(Denied("could not do this: a permission is missing."), at(0))
    assert told.subject == "Slipway: a function may not do what it needs"
    assert "could not do this" in told.text
