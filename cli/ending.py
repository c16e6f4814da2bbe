"""A verb -> the same, with its errors as one sentence and an exit code."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import typer

from chalicelib.errors import Refused
from cli.exits import code_of
from cli.show.screen import say_json
from cli.terminal import ends_in_a_sentence, sentence

Verb = Callable[..., int | None]


def ending(verb: Verb) -> Callable[..., None]:
    """The verb as typer runs it: its value, or its error, is the exit code.

    With `--json`, an error is the object `{"error": "…"}` on standard output.
    """

    @functools.wraps(verb)
    def run(**options: Any) -> None:
        @ends_in_a_sentence
        def main(_: list[str]) -> int:
            try:
                return verb(**options) or 0
            except Refused as refused:
                tell = say_error if options.get("as_json") else sentence
                tell(str(refused))
                return code_of(refused)

        raise typer.Exit(main([]))

    return run


def say_error(words: str) -> None:
    """The error as `--json` tells it."""
    say_json({"error": words})
