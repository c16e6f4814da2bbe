"""targets.toml -> the targets of one stage."""

from __future__ import annotations

import re

import pytest

from chalicelib.errors import Refused
from chalicelib.model.target_values import seconds
from chalicelib.model.targets import environments, load_targets

ONE = '[[target]]\nrepository = "app-{env}"\ncluster = "c-{env}"\nservice = "web"\n'


def test_only_repository_cluster_and_service_are_mandatory() -> None:
    (target,) = load_targets(ONE, "dev").all
    assert (target.repository, target.name) == ("app-dev", "c-dev/web")
    assert (target.mode, target.base, target.deadline) == ("deploy", "family", 1800)
    assert (target.family, target.tags, target.containers) == (None, None, ())


def test_the_stages_name_is_written_in_every_text() -> None:
    text = ONE + 'tags = "{env}-.{7}"\nlog_groups = ["/ecs/{env}"]\n'
    (target,) = load_targets(text, "prod").all
    assert (target.tags, target.log_groups) == ("prod-.{7}", ("/ecs/prod",))


def test_an_environments_keys_override_every_targets() -> None:
    text = ONE + 'deadline = "5m"\n[environment.dev]\n[environment.prod]\ndeadline = "45m"\n'
    assert load_targets(text, "dev").all[0].deadline == 300
    assert load_targets(text, "prod").all[0].deadline == 2700


def test_a_gate_waits_ten_minutes_and_refuses_unless_it_says_otherwise() -> None:
    gate = load_targets(ONE + 'gate.scan = {max = "HIGH"}', "dev").all[0].gate.scan
    assert gate is not None
    assert (gate.max, gate.wait, gate.on_timeout) == ("HIGH", 600, "refuse")


def test_an_environment_may_have_a_gate_of_its_own_or_none() -> None:
    text = (
        ONE
        + 'gate.scan = {max = "HIGH"}\n[environment.dev]\ngate = {}\n'
        + '[environment.prod]\ngate.scan = {max = "LOW", on_timeout = "deploy"}\n'
    )
    assert load_targets(text, "dev").all[0].gate.scan is None
    gate = load_targets(text, "prod").all[0].gate.scan
    assert gate is not None
    assert (gate.max, gate.on_timeout) == ("LOW", "deploy")


def test_an_environment_may_have_freezes_of_its_own_or_none() -> None:
    text = (
        ONE
        + 'freeze = [{from = "fri 16:00", to = "mon 08:00", zone = "Europe/Berlin"}]\n'
        + "[environment.dev]\nfreeze = []\n[environment.qa]\n[environment.prod]\n"
        + 'freeze = [{from = "2026-12-23", to = "2027-01-02", why = "{env} rests"}]\n'
    )
    assert load_targets(text, "dev").all[0].freeze == ()
    (weekend,) = load_targets(text, "qa").all[0].freeze
    assert (weekend.begins, weekend.ends, weekend.zone, weekend.why) == (
        "fri 16:00", "mon 08:00", "Europe/Berlin", "",
    )  # fmt: skip
    (holidays,) = load_targets(text, "prod").all[0].freeze
    assert (holidays.begins, holidays.zone, holidays.why) == (
        "2026-12-23 00:00", "UTC", "prod rests",
    )  # fmt: skip


def test_a_target_is_left_out_of_the_environments_that_it_does_not_name() -> None:
    text = (
        ONE
        + ONE.replace('"web"', '"old"\nenvironments = ["prod"]')
        + "[environment.dev]\n[environment.prod]\n"
    )
    assert [target.service for target in load_targets(text, "dev").all] == ["web"]
    assert [target.service for target in load_targets(text, "prod").all] == ["web", "old"]


def test_one_service_may_have_different_targets_in_different_environments() -> None:
    text = (
        ONE.replace('"web"', '"web"\nenvironments = ["dev"]')
        + ONE.replace('"web"', '"web"\nenvironments = ["prod"]').replace("app-{env}", "app")
        + "[environment.dev]\n[environment.prod]\n"
    )
    assert load_targets(text, "dev").all[0].repository == "app-dev"
    assert load_targets(text, "prod").all[0].repository == "app"


