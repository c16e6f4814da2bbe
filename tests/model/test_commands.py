"""`before`, `after` and `waits_for` of a target: what they mean, and which mistakes are found."""

from __future__ import annotations

import re

import pytest

from chalicelib.errors import Refused
from chalicelib.model.targets import Targets, load_targets

ENVS = "[environment.dev]\n[environment.prod]\n"
MIGRATE = 'before = {command = ["migrate"]}\n'


def target(service: str, more: str = "", repository: str = "app") -> str:
    """A target of `c/SERVICE` as it is written in the file."""
    needed = f'repository = "{repository}"\ncluster = "c"\nservice = "{service}"\n'
    return f"[[target]]\n{needed}{more}"


def waits(service: str) -> str:
    return f'waits_for = "c/{service}"\n'


def loaded(*tables: str) -> Targets:
    return load_targets("".join(tables), "dev")


def said(*tables: str) -> str:
    """What is said about this file for the stage dev."""
    with pytest.raises(Refused) as refused:
        loaded(*tables)
    return str(refused.value)


def names(targets: Targets, *services: str) -> list[str]:
    """The services in the order in which they go; all of them where none is named."""
    chosen = [one for one in targets.all if not services or one.service in services]
    return [one.service for one in targets.in_order(chosen)]


def test_a_migration_may_take_fifteen_minutes_and_a_smoke_test_five() -> None:
    (web,) = loaded(target("web", MIGRATE + 'after.command = ["python", "smoke.py"]\n')).all
    assert web.before is not None
    assert web.after is not None
    assert (web.before.command, web.before.container, web.before.timeout) == (
        ("migrate",), None, 900,
    )  # fmt: skip
    assert (web.after.command, web.after.container, web.after.timeout) == (
        ("python", "smoke.py"), None, 300,
    )  # fmt: skip


def test_a_target_runs_and_waits_for_nothing_unless_it_says_so() -> None:
    (web,) = loaded(target("web")).all
    assert (web.before, web.after, web.waits_for) == (None, None, None)


def test_a_command_says_where_it_runs_and_how_long_it_may_take() -> None:
    written = 'before = {command = ["a"], container = "jobs-{env}", timeout = "2h"}\n'
    (web,) = loaded(target("web", written)).all
    assert web.before is not None
    assert (web.before.container, web.before.timeout) == ("jobs-dev", 7200)


@pytest.mark.parametrize(
    ("containers", "container", "runs_in"),
    [
        ('["main"]', "", "main"),
        ('["main"]', ', container = "jobs"', "jobs"),
        ('["main", "jobs"]', ', container = "jobs"', "jobs"),
        ("[]", "", None),
    ],
)
def test_a_command_runs_in_the_only_container_that_the_target_names(
    containers: str, container: str, runs_in: str | None
) -> None:
    written = f'containers = {containers}\nafter = {{command = ["a"]{container}}}\n'
    (web,) = loaded(target("web", written)).all
    assert web.after is not None
    assert web.after.container == runs_in


def test_an_environment_may_have_a_command_of_its_own() -> None:
    own = ENVS.replace("[environment.prod]", 'before = {command = ["x"]}\n[environment.prod]')
    (dev,) = load_targets(target("web", MIGRATE) + own, "dev").all
    (prod,) = load_targets(target("web", MIGRATE) + own, "prod").all
    assert dev.before is not None
    assert prod.before is not None
    assert (dev.before.command, prod.before.command) == (("x",), ("migrate",))


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("--stage={env}", "--stage=dev"),
        ('{"env": {"name": "{env}"}}', '{"env": {"name": "dev"}}'),
        ("${HOME}/{region}", "${HOME}/{region}"),
        ("{}", "{}"),
    ],
)
def test_the_braces_of_a_command_are_its_own_but_for_env(written: str, means: str) -> None:
    (web,) = loaded(target("web", f"before = {{command = ['{written}']}}\n")).all
    assert web.before is not None
    assert web.before.command == (means,)


