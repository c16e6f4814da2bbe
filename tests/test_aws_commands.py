"""Every `aws` command that is shown or run exists in the AWS CLI that requirements-dev.txt pins."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from awscli.clidriver import create_clidriver

ROOT = Path(__file__).parent.parent
_COMMAND = re.compile(r"(?:^|(?<=[\s`(|/]))aws ([a-z0-9-]+) ([a-z][a-z0-9-]+)([^`]*)", re.MULTILINE)
_OPTION = re.compile(r"(?<=\s)--([a-z][a-z0-9-]+)")


def _texts() -> Iterator[tuple[str, str]]:
    """(file, text) of everything that shows a command or runs one."""
    for pattern in ("*.md", "Makefile", "docs/**/*", ".github/**/*", "bootstrap/*.y*ml"):
        for path in sorted(ROOT.glob(pattern)):
            if path.suffix in {".md", ".yml", ".yaml", ".sh", ""} and path.is_file():
                yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")
    for folder in ("chalicelib", "cli", "demo", "embedded", "example", "rehearsal"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield path.relative_to(ROOT).as_posix(), node.value


def _commands() -> dict[tuple[str, str], set[str]]:
    """(service, operation) -> the options with which it is shown, in one line or continued."""
    found: dict[tuple[str, str], set[str]] = {}
    for _, text in _texts():
        for service, operation, rest in _COMMAND.findall(text):
            line = re.split(r"(?<!\\)\n|\||&&|;", rest, maxsplit=1)[0]
            found.setdefault((service, operation), set()).update(_OPTION.findall(line))
    return found


@lru_cache
def _cli() -> tuple[dict[str, Any], set[str]]:
    """The pinned CLI's services, and the options that every command takes."""
    top = create_clidriver().create_help_command()
    return top.command_table, set(top.arg_table)


COMMANDS = _commands()


def test_the_commands_are_found() -> None:
    assert {("lambda", "invoke"), ("ecr", "put-image"), ("logs", "filter-log-events")} <= set(
        COMMANDS
    )
    assert "start-time" in COMMANDS["logs", "filter-log-events"]


@pytest.mark.parametrize("command", sorted(COMMANDS), ids=" ".join)
def test_a_command_that_is_shown_is_one_of_the_pinned_clis(command: tuple[str, str]) -> None:
    service, operation = command
    services, everywhere = _cli()
    assert service in services, f"aws {service} {operation}"
    operations = services[service].create_help_command().command_table
    assert operation in operations, f"aws {service} {operation}"
    if operation != "wait":  # its conditions have options of their own
        assert COMMANDS[command] <= set(operations[operation].arg_table) | everywhere
