"""The pages say what the code says, name files that exist, and show commands that are right."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.bootstrap.templates import BOOTSTRAP, template
from tests.github.runner import AWAIT, PROJECT, SCRIPTS
from tests.github.test_await_deployment import ENDS

DOCS = PROJECT / "docs"


def said_in(source: str) -> list[str]:
    """The texts of a module, adjacent literals joined; `…` for what an f-string fills in."""
    texts = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.append(re.sub(r"\{[^}]*\}", "…", node.value))
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
            texts.append("".join(map(str, parts)))
        elif isinstance(node, ast.BinOp):  # f"…" + "…"
            texts.extend(said_in(ast.unparse(node.left)) + said_in(ast.unparse(node.right)))
    return texts


@pytest.fixture(scope="module")
def everything_said() -> list[str]:
    texts = []
    for folder in (PROJECT / "chalicelib", PROJECT / "cli" / "package"):
        for path in folder.rglob("*.py"):
            texts += said_in(path.read_text("utf-8"))
    for path in [AWAIT, AWAIT.with_name("slipway.sh"), *SCRIPTS.glob("*.sh")]:
        text = re.sub(r"\$\(\([^)]*\)\)|\$\{[^}]*\}|\$\w+", "…", path.read_text("utf-8"))
        texts.append(text.replace("\\`", "`"))
    return [re.sub(r"…+", "…", text) for text in texts]


def quoted() -> list[str]:
    text = (DOCS / "troubleshooting.md").read_text("utf-8")
    lines = re.findall(r"^(?:- )?\*Slipway says:\* (.+)$", text, re.MULTILINE)
    table = text.split("| *Slipway says* | look at |\n|---|---|\n")[1].split("\n\n")[0]
    return lines + [row.split(" | ")[0].removeprefix("| ") for row in table.splitlines()]


def test_there_is_something_to_compare() -> None:
    assert len(quoted()) > 30


@pytest.mark.parametrize("sentence", quoted())
def test_what_slipway_is_quoted_with_it_says(sentence: str, everything_said: list[str]) -> None:
    parts = [re.escape(part) for part in sentence.split("…")]
    pattern = re.compile(".{0,80}?".join(parts), re.DOTALL)
    assert any(pattern.search(text) for text in everything_said), sentence


def test_the_parameters_of_the_commands_are_those_of_the_templates() -> None:
    commands = re.findall(
        r"--template-file (bootstrap/\S+\.yaml)((?:.|\n)*?)(?:\n(?!\s)|\$ |Success|```)",
        "\n".join((DOCS / f"{name}.md").read_text("utf-8") for name in ("github", "operate")),
    )
    assert {path for path, _ in commands} == {
        f"bootstrap/{path.name}" for path in BOOTSTRAP.glob("*.yaml")
    }
    for path, rest in commands:
        parameters = template(Path(path).name)["Parameters"]
        given = set(re.findall(r"\b([A-Z]\w+)=", rest))
        assert given <= parameters.keys(), path
        needed = {name for name, one in parameters.items() if "Default" not in one}
        assert needed <= given | {"VpcId"}, path


def test_every_exit_code_and_every_status_is_in_the_table() -> None:
    table = (DOCS / "github.md").read_text("utf-8").split("## How a job ends")[1]
    rows = re.findall(r"^\|.*\| (\d) \|(.*)$", table, re.MULTILINE)
    assert {int(code) for code, _ in rows} == set(range(8))
    for status, ends in ENDS.items():
        assert any(int(code) == ends and f"`{status}`" in said for code, said in rows), status


def test_the_environments_variables_are_those_that_the_workflows_read() -> None:
    used = "".join(
        path.read_text("utf-8") for path in (PROJECT / ".github/workflows").glob("*.yml")
    )
    page = (DOCS / "github.md").read_text("utf-8")
    for name in set(re.findall(r"vars\.(\w+)", used)):
        assert f"`{name}`" in page


def test_the_five_errors_that_every_such_pipeline_meets_are_headings() -> None:
    headings = re.findall(r"^### (.+)$", (DOCS / "troubleshooting.md").read_text("utf-8"), re.M)
    for error in (
        "Could not assume role",
        "No such image",
        "Unable to describe task definition",
        "Service did not stabilize",
        "AccessDenied for ECR operations",
    ):
        assert any(error in heading for heading in headings), error


def test_an_example_is_copied_under_the_name_that_it_gives_itself() -> None:
    page = (DOCS / "github.md").read_text("utf-8")
    for name in ("backend", "promote", "rollback"):
        copied = f".github/workflows/conflicto-{name}.yml"
        assert copied in (DOCS / "examples" / f"{name}.yml").read_text("utf-8")
        assert f"conflicto-{name}.yml" in page
        assert not (PROJECT / copied).exists()
