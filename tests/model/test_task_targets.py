"""[[task]] in targets.toml: its keys, its target, and what is refused with which words."""

from __future__ import annotations

import pytest

from chalicelib.errors import Refused
from chalicelib.model.targets import Target, load_targets
from chalicelib.model.task_targets import TaskTable, TaskTarget

TASK = """
[[task]]
repository = "backend-{env}"
family     = "report-{env}"
schedules  = ["default/report-{env}"]
"""
SERVICE = """
[[target]]
repository = "backend-{env}"
cluster    = "main-{env}"
service    = "web-{env}"
family     = "web-{env}"
"""
# Keys of a service that a [[task]] has no use for.
OF_A_SERVICE = {
    "service", "base", "watch_after", "crash_loop", "log_groups", "log_lines", "before", "after",
    "waits_for", "follow",
}  # fmt: skip


def _second(names: str) -> str:
    """Another service that runs the same family, with scheduled tasks."""
    other = SERVICE.replace('"web-{env}"\nfamily', '"other-{env}"\nfamily')
    return f"{other}follow = {{{names}}}\n"


def test_two_services_of_one_family_may_have_scheduled_tasks_of_their_own() -> None:
    text = SERVICE + 'follow = {rules = ["nightly"]}\n' + _second('rules = ["nightly-2"]')
    assert len(load_targets(text, "dev").all) == 2


def _refused(text: str, stage: str = "dev") -> str:
    with pytest.raises(Refused) as refused:
        load_targets(text, stage)
    return str(refused.value)


def test_the_example_of_the_docs_is_a_target_named_after_its_family() -> None:
    (target,) = load_targets(TASK, "dev").all
    assert isinstance(target, TaskTarget)
    assert target.name == "@task/report-dev"
    assert target.is_task
    assert target.follow.schedules == ("default/report-dev",)


def test_a_file_may_have_tasks_only_and_they_come_after_the_services() -> None:
    names = [target.name for target in load_targets(TASK + SERVICE, "dev").all]
    assert names == ["main-dev/web-dev", "@task/report-dev"]


def test_no_service_of_a_target_can_have_the_name_of_a_task() -> None:
    assert "a name of ECS" in _refused(SERVICE.replace('"main-{env}"', '"@task"'))


def test_keys_of_an_environment_override_those_that_a_task_has() -> None:
    environment = '[environment.dev]\ndeadline = "10m"\nbefore = {command = ["migrate"]}\n'
    service, task = load_targets(TASK + SERVICE + environment, "dev").all
    assert (service.deadline, task.deadline) == (600, 600)
    assert service.before is not None
    assert task.before is None


def test_a_task_is_left_out_where_its_environments_say_so() -> None:
    text = TASK + 'environments = ["prod"]\n' + SERVICE + "[environment.dev]\n[environment.prod]\n"
    assert [target.name for target in load_targets(text, "dev").all] == ["main-dev/web-dev"]


def test_every_key_of_a_target_is_a_tasks_or_one_of_a_service() -> None:
    known = TaskTable.model_fields.keys() | OF_A_SERVICE
    assert Target.model_fields.keys() <= known
    assert not TaskTable.model_fields.keys() & OF_A_SERVICE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            TASK.replace('family     = "report-{env}"\n', ""),
            "[[task]] number 1, key `family`: it is missing, and every task needs it.",
            id="no family",
        ),
        pytest.param(
            TASK.replace('schedules  = ["default/report-{env}"]\n', ""),
            "key `schedules`: expected at least one of `rules` and `schedules`",
            id="nothing that starts it",
        ),
        pytest.param(TASK.replace("default/", ""), 'Did you mean "default/report-', id="no group"),
        pytest.param(
            TASK + 'before = {command = ["x"]}\n',
            "`before` belongs into a [[target]].",
            id="a key of a service",
        ),
        pytest.param(TASK + 'rule = ["x"]\n', "Did you mean `rules`?", id="misspelt"),
        pytest.param(TASK + TASK, "is named by two [[task]] tables", id="twice"),
        pytest.param(
            TASK + SERVICE + 'follow = {rules = ["r"], families = ["report-{env}"]}\n',
            "the family report-dev has a [[task]], and the [[target]] of main-dev/web-dev has it",
            id="moved twice",
        ),
        pytest.param(
            SERVICE + 'follow = {rules = ["night*"]}\n' + _second('rules = ["nightly"]'),
            "[[target]]s of main-dev/web-dev and main-dev/other-dev both follow with the rule",
            id="one rule, two services of one family",
        ),
        pytest.param(
            SERVICE + 'follow = {schedules = ["a/b"]}\n' + _second('schedules = ["a/*"]'),
            "both follow with the schedule",
            id="one schedule, two services of one family",
        ),
        pytest.param("[task]\nx = 1\n", "must be written as [[task]] tables", id="no array"),
        pytest.param(
            TASK + 'environments = ["prd"]\n[environment.prod]\n',
            "[[task]] number 1, key `environments`: there is no [environment.prd]",
            id="unknown environment",
        ),
        pytest.param(
            TASK.replace("{env}", "{stage}"), "[[task]] number 1, key `repository`", id="braces"
        ),
    ],
)
def test_a_mistake_is_refused_with_its_place(text: str, words: str) -> None:
    stage = "prod" if "[environment.prod]" in text else "dev"
    assert words in _refused(text, stage)
