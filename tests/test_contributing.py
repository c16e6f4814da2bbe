"""CONTRIBUTING.md can be followed: its files and names exist, its entries go where it says."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

from chalicelib.errors import Refused
from chalicelib.explain import causes, classify
from chalicelib.model.deployments import Deployment
from chalicelib.model.targets import Target, load_targets
from chalicelib.model.verdicts import Observation
from chalicelib.verdict import rollout
from chalicelib.verdict.rule import Rule, succeeds
from example.scenario import Scenario
from example.scenarios import SCENARIOS
from tests.fixtures import examples
from tests.pages import ROOT, code, page, rows, section

CONTRIBUTING = page("CONTRIBUTING")


def parts(title: str) -> dict[str, str]:
    """The parts of a section, by their titles."""
    _, *found = re.split(r"^### (.+)$", section(CONTRIBUTING, title), flags=re.M)
    return dict(zip(found[::2], found[1::2], strict=True))


def steps(text: str) -> list[str]:
    return re.findall(r"^\d\. (.+)$", text, flags=re.M)


RECIPES, WALKS = parts("Recipes"), parts("Four paths to walk")
every_recipe = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
every_walk = pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)


# The map


def test_the_map_of_what_to_open_names_paths_only() -> None:
    lines = section(CONTRIBUTING, "To change X, open Y").splitlines()
    cells = [line.split("|")[2] for line in lines if line.startswith("| ")][1:]
    assert len(cells) > 20
    for cell in cells:
        assert code(cell)
        assert all((ROOT / path).exists() for path in code(cell)), cell


def test_every_room_of_the_product_has_its_question() -> None:
    rooms = {code(row[0])[0] for row in rows(page("code"))}
    top = [path.parent for path in ROOT.glob("*/__init__.py")]
    product = [path.parent for path in ROOT.glob("chalicelib/*/__init__.py")]
    expected = {path.relative_to(ROOT).as_posix() for path in [*top, *product]}
    assert rooms == expected - {"chalicelib"} | {"app.py"}


def test_the_order_of_the_rooms_is_the_one_that_make_check_holds() -> None:
    (order,) = re.findall(r"^`app\.py` → (.+)$", page("code"), flags=re.M)
    told = [[name.removesuffix(".py") for name in code(part)] for part in order.split(" → ")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    held = [layer.replace("chalicelib.", "").split(" | ") for layer in layers]
    assert told == held


# The recipes


@every_recipe
def test_a_recipe_has_five_steps_that_name_what_exists(recipe: str) -> None:
    assert len(steps(recipe)) == 5
    paths = [name for name in code(recipe) if re.fullmatch(r"[\w.]+(/[\w.]+)+", name)]
    assert paths
    here = [path for path in paths if not path.startswith("out/")]
    assert [path for path in here if not (ROOT / path).exists()] == []


@every_recipe
def test_what_a_recipe_says_to_be_in_a_file_is_there(recipe: str) -> None:
    named = re.findall(r"`(\w+)`(?: to `\w+`)? in `([\w./]+\.py)`", recipe)
    assert named
    for name, path in named:
        assert name in defined(ROOT / path), f"{name} in {path}"


def defined(path: Path) -> set[str]:
    """The names that a module defines itself, not those that it imports."""
    found: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Assign):
            found |= {one.id for one in node.targets if isinstance(one, ast.Name)}
    return found


def test_a_scenario_that_is_added_to_the_list_is_played_to_slipway() -> None:
    from tests.rehearsal import test_scenarios  # noqa: PLC0415 - it builds much when imported

    given = [mark for mark in test_scenarios.by_name.mark.args if not isinstance(mark, str)]
    assert [*given[0]] == [*SCENARIOS]
    assert {"name", "story", "right", "runs"} <= set(Scenario.__dataclass_fields__)


def test_a_rule_that_is_added_to_the_list_decides_and_an_earlier_one_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def always(_record: Deployment, _observation: Observation) -> bool:
        return True

    rules, added = rollout.RULES, Rule(always, succeeds)
    gone = Observation(at=examples.NOW, service=None, ours=None)
    before = rollout.judge(examples.rolling_out(), gone).rule
    monkeypatch.setattr(rollout, "RULES", (*rules, added))
    assert rollout.judge(examples.rolling_out(), gone).rule == before != "always"
    monkeypatch.setattr(rollout, "RULES", (added, *rules))
    assert rollout.judge(examples.rolling_out(), gone).rule == "always"


def test_a_row_that_is_added_to_the_causes_explains_and_an_earlier_one_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = causes.Row(
        kind=causes.Kind.CRASHED, text="moon", sentence="it was the moon", advice="Wait."
    )
    assert classify.classify_placement("the moon was full").sentence != "it was the moon"
    assert vars(classify)["ROWS"] is causes.ROWS
    monkeypatch.setattr(classify, "ROWS", (row, *causes.ROWS))
    assert classify.classify_placement("the moon was full").sentence == "it was the moon"


def test_a_key_is_one_of_the_targets_file_when_the_model_has_a_field_of_its_name() -> None:
    needed = 'repository = "r"\ncluster = "c"\nservice = "s"\n'
    fields = {name for name, field in Target.model_fields.items() if not field.is_required()}
    assert "deadline" in fields
    load_targets(f'[[target]]\n{needed}deadline = "5m"', "dev")
    with pytest.raises(Refused, match="moon"):
        load_targets(f'[[target]]\n{needed}moon = "5m"', "dev")


# The paths


@every_walk
def test_a_path_opens_six_files_at_most_and_each_is_reached_from_one_before(walk: str) -> None:
    files = [code(step)[0] for step in steps(walk)]
    assert 3 <= len(files) <= 6
    for number, name in enumerate(files[1:], start=1):
        before = files[:number]
        assert any(name in reached(ROOT / one) for one in before), f"{name} from {before}"


def reached(path: Path) -> set[str]:
    """The files that a module imports, also by way of a package, or names as files beside it."""
    found = imports(path)
    found |= {
        file for package in found if package.name == "__init__.py" for file in imports(package)
    }
    return {file.relative_to(ROOT).as_posix() for file in found}


def imports(path: Path) -> set[Path]:
    text = path.read_text("utf-8")
    beside = [path.parent / name for name in re.findall(r"\"(\w+\.py)\"", text)]
    found = [file for name in imported(path, text) for file in modules(name)]
    return {file for file in [*found, *beside] if file.is_file()}


def imported(path: Path, text: str) -> Iterator[str]:
    package = ".".join(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def modules(name: str) -> Iterator[Path]:
    place = ROOT.joinpath(*name.split("."))
    yield place.with_suffix(".py")
    yield place / "__init__.py"


def test_the_functions_that_a_path_begins_with_are_those_of_the_app() -> None:
    app = (ROOT / "app.py").read_text("utf-8")
    for walk in WALKS.values():
        first = code(steps(walk)[0])
        if first[0] == "app.py":
            assert first[1:]
            assert all(re.search(rf"^def {name}\(", app, flags=re.M) for name in first[1:])