@pytest.mark.parametrize("token", ["{ENV}", "${env}", "{stage}", "{{env}}", "{ environment }"])
def test_braces_in_a_command_that_probably_mean_env_are_refused(token: str) -> None:
    words = said(target("web", f"before = {{command = ['a', '{token}']}}\n"))
    assert f"key `before.command.1`: `{token}` is no placeholder" in words
    assert words.endswith('Did you mean "{env}"?')


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("before = {}", "key `before.command`: it is missing, and `before` needs it."),
        ("before = 1", "key `before`: "),
        ("before.command = []", "key `before.command`: expected a list of 1 to 50 texts, none of"),
        ('before.command = ["a", ""]', "none of them empty, found ['a', '']."),
        (f"before.command = {['a'] * 51}", "expected a list of 1 to 50 texts"),
        (f"before.command = {['a' * 8000]}", "expected at most 7,800 characters in all"),
        ("before.command = [1]", "key `before.command.0`: "),
        (
            "before.command = \"python manage.py 'a b'\"",
            'expected a list, like ["python", "manage.py", "a b"], found "python',
        ),
        ('before.command = "a \'"', 'expected a list, like ["a \'"], found'),
        (
            'after = {command = ["a"], timeout = "5s"}',
            'key `after.timeout`: expected a time from "1m" to "48h"',
        ),
        (
            'after = {command = ["a"], container = "a/b"}',
            "key `after.container`: expected a name of ECS",
        ),
        (
            'containers = ["a", "b"]\nafter.command = ["a"]',
            "key `after`: expected also `container`, because the target has several `containers`, "
            'like container = "a", found',
        ),
        ("waits_for = 1", "key `waits_for`: "),
        ('before = {comand = ["a"]}', "`before.comand`: there is no such key. Did you mean `comm"),
        ('after = {command = ["a"], time_out = "5m"}', "Did you mean `timeout`? Expected one of "),
        ('command = ["a"]', "`command` belongs into `before` or `after`."),
        ('wait_for = "c/x"', "Did you mean `waits_for`?"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_command_is_named_with_its_key(written: str, words: str) -> None:
    found = said(target("web", written + "\n"))
    assert found.startswith("targets.toml: [[target]] number 1, ")
    assert words in found


def test_a_wrong_command_of_an_environment_is_named_with_that_environment() -> None:
    words = said(target("web"), ENVS.replace("[environment.prod]", "after = {}\n"))
    assert "[environment.dev], key `after.command`: it is missing" in words


def test_those_that_wait_for_a_service_are_found() -> None:
    targets = loaded(
        target("worker", waits("web")), target("web", MIGRATE), target("cron", waits("web"))
    )
    assert [one.service for one in targets.waiting_for("c/web")] == ["worker", "cron"]
    assert targets.waiting_for("c/worker") == ()


def test_what_is_waited_for_goes_first_and_otherwise_the_files_order_holds() -> None:
    targets = loaded(
        target("cron", waits("worker")),
        target("other"),
        target("worker", waits("web") + MIGRATE),
        target("api"),
        target("web", MIGRATE),
    )
    assert names(targets) == ["web", "worker", "cron", "other", "api"]
    assert names(targets, "cron", "web") == ["web", "cron"]
    assert names(targets, "api", "other") == ["other", "api"]


def test_an_order_is_found_even_where_a_loaded_file_could_not_have_it() -> None:
    (a, b) = loaded(target("a"), target("b")).all
    circle = (
        a.model_copy(update={"waits_for": "c/b"}),
        b.model_copy(update={"waits_for": "c/a"}),
    )
    assert sorted(names(Targets(stage="dev", all=circle))) == ["a", "b"]
    lost = (a.model_copy(update={"waits_for": "c/gone"}), b)
    assert names(Targets(stage="dev", all=lost)) == ["a", "b"]


@pytest.mark.parametrize(
    ("waited", "words"),
    [
        ("c/wep", "expected CLUSTER/SERVICE of another target, found 'c/wep'. Did you mean"),
        ("c/wep", 'Did you mean "c/web"?'),
        ("web", "found 'web'. Did you mean \"c/web\"?"),
        ("x/moon", "found 'x/moon'."),
        ("c/worker", "c/worker cannot wait for itself. Next: name another target"),
        ("c/plain", "expected a target with `before`, found 'c/plain', which has none."),
        ("c/foreign", "expected a target that follows app too, found 'c/foreign', which follows b"),
        ("c/late", "found 'c/late', whose `environments` leave it out. Next: write"),
        ("c/shy", "expected a target that deploys, found 'c/shy', which only observes"),
    ],
)
def test_a_service_that_no_push_could_wait_for_is_refused(waited: str, words: str) -> None:
    found = said(
        target("web", MIGRATE),
        target("worker", f'waits_for = "{waited}"\n' + MIGRATE),
        target("plain"),
        target("foreign", MIGRATE, repository="b"),
        target("late", MIGRATE + 'environments = ["prod"]\n'),
        target("shy", MIGRATE + 'mode = "observe"\n'),
        ENVS,
    )
    assert found.startswith("targets.toml: [[target]] number 2, key `waits_for`: ")
    assert words in found


def test_what_only_observes_may_wait_for_what_only_observes() -> None:
    targets = loaded(
        target("web", MIGRATE + 'mode = "observe"\n'),
        target("worker", waits("web") + 'mode = "observe"\n'),
    )
    assert names(targets) == ["web", "worker"]


def test_a_circle_of_those_that_wait_is_refused_and_named() -> None:
    found = said(
        target("tail", waits("a") + MIGRATE),
        target("a", waits("b") + MIGRATE),
        target("b", waits("c") + MIGRATE),
        target("c", waits("a") + MIGRATE),
    )
    assert "[[target]] number 2, key `waits_for`: c/a waits for c/b, which waits for c/c, " in found
    assert "which waits for c/a: none could ever begin. Next: remove one `waits_for`" in found


def test_a_target_of_other_environments_may_wait_for_one_of_these() -> None:
    tables = (
        target("web", MIGRATE + 'environments = ["prod"]\n'),
        target("worker", waits("web") + 'environments = ["prod"]\n'),
        target("cron"),
        ENVS,
    )
    assert names(loaded(*tables)) == ["cron"]
    assert names(load_targets("".join(tables), "prod")) == ["web", "worker", "cron"]


def test_a_wrong_name_of_an_environment_is_named_with_that_environment() -> None:
    found = said(target("web"), ENVS.replace("[environment.prod]", 'waits_for = "c/moon"\n'))
    assert re.match(re.escape("targets.toml: [environment.dev], key `waits_for`: "), found)
