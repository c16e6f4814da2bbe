"""The promises of each room, checked in the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PURE = [
    path
    for room in ("events", "model", "decide", "verdict", "definition", "explain", "flow")
    for path in sorted((ROOT / "chalicelib" / room).rglob("*.py"))
]
OURS = sorted((ROOT / "chalicelib").rglob("*.py"))
STEP = [
    ROOT / "chalicelib" / "flow" / f"{name}.py"
    for name in (
        "advance", "start", "rollout", "withdraw", "write", "apply", "plan", "recover", "confirm",
    )
]  # fmt: skip
LONGEST_OF_THE_STEP = 25  # lines of a function, without its docstring
CHANGES = {  # model/changes.py
    "changed", "changed_head", "changed_held", "changed_hold", "changed_notice", "changed_proven",
    "changed_tidied",
}  # fmt: skip
# Where a value that is no item of the ledger is copied with other fields.
COPIES_A_VALUE = {
    "verdict/rollout.py", "explain/ending.py", "explain/case.py", "explain/event.py",
}  # fmt: skip
# The replies to people and to the state machine, and a task definition's raw JSON.
HOLDS_JSON = {
    "flow/board.py", "flow/by_hand.py", "flow/choices.py", "flow/deploy.py", "flow/hold.py",
    "flow/plan.py", "flow/planned.py", "flow/progress.py", "flow/release.py", "flow/replay.py",
    "flow/resume.py", "flow/roll_back_all.py", "flow/rollback.py", "flow/running.py",
    "flow/stats.py", "flow/status.py", "flow/told_times.py", "flow/watch.py",
}  # fmt: skip
APP = ast.parse((ROOT / "app.py").read_text("utf-8"))
FORBIDDEN_MODULES = {"boto3", "botocore", "os", "time", "logging", "random", "uuid", "socket"}
FORBIDDEN_CALLS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "os.environ", "os.getenv",
    "time.sleep", "time.time", "print", "open", "input",
}  # fmt: skip


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _functions(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _calls(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _lines_without_docstring(function: ast.FunctionDef) -> int:
    first = function.body[0]
    docstring = 0
    if ast.get_docstring(function) is not None:
        docstring = (first.end_lineno or first.lineno) - first.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def _handlers() -> list[ast.FunctionDef]:
    return [node for node in APP.body if isinstance(node, ast.FunctionDef)]


def test_the_handlers_are_those_of_the_contract() -> None:
    assert {handler.name for handler in _handlers()} == {
        "on_image_push", "on_service_change", "watch", "deploy", "rollback", "hold", "release",
        "status", "sweep", "tidy",
    }  # fmt: skip


def test_app_imports_only_chalice_the_wiring_and_the_flows() -> None:
    allowed = (
        "chalice.", "chalicelib.startup", "chalicelib.lambda_edge", "chalicelib.wiring.prepare",
        "chalicelib.flow.", "typing.",
    )  # fmt: skip
    assert [name for name in _imports(APP) if not f"{name}.".startswith(allowed)] == []


def test_startup_is_the_first_of_ours_to_be_imported_and_is_done_last() -> None:
    ours = [name for name in _imports(APP) if name.startswith("chalicelib.")]
    assert ours[0] == "chalicelib.startup"
    assert ast.unparse(APP.body[-1]) == "startup.done()"


@pytest.mark.parametrize("handler", _handlers(), ids=lambda handler: handler.name)
def test_a_handler_is_a_ribbon(handler: ast.FunctionDef) -> None:
    assert len(handler.body) <= 3
    decisions = (ast.If, ast.IfExp, ast.Try, ast.For, ast.While, ast.With, ast.Match, ast.BoolOp)
    assert [node for node in ast.walk(handler) if isinstance(node, decisions)] == []


def test_app_holds_nothing_but_its_handlers() -> None:
    others = [
        node
        for node in APP.body
        if not isinstance(
            node, ast.FunctionDef | ast.Import | ast.ImportFrom | ast.Assign | ast.Expr
        )
    ]
    assert others == []


@pytest.mark.parametrize("path", PURE, ids=_name)
def test_no_clock_no_environment_no_log_and_no_aws_in_the_core(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert {name.split(".")[0] for name in _imports(tree)} & FORBIDDEN_MODULES == set()
    used = {
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load)
    }
    assert used & FORBIDDEN_CALLS == set()


@pytest.mark.parametrize("path", PURE, ids=_name)
def test_a_module_begins_by_saying_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert path.name == "__init__.py" or ast.get_docstring(tree)


@pytest.mark.parametrize("path", [path for path in PURE if path.parent.name == "decide"], ids=_name)
def test_every_public_function_that_decides_says_by_which_rule(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    silent = {
        f"{path.stem}.{node.name}"
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
    }
    assert silent == set()


# A record changes only by a happening: decide/after.py, with the typed changes of model/changes.py.


def test_an_item_of_the_ledger_is_copied_only_where_each_field_is_known_by_name_and_type() -> None:
    copying = {
        _name(path)
        for path in OURS
        for call in _calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "model_copy"
    }
    assert copying == {"model/changes.py"} | COPIES_A_VALUE


@pytest.mark.parametrize("path", OURS, ids=_name)
def test_a_change_names_its_fields(path: Path) -> None:
    """A dict after `**` may hold any name and any value; mypy cannot see into it."""
    unnamed = [
        call.lineno
        for call in _calls(path)
        if isinstance(call.func, ast.Name) and call.func.id in CHANGES
        if any(keyword.arg is None for keyword in call.keywords)
    ]
    assert unnamed == []


@pytest.mark.parametrize(
    "path", [path for path in PURE if path.parent.name in {"decide", "flow", "sweep"}], ids=_name
)
def test_no_function_that_decides_or_acts_takes_fields_of_any_name(path: Path) -> None:
    assert [function.name for function in _functions(path) if function.args.kwarg] == []


def test_only_replies_and_task_definitions_are_dicts_of_anything() -> None:
    rooms = ("decide", "flow")
    holding = {
        _name(path)
        for path in OURS
        if path.relative_to(ROOT / "chalicelib").parts[0] in rooms
        and "dict[str, Any]" in path.read_text("utf-8")
    }
    assert holding == HOLDS_JSON


@pytest.mark.parametrize("path", STEP, ids=_name)
def test_the_step_reads_in_short_functions(path: Path) -> None:
    long = {
        function.name: lines
        for function in _functions(path)
        if (lines := _lines_without_docstring(function)) > LONGEST_OF_THE_STEP
    }
    assert long == {}
