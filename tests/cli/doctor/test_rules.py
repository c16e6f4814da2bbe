"""Each check of `slipway doctor`: what it finds, how much that matters, and what it advises."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from cli.doctor import definition, image, permissions, scheduled, service, stack
from cli.doctor.examine import judged
from cli.doctor.facts import (
    EventRule,
    Expiry,
    RollbackImage,
    ServiceSettings,
    StackFacts,
    TargetFacts,
)
from cli.doctor.finding import Finding, findings
from cli.doctor.slow import SLOW
from tests.cli.doctor import examples as well
from tests.pages import code, page, rows, section
from tests.test_aws_commands import _cli

GATED = {"scan": {"max": "HIGH"}}
HALF = {"enable": True, "rollback": False}


def test_nothing_is_said_of_a_target_that_is_well() -> None:
    assert list(judged(well.facts())) == []


def test_nothing_is_said_of_a_stack_that_is_well() -> None:
    assert list(findings("slipway-dev", stack.RULES, well.stack())) == []


def test_nothing_is_said_of_what_aws_did_not_tell() -> None:
    assert list(judged(TargetFacts(stage="dev", target=well.target()))) == []
    assert list(findings("slipway-dev", stack.RULES, StackFacts(stage="dev"))) == []


# (what is other than well, the check, the severity, words of the sentence, words of the remedy)
TARGET_CASES: list[tuple[dict[str, Any], str, str, str, str]] = [
    (
        {"exists": False, "service": None, "others": ("api", "shop-web")},
        "service-exists", "error", "it has api, shop-web", 'service = "shop-web"',
    ),
    (
        {"exists": False, "service": None, "others": ()},
        "service-exists", "error", "no service shop", "aws ecs create-service",
    ),
    (
        {"service": well.service(status="DRAINING")},
        "service-active", "error", "DRAINING", "create-service",
    ),
    (
        {"service": well.service(controller="CODE_DEPLOY")},
        "controller", "error", "docs/code-deploy.md has the steps",
        "--deployment-controller type=ECS",
    ),
    (
        {"service": well.service(controller="EXTERNAL")},
        "controller", "error", "EXTERNAL", "aws ecs create-service",
    ),
    (
        {"service": well.service(desired=1, maximum_percent=150)},
        "percents", "error", "ECS rounds the maximum down", '"maximumPercent":200',
    ),
    (
        {"settings": ServiceSettings(grace=60)},
        "circuit-breaker", "warning", "circuit breaker is off", '"enable":true,"rollback":true',
    ),
    (
        {"settings": ServiceSettings(breaker=True, grace=60)},
        "rollback", "warning", "does not roll back", '"rollback":true',
    ),
    (
        {"target": well.target(family="shpo"), "family_exists": False, "base": None},
        "family", "error", "family shpo", 'family = "shop"',
    ),
    (
        {"target": well.target(family="api"), "family_exists": True},
        "other-family", "warning", "runs shop:7", 'family = "shop"',
    ),
    (
        {"target": well.target(family="api"), "family_exists": True,
         "service": well.service(express=True)},
        "other-family", "error", "AWS will deny the registration", 'family = "shop"',
    ),
    (
        {"target": well.target(containers=["wbe"])},
        "containers", "error", "no container wbe; it has web", 'containers = ["web"]',
    ),
    (
        {"base": well.revision(containers=(well.container(image="nginx:1"),))},
        "image-of-repository", "error", "No container of shop:7", 'containers = ["web"]',
    ),
    (
        {"log_groups": {"/ecs/shop": False}, "target": well.target(log_groups=())},
        "log-group-exists", "error", "no task starts", "create-log-group",
    ),
    (
        {"log_groups": {"/ecs/shop": True, "/ecs/old": False},
         "target": well.target(log_groups=("/ecs/shop", "/ecs/old"))},
        "named-log-groups", "warning", "/ecs/old, which does not exist", '["/ecs/shop"]',
    ),
    (
        {"target": well.target(log_groups=())},
        "unnamed-log-groups", "warning", "/ecs/shop", 'log_groups = ["/ecs/shop"]',
    ),
    (
        {"base": well.revision(containers=(well.container(health_check={"interval": 10}),))},
        "start-period", "advice", "about 30 s", "startPeriod",
    ),
    (
        {"settings": ServiceSettings(breaker=True, rollback=True)},
        "grace-period", "advice", "about 10 s", "--health-check-grace-period-seconds",
    ),
    (
        {"repository": well.repository(exists=False)},
        "repository-exists", "error", "shop-dev", "aws ecr create-repository",
    ),
    (
        {"repository": well.repository(images=(well.image("v1"), well.image("main")))},
        "tag-rule", "error", "[0-9a-f]{7} admits; the newest are v1, main", "correct `tags`",
    ),
    (
        {"repository": well.repository(images=())},
        "no-images", "warning", "no tagged image", "docker push",
    ),
    (
        {"target": well.target(tags=".*")},
        "latest-admitted", "warning", "admits the tag latest", "tags = '(?!latest$)(.*)'",
    ),
    (
        {"repository": well.repository(platforms=("linux/arm64",))},
        "architecture", "error", "asks for linux/amd64, and the newest image (abc1234) is for "
        "linux/arm64", "--platform linux/amd64",
    ),
    (
        {"target": well.target(gate=GATED), "repository": well.repository(scans=False)},
        "scanning", "error", "every push is refused", "scanOnPush=true",
    ),
    (
        {"target": well.target(gate={"scan": {"max": "HIGH", "on_timeout": "deploy"}}),
         "repository": well.repository(scans=False)},
        "scanning", "warning", "waits 600 s", "scanOnPush=true",
    ),
    (
        {"returns": (RollbackImage(revision="shop:6", digest="sha256:b", there=False),)},
        "rollback-images", "warning", "of shop:6 is gone or archived", "get-lifecycle-policy",
    ),
    (
        {"repository": well.repository(expiries=(Expiry(count=3),))},
        "lifecycle", "warning", "keeps only 3 images", "put-lifecycle-policy",
    ),
    (
        {"repository": well.repository(expiries=(Expiry(days=7),))},
        "lifecycle", "warning", "older than 7 days", "put-lifecycle-policy",
    ),
    (
        {"repository": well.repository(mutable=True)},
        "mutable-tags", "advice", "mutable", "IMMUTABLE",
    ),
    (
        {"target": well.target(pass_roles=("arn:aws:iam::*:role/shop-task",))},
        "pass-roles", "error", "shop-execution of shop:7", "role/shop-execution",
    ),
    (
        {"not_passed": well.ROLES[:1]},
        "pass-role-allowed", "error", "may not pass shop-task", "make deploy STAGE=dev",
    ),
    (
        {"follows_nothing": ("rule nightly",)},
        "follow-names", "warning", "no ECS target with rule nightly", "correct `follow`",
    ),
    (
        {"scheduled": (well.scheduled(task_definition=well.FAMILY_ARN),)},
        "names-a-revision", "warning", "schedule default/report names no", "shop:7",
    ),
    (
        {"scheduled": (well.scheduled(task_definition=""),)},
        "names-a-revision", "warning", "schedule default/report names no", "shop:7",
    ),
    (
        {"scheduled": (well.scheduled(task_definition=f"{well.FAMILY_ARN}-report:1"),)},
        "followed-family", "warning", "runs the family shop-report", '["shop-report"]',
    ),
    (
        {"scheduled": (well.scheduled(active=False),)},
        "active-revision", "error", "runs shop:7, which is INACTIVE", "shop:7",
    ),
    (
        {"scheduled": (well.scheduled(role="arn:aws:iam::123456789012:role/cron"),)},
        "pass-scheduled-roles", "error", "does not cover cron", "role/cron",
    ),
    (
        {"scheduled": (well.scheduled(runs_next=False),)},
        "runs-next-revision", "error", "shop-cron of the schedule default/report may not run",
        "task-definition/shop:*",
    ),
    (
        {"scheduled": (well.scheduled(not_passed=well.ROLES[:1]),)},
        "passes-task-roles", "error", "may not pass shop-task to ECS", "role/shop-task",
    ),
]  # fmt: skip
STACK_CASES: list[tuple[dict[str, Any], str, str, str, str]] = [
    ({"exists": False}, "stack-exists", "error", "slipway-dev", "make deploy STAGE=dev"),
    (
        {"status": "ROLLBACK_COMPLETE"},
        "stack-complete", "error", "not complete", "describe-stack-events",
    ),
    (
        {"status": "UPDATE_ROLLBACK_COMPLETE"},
        "stack-complete", "warning", "rolled back", "describe-stack-events",
    ),
    (
        {"status": "UPDATE_IN_PROGRESS"},
        "stack-complete", "warning", "at work", "describe-stack-events",
    ),
    (
        {"missing_functions": ("slipway-dev-hold",)},
        "functions", "error", "slipway-dev-hold", "make deploy",
    ),
    (
        {"rules": (EventRule(name="push", enabled=False),)},
        "rules-enabled", "error", "push is disabled", "aws events enable-rule --name push",
    ),
    (
        {"secrets": {"ssm:/slipway/slack": False}},
        "secrets", "warning", "ssm:/slipway/slack", "put-parameter",
    ),
    (
        {"secrets": {"secretsmanager:hook": False}},
        "secrets", "warning", "secretsmanager:hook", "create-secret --name hook",
    ),
    ({"waiting": 1}, "dead-letters", "warning", "1 event waits", "receive-message"),
    (
        {"alarms": ("slipway-dev-watch-errors",)},
        "alarms", "warning", "watch-errors rings", "describe-alarms",
    ),
    (
        {"failed_executions": ("20260302t1-shop-1",)},
        "failed-executions", "warning", "1 execution of", "make logs",
    ),
    ({"version": "1.0.0+old"}, "version", "warning", "from 1.0.0+old; this", "make deploy"),
    ({"version": ""}, "version", "warning", "wrote no version", "make deploy"),
]  # fmt: skip


def _matches(found: list[Finding], case: tuple[dict[str, Any], str, str, str, str]) -> None:
    _, check, severity, sentence, remedy = case
    (one,) = [finding for finding in found if finding.check == check]
    assert one.severity == severity
    assert sentence in one.sentence
    assert remedy in one.remedy
    assert one.sentence.rstrip(".") != one.sentence


@pytest.mark.parametrize("case", TARGET_CASES, ids=lambda case: f"{case[1]}: {case[3]}")
def test_a_check_of_a_target_finds_what_is_wrong(
    case: tuple[dict[str, Any], str, str, str, str],
) -> None:
    _matches(list(judged(well.facts(**case[0]))), case)


@pytest.mark.parametrize("case", STACK_CASES, ids=lambda case: f"{case[1]}: {case[3]}")
def test_a_check_of_the_stack_finds_what_is_wrong(
    case: tuple[dict[str, Any], str, str, str, str],
) -> None:
    _matches(list(findings("slipway-dev", stack.RULES, well.stack(**case[0]))), case)


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        pytest.param({"target": well.target(mode="observe", pass_roles=())}, "pass-roles",
                     id="what is only observed passes no role"),
        pytest.param({"service": well.service(controller="EXTERNAL", desired=1,
                                              maximum_percent=100)}, "percents",
                     id="of another controller, only that is told"),
        pytest.param({"settings": ServiceSettings(breaker=True, rollback=True, grace=0),
                      "service": well.service(express=True)}, "grace-period",
                     id="of an Express service, ECS sets it"),
        pytest.param({"settings": ServiceSettings(fargate=False, breaker=True, rollback=True),
                      "base": well.revision(architecture=""),
                      "repository": well.repository(platforms=("linux/arm64",))}, "architecture",
                     id="on EC2, the instance decides where runtimePlatform is not set"),
        pytest.param({"base": well.revision(containers=(well.container(creates_log_group=True),)),
                      "log_groups": {"/ecs/shop": False}}, "log-group-exists",
                     id="ECS makes the log group itself"),
        pytest.param({"target": well.target(mode="observe"),
                      "scheduled": (well.scheduled(role="arn:aws:iam::1:role/cron"),)},
                     "pass-scheduled-roles", id="of what is only observed, no rule is changed"),
        pytest.param({"scheduled": (well.scheduled(task_definition=f"{well.FAMILY_ARN}-x:1"),),
                      "target": well.target(follow={"families": ("shop-x",)})},
                     "followed-family", id="a family that follows"),
    ],
)  # fmt: skip
def test_a_check_finds_nothing(changes: dict[str, Any], check: str) -> None:
    assert check not in {finding.check for finding in judged(well.facts(**changes))}


WRITTEN = ("targets.toml: ", "task definition, ", "rule or schedule: ", "role ", "make ", "docker ")


def test_a_remedy_is_a_command_of_the_pinned_cli_or_a_line_to_write() -> None:
    worst = {"target_groups": (well.group(interval=30, delay=300),), "settings": ServiceSettings()}
    every = [*TARGET_CASES, (worst, "", "", "", "")]
    found = [one for case in every for one in judged(well.facts(**case[0]))]
    for case in STACK_CASES:
        found += findings("slipway-dev", stack.RULES, well.stack(**case[0]))
    services, everywhere = _cli()
    for command in (part for one in found for part in one.remedy.split(" && ")):
        if not command.startswith("aws "):
            assert command.startswith(WRITTEN)
            continue
        _, service, operation, *options = shlex.split(command)
        known = services[service].create_help_command().command_table[operation.rstrip(",")]
        named = {each[2:] for each in options if each.startswith("--")}
        assert named <= set(known.create_help_command().arg_table) | everywhere, command


def test_every_check_is_on_its_page_with_its_severity() -> None:
    rules = [*service.RULES, *definition.RULES, *image.RULES, *permissions.RULES]
    rules += scheduled.RULES
    every = [rule.__name__.replace("_", "-") for rule in [*rules, *SLOW, *stack.RULES]]
    table = rows(section(page("doctor"), "What it checks"))
    assert [code(row[0])[0] for row in table] == every
    written = {code(row[0])[0]: row[1] for row in table}
    tested = {(case[1], case[2]) for case in [*TARGET_CASES, *STACK_CASES]}
    for check, severity in tested:
        assert severity in written[check], check
