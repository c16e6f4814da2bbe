"""Which values of a change people see, and which they never see."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.definition.shown import Change, shown_changes
from tests.fixtures import examples

HIDDEN = "nobody-may-see-this"


def _changed(**container: Any) -> tuple[Change, ...]:
    before = examples.task_definition(7).body
    first, *others = before["containerDefinitions"]
    return shown_changes(
        before, {**before, "containerDefinitions": [{**first, **container}, *others]}
    )


@pytest.mark.parametrize(
    ("field", "value", "before", "after"),
    [
        ("image", f"{examples.URI}@{examples.DIGEST}", f"{examples.URI}@{examples.OLD_DIGEST}",
         f"{examples.URI}@{examples.DIGEST}"),
        ("cpu", 128, "0", "128"),
        ("essential", False, "true", "false"),
    ],
)  # fmt: skip
def test_a_harmless_value_is_shown(field: str, value: object, before: str, after: str) -> None:
    name = f"containerDefinitions[conflicto-backend].{field}"
    assert _changed(**{field: value}) == (Change(field=name, before=before, after=after),)


def test_a_new_field_has_its_value_only_afterwards() -> None:
    name = "+containerDefinitions[conflicto-backend].memory"
    assert _changed(memory=512) == (Change(field=name, after="512"),)


@pytest.mark.parametrize(
    "container",
    [
        pytest.param({"environment": [{"name": "TOKEN", "value": HIDDEN}]}, id="environment"),
        pytest.param({"secrets": [{"name": "TOKEN", "valueFrom": HIDDEN}]}, id="secrets"),
        pytest.param({"command": ["run", "--password", HIDDEN]}, id="command"),
        pytest.param({"entryPoint": [HIDDEN]}, id="entry point"),
        pytest.param({"dockerLabels": {"key": HIDDEN}}, id="labels"),
        pytest.param(
            {"logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": HIDDEN}}},
            id="log options",
        ),
        pytest.param({"healthCheck": {"command": [HIDDEN], "interval": 5}}, id="health check"),
        pytest.param({"unknownProperty": HIDDEN}, id="a field that nobody knows"),
        pytest.param({"image": {"image": HIDDEN}}, id="an image that is no text"),
        pytest.param({"portMappings": [{"containerPort": 80, "name": HIDDEN}]}, id="a port's name"),
        pytest.param({"portMappings": [{"protocol": HIDDEN, "hostPort": HIDDEN}]}, id="no port"),
        pytest.param({"environment": [{"name": "a.image", "value": HIDDEN}]}, id="a name like one"),
        pytest.param({"hidden": {"image": HIDDEN}}, id="an image elsewhere"),
    ],
)
def test_what_may_hold_a_secret_is_named_and_not_shown(container: dict[str, Any]) -> None:
    found = _changed(**container)
    assert found
    assert HIDDEN not in repr(found)


def test_a_whole_container_that_is_new_is_only_named() -> None:
    before = examples.task_definition(7).body
    extra = {"name": "helper", "image": "busybox", "command": [HIDDEN]}
    after = {**before, "containerDefinitions": [*before["containerDefinitions"], extra]}
    assert shown_changes(before, after) == (Change(field="+containerDefinitions[helper]"),)


@pytest.mark.parametrize(
    ("mapping", "text"),
    [
        ({"containerPort": 8080}, "8080/tcp"),
        ({"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}, "8080/tcp"),
        ({"containerPort": 8080, "hostPort": 80, "protocol": "udp"}, "80:8080/udp"),
        ("text", "?"),
    ],
)
def test_ports_are_shown_as_numbers(mapping: Any, text: str) -> None:
    (found,) = _changed(portMappings=[mapping])
    assert (found.before, found.after) == (None, text)


def test_the_whole_definition_shows_its_size_and_platform() -> None:
    before = examples.task_definition(7).body
    arm = {"cpuArchitecture": "ARM64", "new": HIDDEN}
    x86 = {"cpuArchitecture": "X86_64"}
    found = shown_changes({**before, "runtimePlatform": x86}, {**before, "runtimePlatform": arm})
    assert found == (
        Change(field="runtimePlatform.cpuArchitecture", before="X86_64", after="ARM64"),
        Change(field="+runtimePlatform.new"),
    )