@pytest.mark.parametrize(
    ("target", "environment", "error"),
    [
        (
            'environments = ["prd"]\n', "",
            "[[target]] number 1, key `environments`: there is no [environment.prd]; "
            "the file knows dev, prod.",
        ),
        ("", 'environments = ["dev"]\n', "`environments` stands in an [environment.NAME] table"),
        ('environments = ["prod"]\n', "", "no [[target]] is for dev"),
        ('environments = "prod"\n', "", "[[target]] number 1, key `environments`: "),
    ],
)  # fmt: skip
def test_environments_of_a_target_are_those_of_the_file(
    target: str, environment: str, error: str
) -> None:
    text = f"{ONE}{target}[environment.prod]\n[environment.dev]\n{environment}"
    with pytest.raises(Refused, match=re.escape(error)):
        load_targets(text, "dev")


def test_targets_are_found_by_repository_and_by_name() -> None:
    text = (
        ONE
        + ONE.replace('"web"', '"worker"')
        + ONE.replace("app", "app-worker", 1).replace('"web"', '"other"')
    )
    targets = load_targets(text, "dev")
    assert [target.service for target in targets.following("app-dev")] == ["web", "worker"]
    worker = targets.named("c-dev/worker")
    assert worker is not None
    assert worker.service == "worker"
    assert targets.named("worker") is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param("[[target", "is not TOML", id="no TOML"),
        pytest.param("", r"no \[\[target\]\] found", id="empty"),
        pytest.param(ONE + "[targets]\n", "unknown table or key `targets`", id="another table"),
        pytest.param("target = 1", r"must be written as \[\[target\]\]", id="no table"),
        pytest.param(ONE + "[environment]\ndev = 1\n", r"\[environment.dev\] must", id="no dev"),
        pytest.param("environment = 1\n" + ONE, "`environment` must", id="no environments"),
        pytest.param(ONE + "[environment.qa]\n", r"no \[environment.dev\]; .* qa", id="env"),
        pytest.param(ONE + ONE, "c-dev/web is named by two", id="twice"),
        pytest.param(ONE + 'mode = "dry"', r"\[\[target\]\] number 1, key `mode`", id="mode"),
        pytest.param(ONE + "tag = 'x'", "key `tag`", id="an unknown key"),
        pytest.param(ONE + "tags = '['", "key `tags`.*not a regular expression", id="tags"),
        pytest.param(
            ONE + "tags = '(?<=v)1'", r"key `tags`: `\(\?<` is not for tags: .* found", id="look",
        ),
        pytest.param(
            ONE + 'gate.scan = {max = "SEVERE"}', "key `gate.scan.max`.*'HIGH'", id="severity"
        ),
        pytest.param(
            ONE + 'gate.scan = {wait = "5m"}', "`gate.scan.max`: it is missing, and `gate` needs",
            id="no severity",
        ),
        pytest.param(
            ONE + 'gate.scan = {max = "HIGH", then = 1}', "one of max, wait, on_timeout", id="then"
        ),
        pytest.param(ONE + 'gate = {tests = 1}', "key `gate.tests`.*one of scan", id="no gate"),
        pytest.param(
            ONE + 'freeze = [{from = "friday", to = "mon"}]',
            r"number 1, key `freeze.0.from`: expected a moment of the week .* found 'friday'",
            id="no moment",
        ),
        pytest.param(
            ONE + 'freeze = [{from = "fri", to = "mon"}, {from = "mon"}]',
            "key `freeze.1.to`: it is missing, and `freeze` needs it", id="no end",
        ),
        pytest.param(
            ONE + 'freeze = [{from = "fri", until = "mon"}]',
            "key `freeze.0.to`: it is missing", id="until without to",
        ),
        pytest.param(
            ONE + 'freeze = [{from = "fri", to = "mon", until = "tue"}]',
            "key `freeze.0.until`: there is no such key; expected one of from, to, zone, why",
            id="until",
        ),
        pytest.param(
            ONE + 'freeze = [{from = "fri", to = "fri"}]',
            "key `freeze.0`: expected `to` at another time than `from`, found", id="a whole week",
        ),
        pytest.param(
            ONE + '[environment.dev]\nfreeze = [{from="mon", to="thu"}, {from="thu", to="mon"}]',
            r"\[environment.dev\], key `freeze`: expected freezes that together leave",
            id="a whole week in two parts",
        ),
        pytest.param(ONE + 'deadline = "30 minutes"', "key `deadline`", id="deadline"),
        pytest.param(ONE.replace("cluster", "x", 1), "key `cluster`: it is missing", id="misspelt"),
        pytest.param("[[target]]\n" + ONE, "key `repository`: it is missing", id="missing"),
        pytest.param(
            ONE + "[environment.dev]\ndeadlin = '4m'\n",
            r"\[environment.dev\], key `deadlin`: there is no such key. .* one of repository",
            id="an environment's unknown key",
        ),
        pytest.param(
            ONE + "deadline = '4m'\n[environment.dev]\ndeadline = 4\n",
            r"\[environment.dev\], key `deadline`: expected a time from .* found 4",
            id="an environment's own value",
        ),
        pytest.param(
            ONE + "mode = 'dry'\n[environment.dev]\ndeadline = '4m'\n",
            r"\[\[target\]\] number 1, key `mode`",
            id="a target's own value beside an environment's",
        ),
        pytest.param(ONE.replace('"web"', '"a/b"'), "key `service`", id="a service with a slash"),
        pytest.param(ONE.replace("app-", "App-"), "key `repository`", id="capital letters"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_table_and_key(text: str, error: str) -> None:
    with pytest.raises(Refused, match=error):
        load_targets(text, "dev")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("60s", 60), ("1m", 60), ("90s", 90), ("30m", 1800), ("2h", 7200), ("48h", 172_800),
        (60, 60), (172_800, 172_800),
    ],
)  # fmt: skip
def test_a_duration_is_a_number_and_its_unit(text: object, found: int) -> None:
    assert seconds(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "30", "-1s", "1d", "0s", "59s", "2881m", "49h", "1.5h", "1m30s", " 1m", "1m\n", "9999999s",
        "", 5, 0, -5, 172_801, 90.0, True, None, ["1m"],
    ],
    ids=repr,
)  # fmt: skip
def test_a_duration_is_between_a_minute_and_two_days(text: object) -> None:
    with pytest.raises(ValueError, match='expected a time from "1m" to "48h"'):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ONE + "approval = '3m'\n", 'a time from "1h" to "60d"'),
        (ONE + "approval = '90d'\n", 'a time from "1h" to "60d"'),
        ("shared = 'x'\n" + ONE, "`shared` must be a list of the names"),
        (ONE + "[environment.dev]\naccount = 'x'\n", "key `account`: expected the 12 digits"),
    ],
)
def test_what_keeps_environments_apart_or_asks_for_an_approval_is_checked(
    text: str, words: str
) -> None:
    with pytest.raises(Refused, match=re.escape(words)):
        load_targets(text, "dev")


