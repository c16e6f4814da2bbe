"""The promises of each room, checked in the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PURE = [
    path
    for folder in ("model", "decide", "flow")
    for path in sorted((ROOT / "chalicelib" / folder).glob("*.py"))
]
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


def _handlers() -> list[ast.FunctionDef]:
    return [node for node in APP.body if isinstance(node, ast.FunctionDef)]


def test_the_handlers_are_those_of_the_contract() -> None:
    assert {handler.name for handler in _handlers()} == {
        "on_image_push", "on_service_change", "watch", "deploy", "rollback", "status", "sweep",
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
