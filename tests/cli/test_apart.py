"""The environments of one targets file: what keeps them apart, and what is refused."""

from __future__ import annotations

import pytest

from chalicelib.errors import Refused
from chalicelib.model.targets import Target
from cli.package import boundary, policies
from cli.package.apart import every_environment, neighbours
from embedded.iam.evaluate import read_policy
from rehearsal.permissions import resolved
from tests.cli.test_privilege_bounds import ARNS, arn

TARGET = """
[[target]]
repository = "shop/api-{env}"
cluster    = "shop-{env}"
service    = "api-{env}"
family     = "api-{env}"
pass_roles = ["arn:aws:iam::*:role/shop-*-{env}"]
log_groups = ["/ecs/api-{env}"]
follow.rules = ["nightly-{env}"]
follow.schedules = ["shop/report-{env}"]
follow.families = ["report-{env}"]
"""
# The same without scheduled tasks: no two targets of an environment may follow with the same rule.
PLAIN = "\n".join(line for line in TARGET.splitlines() if not line.startswith("follow"))
BOTH = "\n[environment.dev]\n[environment.prod]\n"


def replaced(key: str, value: str) -> str:
    """The target with another value for one of its keys; an empty value leaves the key out."""
    lines = [line for line in TARGET.splitlines() if not line.startswith(f"{key} ")]
    return "\n".join([*lines, *([f"{key} = {value}"] if value else [])])


def test_environments_whose_names_carry_env_are_apart() -> None:
    dev, prod = every_environment(TARGET + BOTH, "dev")
    assert (dev.stage, prod.stage) == ("dev", "prod")
    assert neighbours((dev, prod)) == prod.all


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("service", '"api"', None),
        ("cluster", '"shop"', 'shared = ["shop"]'),
        ("repository", '"shop/api"', 'shared = ["shop/api"]'),
        ("family", '"api"', '("api")'),
        ("log_groups", '["/ecs/api"]', 'shared = ["/ecs/api"]'),
        ("pass_roles", '["arn:aws:iam::*:role/task"]', 'shared = ["arn:aws:iam::*:role/task"]'),
        ("pass_roles", '["arn:aws:iam::*:role/shop-*"]', "role/shop-*"),
        ("pass_roles", '["arn:aws:iam::*:role/*-{env}", "arn:aws:iam::*:role/x-*"]', "role/x-*"),
        ("follow.rules", '["nightly"]', '("nightly")'),
        ("follow.rules", '["{env}-nightly", "*"]', '"*"'),
        ("follow.schedules", '["default/*"]', '("default/*")'),
        ("follow.families", '["report"]', '("report")'),
    ],
)
def test_a_name_that_fits_another_environment_is_refused(
    key: str, value: str, words: str | None
) -> None:
    """A service of one name is another service in another cluster."""
    text = replaced(key, value) + BOTH
    if words is None:
        assert every_environment(text, "dev")
        return
    with pytest.raises(Refused) as refused:
        every_environment(text, "dev")
    said = str(refused.value)
    named = key.removeprefix("follow.")
    assert said.startswith(f"targets.toml: `{named}` of dev fits what prod has, too (")
    assert words in said
    assert "Write {env} into it" in said


def test_one_service_that_two_environments_deploy_is_refused() -> None:
    text = 'shared = ["shop"]\n' + replaced("cluster", '"shop"').replace("api-{env}", "api") + BOTH
    with pytest.raises(Refused, match=r"`service` of dev .*\(\"shop/api\"\)"):
        every_environment(text, "dev")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cluster", "shop"),
        ("repository", "shop/api"),
        ("pass_roles", "arn:aws:iam::*:role/task"),
        ("log_groups", "/ecs/api"),
    ],
)
def test_what_the_file_says_to_share_is_shared(key: str, value: str) -> None:
    written = f'["{value}"]' if key in {"pass_roles", "log_groups"} else f'"{value}"'
    assert every_environment(f'shared = ["{value}"]\n' + replaced(key, written) + BOTH, "dev")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("family", '"api"'),
        ("pass_roles", '["arn:aws:iam::*:role/shop-*"]'),
        ("follow.rules", '["nightly"]'),
        ("follow.schedules", '["default/report"]'),
        ("follow.families", '["report"]'),
    ],
)
def test_a_family_a_pattern_a_rule_and_a_schedule_cannot_be_shared(key: str, value: str) -> None:
    names = ("api", "arn:aws:iam::*:role/shop-*", "nightly", "default/report", "report")
    shared = "shared = " + str(list(names)).replace("'", '"') + "\n"
    with pytest.raises(Refused, match=f"`{key.removeprefix('follow.')}` of dev fits"):
        every_environment(shared + replaced(key, value) + BOTH, "dev")


