"""targets.toml -> the targets of one stage."""

from __future__ import annotations

import pytest

from chalicelib.errors import Refused
from chalicelib.model.targets import load_targets, seconds

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
        pytest.param(ONE + 'deadline = "30 minutes"', "key `deadline`", id="deadline"),
        pytest.param(ONE.replace("cluster", "x", 1), "key `cluster`: Field required", id="missing"),
        pytest.param(ONE.replace('"web"', '"a/b"'), "key `service`", id="a service with a slash"),
        pytest.param(ONE.replace("app-", "App-"), "key `repository`", id="capital letters"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_table_and_key(text: str, error: str) -> None:
    with pytest.raises(Refused, match=error):
        load_targets(text, "dev")


@pytest.mark.parametrize(
    ("text", "found"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("30", "30"), ("-1s", "-1s"), ("1d", "1d"), (5, 5)],
)
def test_a_duration_is_a_number_and_its_unit(text: object, found: object) -> None:
    assert seconds(text) == found
