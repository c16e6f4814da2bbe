"""A question to all configured stages -> each answer shown under its stage, and the exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cli.exits import FAILED, LIVE, Usage
from cli.show.screen import say, say_json
from cli.side_by_side import Answered, side_by_side
from cli.stages import all_configured

if TYPE_CHECKING:  # boto3 takes a third of a second
    import typer

    from cli.functions import Functions

Reply = Mapping[str, Any]


def on_all_stages(
    context: typer.Context,
    ask: Callable[[Functions], Reply],
    show: Callable[[Reply], None],
    *,
    as_json: bool,
) -> int:
    """Show what each stage answers, the quickest first, then those without an answer.

    The exit code is 0 when each stage gave an answer, else 1. With `as_json`, it is one object:
    `{"stages": [...]}`, in the order of the configuration file.

    Raises:
        Usage: when no stage is configured, or an option chooses one.
    """
    choosing_none(context)
    entries = all_configured()
    answers: list[Answered[Reply]] = []
    for answered in side_by_side(entries, ask):
        answers.append(answered)
        if answered.answer is not None and not as_json:
            say(*([""] if len(answers) > 1 else []), _heading(answered), "")
            show(answered.answer)
    silent = [answered for answered in answers if answered.answer is None]
    if as_json:
        answers.sort(key=lambda answered: entries.index(answered.entry))
        say_json({"stages": [_as_json(answered) for answered in answers]})
    elif silent:
        lines = [f"{answered.entry.name}: {answered.error}" for answered in silent]
        say(*([""] if len(answers) > len(silent) else []), *lines)
    return FAILED if silent else LIVE


def choosing_none(context: typer.Context) -> None:
    """Refuse an option that chooses one stage; SLIPWAY_STAGE may be set all the same."""
    for option in ("stage", "profile", "region"):
        source = context.get_parameter_source(option)
        if source is not None and source.name == "COMMANDLINE":
            file = "slipway.toml says it of each stage"
            raise Usage(f"--all-stages and --{option} do not go together: {file}")


def _heading(answered: Answered[Reply]) -> str:
    entry = answered.entry
    stage = "" if entry.stage == entry.name else f"stage {entry.stage}, "
    return f"{entry.name}  ({stage}{answered.region})"


def _as_json(answered: Answered[Reply]) -> dict[str, Any]:
    entry = answered.entry
    told = {"error": answered.error} if answered.answer is None else answered.answer
    return {"name": entry.name, "stage": entry.stage, "region": answered.region, **told}
