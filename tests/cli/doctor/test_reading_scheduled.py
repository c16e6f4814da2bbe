"""What `slipway doctor` reads of rules and schedules that follow, and of their roles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cli.doctor.examine import Report
from example import conflicto
from rehearsal.strangers import strangers
from tests.cli.doctor.clients import Guarded
from tests.cli.doctor.test_reading import checks, look
from tests.dialect import scheduled
from tests.dialect.account import FAMILY, SERVICE
from tests.dialect.rehearsed import RehearsedAccount, rehearsed

ARN = f"arn:aws:ecs:{conflicto.REGION}:{conflicto.ACCOUNT}:task-definition/{FAMILY}"
TASK_ROLE = f"arn:aws:iam::{conflicto.ACCOUNT}:role/conflicto-task-dev"
CHECKS = {
    "follow-names", "names-a-revision", "followed-family", "active-revision",
    "pass-scheduled-roles", "runs-next-revision", "passes-task-roles",
}  # fmt: skip
TASK = """
[[task]]
repository = "conflicto-backend-{env}"
family = "conflicto-report-{env}"
schedules = ["default/rep*"]
pass_roles = ["arn:aws:iam::*:role/conflicto-*-{env}"]
"""


@pytest.fixture
def account() -> Iterator[RehearsedAccount]:
    with rehearsed() as made:
        scheduled.add_report(made)
        scheduled.add_rule(made)
        scheduled.add_schedule(made)
        yield made


def guarded(account: RehearsedAccount, **decisions: str) -> Guarded:
    """A person's clients. IAM decides so on the next revision, and on the task's role."""
    client = Guarded(strangers(account.client))
    resources = {"next": f"{ARN}:2", "passes": TASK_ROLE}
    client.answers["iam:simulate_principal_policy"] = {
        "EvaluationResults": [
            {"EvalResourceName": resources[name], "EvalDecision": decision}
            for name, decision in decisions.items()
        ]
    }
    return client


def found(account: RehearsedAccount, client: Guarded, targets: str = scheduled.FOLLOWING) -> Report:
    return look(account, targets, client)


def test_rules_and_schedules_that_are_well_have_no_finding(account: RehearsedAccount) -> None:
    report = found(account, guarded(account, next="allowed", passes="allowed"))
    assert checks(report) & CHECKS == set()
    assert not [note for note in report.notes if "rule" in note or "schedule" in note]


def test_a_role_that_may_not_run_the_next_revision_is_found(account: RehearsedAccount) -> None:
    report = found(account, guarded(account, next="implicitDeny", passes="allowed"))
    assert checks(report) & CHECKS == {"runs-next-revision"}


def test_a_role_that_may_not_pass_the_tasks_roles_is_found(account: RehearsedAccount) -> None:
    report = found(account, guarded(account, next="allowed", passes="explicitDeny"))
    assert checks(report) & CHECKS == {"passes-task-roles"}


def test_a_role_that_no_pattern_covers_is_found(account: RehearsedAccount) -> None:
    scheduled.put_target(account, f"{FAMILY}:1", role="arn:aws:iam::123456789012:role/cron")
    report = found(account, guarded(account))
    assert checks(report) & CHECKS == {"pass-scheduled-roles"}


def test_names_that_lead_to_nothing_are_found(account: RehearsedAccount) -> None:
    client = account.client("events")
    client.put_rule(Name="nightly-other", ScheduleExpression="rate(1 day)")
    wrong = scheduled.FOLLOWING.replace(
        'rules = ["nightly-{env}"]', 'rules = ["nightly-o*", "none", "no*"]'
    ).replace('"default/report-{env}"', '"default/none", "default/no*", "gone/x"')
    (one,) = [
        each for each in found(account, guarded(account), wrong).findings
        if each.check == "follow-names"
    ]  # fmt: skip
    assert "rule nightly-o*, rule none, rule no* and 3 more" in one.sentence


def test_a_revision_that_is_inactive_and_one_that_is_not_named_are_found(
    account: RehearsedAccount,
) -> None:
    ecs = account.client("ecs")
    ecs.deregister_task_definition(taskDefinition=f"{scheduled.REPORT}:1")
    scheduled.put_target(account, FAMILY)
    client = account.client("scheduler")
    client.delete_schedule(Name=scheduled.SCHEDULE)
    scheduled.add_schedule(account, f"{scheduled.REPORT}:1")
    report = found(account, guarded(account))
    assert checks(report) & CHECKS == {"names-a-revision", "active-revision", "followed-family"}


def test_a_task_without_a_service_is_looked_at_without_asking_for_one(
    account: RehearsedAccount,
) -> None:
    report = found(account, guarded(account), TASK)
    name = f"@task/{scheduled.REPORT}"
    assert checks(report, name) & {"service-exists", *CHECKS} == {"followed-family"}
    assert report.looked_at == (name, "slipway-dev")


@pytest.mark.parametrize(
    ("call", "note"),
    [
        ("events:list_targets_by_rule", "rule nightly-dev: may not call events:ListTargetsByRule"),
        ("scheduler:get_schedule", "default/report-dev: may not call scheduler:GetSchedule"),
        ("iam:simulate_principal_policy", "may not call iam:SimulatePrincipalPolicy"),
    ],
)
def test_what_aws_does_not_tell_is_a_note_and_no_finding(
    account: RehearsedAccount, call: str, note: str
) -> None:
    client = guarded(account)
    client.refusals[call] = "AccessDeniedException"
    report = found(account, client)
    assert checks(report) & CHECKS == set()
    assert any(note in one for one in report.notes), report.notes


def test_what_a_condition_of_a_policy_decides_is_a_note_and_no_finding(
    account: RehearsedAccount,
) -> None:
    client = guarded(account, next="implicitDeny")
    answer: dict[str, Any] = dict(client.answers["iam:simulate_principal_policy"])
    answer["EvaluationResults"][0]["MissingContextValues"] = ["aws:SourceVpc"]
    report = found(account, client)
    assert checks(report) & CHECKS == set()
    assert any("ecs:RunTask depends on aws:SourceVpc" in one for one in report.notes)
    assert SERVICE in report.looked_at
