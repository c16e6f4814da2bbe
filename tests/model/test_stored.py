"""Every field and every value has the schema that it came with, and an item says the oldest."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any

import pytest
from pydantic import BaseModel, Field

from chalicelib.errors import Unreadable
from chalicelib.model import stored
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Deployment
from chalicelib.model.heads import Head
from chalicelib.model.stored import KINDS, NEWEST, Kind, read, schema_of
from tests.fixtures import examples
from tests.fixtures import stored as fixtures
from tests.fixtures.stored import is_head, items, plain

STORED = Path(fixtures.__file__).parent
MODELS = [pytest.param(model, id=model.__name__) for model in KINDS]


def _fields(model: type[BaseModel], outer: str = "") -> Iterator[str]:
    """Every stored name below a model, and `name=value` of every value of an enumeration."""
    for name, field in model.model_fields.items():
        path = outer + (field.alias or name)
        yield path
        yield from _below(field.annotation, path)


def _below(annotation: Any, path: str) -> Iterator[str]:
    if typing.get_origin(annotation) is typing.Literal:
        yield from (f"{path}={value}" for value in typing.get_args(annotation))
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from (f"{path}={value.value}" for value in annotation)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _fields(annotation, f"{path}.")
    for inner in typing.get_args(annotation):
        if inner not in {NoneType, Ellipsis}:
            yield from _below(inner, path)


def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    """The default of every stored name that has one, as JSON has it."""
    found: dict[str, Any] = {}

    def look(inner: type[BaseModel], outer: str) -> None:
        for name, field in inner.model_fields.items():
            path = outer + (field.alias or name)
            if not field.is_required():
                found[path] = json.loads(json.dumps(field.default))
            for below in _models(field.annotation):
                look(below, f"{path}.")

    look(model, "")
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from _models(inner)


@pytest.mark.parametrize("model", MODELS)
def test_every_field_and_value_of_a_model_has_its_schema_and_nothing_else_has(
    model: type[Frozen],
) -> None:
    assert set(_fields(model)) == set(KINDS[model].since)


@pytest.mark.parametrize("model", MODELS)
def test_every_name_stands_in_one_schema_only(model: type[Frozen]) -> None:
    kind = KINDS[model]
    for named in (kind.names, *kind.values.values()):
        words = [word for some in named.values() for word in some.split()]
        assert len(words) == len(set(words))
        assert set(named) <= set(range(1, NEWEST + 1))
    assert stored.SCHEMA not in kind.since


@pytest.mark.parametrize("schema", range(1, NEWEST + 1))
@pytest.mark.parametrize("model", MODELS)
def test_every_name_and_value_of_a_schema_is_in_one_of_its_fixtures(
    model: type[Frozen], schema: int
) -> None:
    kind = KINDS[model]
    found = {
        word
        for item in items(schema).values()
        if is_head(item) is (model is Head)
        for word in stored._words(kind, plain(item), "")
    }
    unwritten = {f"{name}={value}" for name, value in _defaults(model).items()}
    wanted = {word for word, number in kind.since.items() if number == schema}
    assert wanted - found - unwritten == set()


@pytest.mark.parametrize("model", MODELS)
def test_what_an_item_leaves_out_means_what_it_always_meant(model: type[Frozen]) -> None:
    """A default is stored data too: no item says it."""
    pinned = json.loads((STORED / "defaults.json").read_text("utf-8"))[model.__name__]
    defaults = _defaults(model)
    assert {name: defaults.get(name) for name in pinned} == pinned
    closed = {name for name in defaults if KINDS[model].since.get(name, NEWEST) < NEWEST}
    assert closed <= pinned.keys(), "add what the last release's schema brought to defaults.json"


KIND = Kind(
    names={1: "id status inner inner.a", 2: "tags inner.b", 3: "late"},
    values={"status": {1: "OLD", 3: "NEW"}},
)


@pytest.mark.parametrize(
    ("fields", "schema"),
    [
        pytest.param({}, 1, id="nothing"),
        pytest.param({"id": "x", "status": "OLD", "inner": {"a": "y"}}, 1, id="old names only"),
        pytest.param({"id": "x", "tags": ["a"]}, 2, id="a newer field"),
        pytest.param({"inner": [{"a": "y"}, {"a": "y", "b": "z"}]}, 2, id="a newer field within"),
        pytest.param({"status": "NEW"}, 3, id="a newer value"),
        pytest.param({"id": "NEW", "tags": []}, 2, id="the same word elsewhere"),
        pytest.param({"late": 1, "tags": ["a"]}, 3, id="the newest counts"),
    ],
)
def test_an_item_has_the_oldest_schema_that_can_read_it(
    fields: dict[str, Any], schema: int
) -> None:
    assert schema_of(KIND, fields) == schema


@pytest.mark.parametrize("fields", [{"unheard": 1}, {"status": "UNHEARD"}])
def test_what_no_line_names_has_the_newest_schema(fields: dict[str, Any]) -> None:
    assert schema_of(KIND, fields) == NEWEST


def test_what_uses_todays_fields_only_is_written_without_a_number() -> None:
    """The release that knew no numbers refuses an attribute that it does not know."""
    assert "schema" not in stored.stored(examples.head())
    assert "schema" not in stored.stored(examples.rolling_out())


def test_what_uses_a_newer_field_is_written_with_its_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newer = Kind(names={1: "service order", 2: "digest"}, values={})
    monkeypatch.setattr(stored, "KINDS", {Head: newer})
    head = Head(service="c/s", order=examples.NOW)
    assert "schema" not in stored.stored(head)
    assert stored.stored(head.model_copy(update={"digest": "sha256:0"}))["schema"] == 2


NUMBERS = [Decimal(NEWEST + 1), 99, "2", None]


@pytest.mark.parametrize("number", NUMBERS, ids=str)
def test_a_newer_schema_is_not_read_and_says_what_to_do(number: object) -> None:
    fields = stored.stored(examples.head()) | {"schema": number}
    with pytest.raises(Unreadable) as raised:
        read(Head, fields, "HEAD of c/s")
    assert str(raised.value) == (
        f"the ledger's HEAD of c/s has schema {number}, and this release of Slipway reads up to "
        f"{NEWEST}: a newer release wrote it. Deploy the newest release of Slipway that ran here "
        "(`make deploy`); until then it is left as it is"
    )


@pytest.mark.parametrize(
    ("change", "where"),
    [
        pytest.param({"unheard": "of"}, "`unheard`: Extra inputs", id="an unknown field"),
        pytest.param({"status": "UNHEARD"}, "`status`: Input should be", id="an unknown value"),
        pytest.param({"created": None}, "`created`: ", id="a value of another type"),
        pytest.param(
            {"returning": {"by": "ecs", "how": "breaker", "began": "2026-03-02T10:00Z", "x": 1}},
            "`returning.x`: Extra inputs",
            id="an unknown field within",
        ),
    ],
)
def test_what_has_no_known_form_is_not_read_and_its_value_is_not_told(
    change: dict[str, Any], where: str
) -> None:
    fields = stored.stored(examples.rolling_out()) | change
    with pytest.raises(Unreadable) as raised:
        read(Deployment, fields, "DEPLOYMENT#1 of c/s")
    assert f"the ledger's DEPLOYMENT#1 of c/s cannot be read: {where}" in str(raised.value)
    assert "UNHEARD" not in str(raised.value)


def test_the_number_of_an_item_that_can_be_read_makes_no_difference() -> None:
    head = examples.head()
    for number in range(1, NEWEST + 1):
        assert read(Head, stored.stored(head) | {"schema": Decimal(number)}, "HEAD") == head


class _Inner(Frozen):
    task_definition: str = Field("", alias="revision")


class _Renamed(Frozen):
    runs: tuple[_Inner, ...] = Field((), alias="proven")


def test_a_renamed_field_keeps_its_stored_name(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = Kind(names={1: "proven proven.revision"}, values={})
    monkeypatch.setattr(stored, "KINDS", {_Renamed: kind})
    model = _Renamed(runs=(_Inner(task_definition="x:1"),))
    assert stored.stored(model) == {"proven": [{"revision": "x:1"}]}
    assert read(_Renamed, stored.stored(model), "it") == model
    assert set(_fields(_Renamed)) == set(kind.since)