TASK = """
[[task]]
repository = "shop/job-{env}"
family = "job-{env}"
rules = ["job-{env}"]
schedules = ["shop/job-{env}"]
"""


@pytest.mark.parametrize("key", ["repository", "family", "rules", "schedules"])
def test_tasks_without_a_service_are_apart_by_their_names(key: str) -> None:
    assert every_environment(TASK + BOTH, "dev")
    lines = TASK.splitlines()
    same = [line.replace("-{env}", "") if line.startswith(key) else line for line in lines]
    with pytest.raises(Refused, match="of dev fits what prod has"):
        every_environment("\n".join(same) + BOTH, "dev")


def test_the_cluster_of_tasks_without_a_service_is_one_of_the_environment() -> None:
    with pytest.raises(Refused, match=r'`cluster` of dev .* shared = \["shop"\]'):
        every_environment(f'{TASK}cluster = "shop"\n{BOTH}', "dev")
    assert every_environment(f'{TASK}cluster = "shop-{{env}}"\n{BOTH}', "dev")


def test_a_family_of_scheduled_tasks_is_no_service_s_family_of_another_environment() -> None:
    web = PLAIN.replace('"api-{env}"', '"web-{env}"', 1).replace('"api-{env}"', '"report"')
    followed = replaced("follow.families", '["report"]')
    text = f"{followed}\n{web}"
    with pytest.raises(Refused, match="fits what prod has"):
        every_environment(text + BOTH, "dev")


def test_without_a_family_two_environments_of_one_account_are_refused() -> None:
    with pytest.raises(Refused, match=r"shop-dev/api-dev names no `family`, .* those of prod"):
        every_environment(replaced("family", "") + BOTH, "dev")
    assert every_environment(replaced("family", "") + "\n[environment.dev]\n", "dev")
    assert every_environment(replaced("family", "") + "\nmode = 'observe'\n" + BOTH, "dev")


def test_environments_in_different_accounts_are_apart_whatever_their_names() -> None:
    text = TARGET.replace("-{env}", "") + (
        '\n[environment.dev]\naccount = "111111111111"\n'
        '[environment.prod]\naccount = "222222222222"\n'
    )
    dev, prod = every_environment(text, "dev")
    assert (dev.account, prod.account) == ("111111111111", "222222222222")
    assert neighbours((dev, prod)) == ()
    with pytest.raises(Refused, match="fits what prod has"):
        every_environment(text.replace("222222222222", "111111111111"), "dev")
    with pytest.raises(Refused, match="fits what prod has"):
        every_environment(text.replace('account = "222222222222"', ""), "dev")


def test_every_environment_is_checked_whichever_is_packaged() -> None:
    with pytest.raises(Refused, match=r"\[environment.prod\], key `deadlin`"):
        every_environment(TARGET + BOTH + "deadlin = '4m'\n", "dev")


def test_the_order_in_which_environments_are_packaged_makes_no_difference() -> None:
    text = replaced("cluster", '"shop"') + BOTH
    for stage in ("dev", "prod"):
        with pytest.raises(Refused, match="`cluster` of"):
            every_environment(text, stage)


@pytest.mark.parametrize("account", ["12345678901", 123456789012, "123456789O12", True])
def test_an_account_has_twelve_digits(account: object) -> None:
    written = f'"{account}"' if isinstance(account, str) else str(account).lower()
    with pytest.raises(
        Refused, match=r"\[environment.dev\], key `account`: expected the 12 digits"
    ):
        every_environment(f"{TARGET}\n[environment.dev]\naccount = {written}\n", "dev")


@pytest.mark.parametrize("written", ['"shop"', "[1]", "true"])
def test_shared_is_a_list_of_names(written: str) -> None:
    with pytest.raises(Refused, match="`shared` must be a list of the names"):
        every_environment(f"shared = {written}\n{TARGET}", "dev")


def test_the_parameters_of_the_boundary_cover_this_environment_and_no_other() -> None:
    every = every_environment(f"{TARGET}\n{PLAIN.replace('api', 'web')}{BOTH}", "prod")
    assert boundary.parameters(every[0], neighbours(every)) == {
        "Clusters": "shop-prod",
        "Families": "*-prod",
        "Repositories": "shop/*-prod",
        "LogGroups": "/ecs/*-prod",
        "Rules": "nightly-prod",
        "Schedules": "shop/report-prod",
        "TaskRoles": "arn:aws:iam::*:role/shop-*-prod",
    }