def test_environments_are_named_in_the_files_order() -> None:
    text = (
        ONE + "approval = '7d'\n[environment.prod]\n[environment.dev]\naccount = '123456789012'\n"
    )
    assert environments(text) == ("prod", "dev")
    loaded = load_targets(text, "dev")
    assert (loaded.account, loaded.all[0].approval) == ("123456789012", 7 * 86_400)


KEPT = ONE + 'family = "web"\n'


def test_an_environment_may_keep_more_revisions_or_all() -> None:
    text = KEPT + "keep_revisions = 20\n[environment.dev]\n[environment.qa]\n"
    text += "keep_revisions = 100\n[environment.prod]\nkeep_revisions = false\n"
    kept = {stage: load_targets(text, stage).all[0] for stage in ("dev", "qa", "prod")}
    assert {stage: target.keep_revisions for stage, target in kept.items()} == {
        "dev": 20, "qa": 100, "prod": 0,
    }  # fmt: skip
    assert {stage: target.tidies for stage, target in kept.items()} == {
        "dev": True, "qa": True, "prod": False,
    }  # fmt: skip
    assert load_targets(KEPT, "dev").all[0].tidies is False


@pytest.mark.parametrize("written", ["true", "0", "1", "101", "-5", "2.5", "'20'", "[20]"])
def test_only_a_sensible_number_of_revisions_can_be_kept(written: str) -> None:
    words = "key `keep_revisions`: expected how many revisions to keep, from 2 to 100, like 20, or"
    with pytest.raises(Refused, match=re.escape(words)):
        load_targets(f"{KEPT}keep_revisions = {written}\n", "dev")


def test_revisions_are_kept_only_of_a_family_that_is_named() -> None:
    words = r"number 1, key `keep_revisions`: c-dev/web names no `family`, .* write `family` too"
    with pytest.raises(Refused, match=words):
        load_targets(ONE + "keep_revisions = 20\n", "dev")
    words = r"\[environment.dev\], key `keep_revisions`: c-dev/web names no `family`"
    with pytest.raises(Refused, match=words):
        load_targets(ONE + "[environment.dev]\nkeep_revisions = 20\n", "dev")
