"""Doctor's advice, followed as it is printed, on simulated services with AWS' defaults."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bench.doctor import PATIENTS, Patient, Step, markdown, treated
from chalicelib.model.targets import load_targets
from cli.doctor.examine import examine
from example import conflicto
from rehearsal.strangers import strangers
from tests.dialect.account import REPOSITORY, SERVICE
from tests.dialect.rehearsed import TARGETS, rehearsed
from tests.pages import page, section

BALANCED = PATIENTS[0]


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    return treated(BALANCED)


def test_with_its_advice_the_next_rollout_takes_less_than_half_the_time(steps: list[Step]) -> None:
    before, *_, after = steps
    assert [step.check for step in steps[1:]] == ["target-health-check", "deregistration-delay"]
    assert after.took < before.took / 2


def test_each_piece_of_advice_saves_what_was_said(steps: list[Step]) -> None:
    for before, after in pairwise(steps):
        assert before.took - after.took == pytest.approx(after.said, abs=3)


@pytest.mark.slow
def test_the_page_has_the_table_that_the_command_prints() -> None:
    written = section(page("doctor"), "Shown on the embedded AWS")
    assert "\n".join(markdown()) in written


@pytest.mark.parametrize("patient", PATIENTS[:1], ids=lambda patient: patient.name)
def test_the_page_tells_what_was_just_measured(steps: list[Step], patient: Patient) -> None:
    written = section(page("doctor"), "Shown on the embedded AWS")
    for step in steps:
        assert f"| {patient.story} | " in written
        assert f" | {step.took:.0f} s |" in written


def test_what_a_rollback_needs_is_missed_when_it_is_deleted() -> None:
    with rehearsed() as account:
        first = conflicto.digest_of("backend: the first image")
        account.settle(SERVICE, account.push("abc1234"))
        account.client("ecr").batch_delete_image(
            repositoryName=REPOSITORY, imageIds=[{"imageDigest": first}]
        )
        report = examine(
            strangers(account.client),
            load_targets(TARGETS, "dev"),
            account.now(),
            fetch=lambda _: b"",
        )
        (found,) = [each for each in report.findings if each.check == "rollback-images"]
        assert found.sentence.startswith("The image of conflicto-backend-dev:1 is gone")
