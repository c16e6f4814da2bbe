"""The rules' patterns, asked of real samples: what wakes a function, and what must not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from moto.events.models import EventPattern

from cli.package.command import main
from cli.package.lint import PATTERN_LIMIT, Template
from tests.cli.packages import CACHE, PROJECT, copy_project, written

EVENTS = PROJECT / "tests" / "fixtures" / "events"
SAMPLES = {
    path.stem: event
    for path in sorted(EVENTS.glob("*.json"))
    if "detail-type" in (event := json.loads(path.read_text("utf-8")))
}
# Rules match source and type; which push it is, the handler decides by its names and tag.
WAKES = {
    "OnImagePush": {
        "ecr-delete",
        "ecr-push",
        "ecr-push-cosign-signature",
        "ecr-push-latest",
        "ecr-push-untagged",
        "ecr-replication",
        "ecr-storage-class",
    },
    "OnServiceChange": {
        "ecs-deployment-completed",
        "ecs-deployment-failed",
        "ecs-task-stopped-oom",
        "ecs-deployment-in-progress",
        "ecs-deployment-rollback-started",
    },
}


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Template:
    resources: Template = written(tmp_path_factory, "dev").template["Resources"]
    return resources


def pattern(resources: Template, function: str) -> Template:
    (event,) = resources[function]["Properties"]["Events"].values()
    found: Template = event["Properties"]["Pattern"]
    return found


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("function", WAKES)
def test_a_rule_matches_its_own_samples_and_no_others(
    resources: Template, function: str, sample: str
) -> None:
    found = EventPattern.load(json.dumps(pattern(resources, function)))
    assert found.matches_event(SAMPLES[sample]) is (sample in WAKES[function])


def test_scans_wake_a_function_only_where_a_target_has_a_gate_on_them(tmp_path: Path) -> None:
    project = tmp_path / "project"
    copy_project(project)
    targets = project / "chalicelib" / "targets.toml"
    gate = 'service    = "conflicto-backend-service-{env}"\ngate.scan = {max = "HIGH"}'
    text = targets.read_text("utf-8")
    targets.write_text(text.replace('service    = "conflicto-backend-service-{env}"', gate))
    assert main(["dev", "--project", str(project), "--cache", str(CACHE)]) == 0
    template = json.loads((project / "out" / "dev" / "sam.json").read_text("utf-8"))
    found = EventPattern.load(json.dumps(pattern(template["Resources"], "OnImagePush")))
    woken = {name for name, event in SAMPLES.items() if found.matches_event(event)}
    assert woken == WAKES["OnImagePush"] | {"ecr-scan-basic", "inspector-scan"}


@pytest.mark.parametrize("function", WAKES)
def test_every_sample_that_a_rule_should_match_is_there(function: str) -> None:
    assert WAKES[function] <= SAMPLES.keys()


@pytest.mark.parametrize("function", WAKES)
def test_the_same_event_of_another_source_wakes_nobody(resources: Template, function: str) -> None:
    found = EventPattern.load(json.dumps(pattern(resources, function)))
    for sample in WAKES[function]:
        assert not found.matches_event(SAMPLES[sample] | {"source": "somebody.else"})


@pytest.mark.parametrize("function", WAKES)
def test_a_pattern_is_far_from_eventbridges_limit(resources: Template, function: str) -> None:
    assert len(json.dumps(pattern(resources, function))) < PATTERN_LIMIT / 2


def test_the_sweep_comes_every_ten_minutes(resources: Template) -> None:
    (event,) = resources["Sweep"]["Properties"]["Events"].values()
    assert event["Properties"]["Schedule"] == "rate(10 minutes)"