# What names look like in the files of teams; {n} counts the services.
FORMS = {
    "the environment last": ("shop-{env}", "api{n}-{env}"),
    "the environment first": ("{env}-shop", "{env}-api{n}"),
    "the environment in the middle": ("my-{env}-shop", "my-{env}-api{n}"),
    "one cluster for all": ("shop", "api{n}-{env}"),
    "a cluster for each service": ("shop{n}-{env}", "api{n}-{env}"),
}


@pytest.mark.parametrize("count", [1, 7, 40, 120])
@pytest.mark.parametrize(("cluster", "name"), FORMS.values(), ids=FORMS)
def test_however_names_are_widened_they_fit_no_other_environment(
    cluster: str, name: str, count: int
) -> None:
    table = TARGET.replace("shop-{env}", cluster).replace("api-{env}", name)
    for job in ("report", "nightly"):
        table = table.replace(f"{job}-{{env}}", name.replace("api", job))
    text = "".join(table.replace("{n}", str(n)) for n in range(count))
    stages = ("dev", "prod", "qa-eu")
    file = 'shared = ["shop"]\n' + text + "".join(f"\n[environment.{one}]\n" for one in stages)
    every = every_environment(file, "dev")
    made = policies.generate(every[0], neighbours(every))
    own = set(every[0].all)
    for function, document in made.documents.items():
        policy = resolved(document, ARNS)
        if "UpdateServices" in str(policy):
            assert all(allowed(policy, question) for one in own for question in acts(one))
        for other in neighbours(every):
            for question in acts(other):
                assert not allowed(policy, question), (function, question)


def acts(target: Target) -> list[tuple[str, str, dict[str, str]]]:
    """What may be done to a target, and read of its images and logs."""
    revision = arn("ecs", f"task-definition/{target.family}:7")
    (rule,), (schedule,) = target.follow.rules, target.follow.schedules
    cluster = arn("ecs", f"cluster/{target.cluster}")
    (role,) = target.pass_roles
    role = role.replace("::*:", "::123456789012:").replace("*", "task")
    to_tasks = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    return [
        (
            "ecs:UpdateService",
            arn("ecs", f"service/{target.name}"),
            {"ecs:task-definition": revision},
        ),
        ("ecs:StopServiceDeployment", arn("ecs", f"service-deployment/{target.name}/1"), {}),
        ("ecs:RegisterTaskDefinition", revision, {}),
        ("ecs:TagResource", revision, {"ecs:CreateAction": "RegisterTaskDefinition"}),
        ("iam:PassRole", role, to_tasks),
        *(
            ("ecs:RegisterTaskDefinition", arn("ecs", f"task-definition/{one}:1"), {})
            for one in target.follow.families
        ),
        ("events:ListTargetsByRule", arn("events", f"rule/{rule}"), {}),
        ("events:PutTargets", arn("events", f"rule/{rule}"), {"events:TargetArn": cluster}),
        ("scheduler:UpdateSchedule", arn("scheduler", f"schedule/{schedule}"), {}),
        ("ecr:DescribeImages", arn("ecr", f"repository/{target.repository}"), {}),
        ("logs:GetLogEvents", arn("logs", f"log-group:{target.log_groups[0]}:log-stream:x"), {}),
    ]


def allowed(policy: dict[str, object], question: tuple[str, str, dict[str, str]]) -> bool:
    return any(one.applies(*question) for one in read_policy("p", policy))


@pytest.mark.parametrize(
    ("prod", "words"),
    [
        ("[environment.prod]\ndeadlin = '4m'\n", "[environment.prod], key `deadlin`"),
        ("[environment.prod]\naccount = 'x'\n", "[environment.prod], key `account`"),
        ("[environment.prod]\nfamily = 'x-{stage}'\n", "[environment.prod], key `family`"),
        (
            "[environment.Prod_1]\n",
            "found 'Prod_1'. This is wrong in [environment.Prod_1]; every environment is checked.",
        ),
        (
            f"[environment.{'p' * 25}]\nservice = '{'s' * 240}-{{env}}'\n",
            f"[environment.{'p' * 25}], key `service`",
        ),
        (
            "[environment.prod]\nservice = 'one-{env}'\n",
            "named by two [[target]] tables; a service follows one repository. Next: remove one of "
            "them, or correct its `cluster` or `service`. This is wrong in [environment.prod]",
        ),
    ],
)
def test_a_mistake_of_another_environment_than_the_packaged_one_is_refused_and_names_it(
    prod: str, words: str
) -> None:
    two = TARGET + PLAIN.replace('"api-{env}"', '"web-{env}"', 1)
    with pytest.raises(Refused) as refused:
        every_environment(f"{two}\n[environment.dev]\n{prod}", "dev")
    assert words in str(refused.value)
