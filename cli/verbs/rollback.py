"""`slipway rollback`: stop the rollout, or go back to a proven revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from cli import ask
from cli.change import Change, Manner
from cli.completion import repositories, services, tags
from cli.connect import connect
from cli.exits import Usage
from cli.follow import seconds
from cli.names import service_named
from cli.options import DryRun, Json, Profile, Region, Stage, Timeout, Wait, Why, Yes
from cli.roll_all import roll_all_back
from cli.show import plan as shown
from cli.show.screen import say
from cli.show.words import age, version, who

To = Annotated[
    str | None,
    typer.Option(
        "--to",
        help="A tag, a digest, family:revision or a deployment. Default: a terminal asks, and "
        "without one it is the proven revision before the running one.",
        autocompletion=tags,
    ),
]
SomeService = Annotated[
    str | None,
    typer.Argument(
        help="CLUSTER/SERVICE, or a part of it that only one service has. Or use --repository.",
        autocompletion=services,
    ),
]
Repository = Annotated[
    str | None,
    typer.Option(
        "--repository",
        "-r",
        help="Roll back every service that follows this ECR repository. --to is then a tag or a "
        "digest.",
        autocompletion=repositories,
    ),
]
Hold = Annotated[
    bool | None,
    typer.Option("--hold/--no-hold", help="Hold pushes afterwards. Default: the target says."),
]
Override = Annotated[
    bool,
    typer.Option(
        "--override",
        help="Go back even across a `before` task. What the task changed in the data stays.",
    ),
]


def rollback(
    service: SomeService = None,
    repository: Repository = None,
    to: To = None,
    why: Why = None,
    hold: Hold = None,
    override: Override = False,
    dry_run: DryRun = False,
    wait: Wait = False,
    timeout: Timeout = "1h",
    yes: Yes = False,
    stage: Stage = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
) -> int:
    """Stop the rollout that is under way, or go back to a proven revision.

    Pushes are held afterwards, until slipway release. With --repository, every service that
    follows it goes back; those that wait for another one go first. It ends with 0 only if all do,
    and the same command again takes none further back.

    Example: slipway rollback backend --why "errors since noon"
    """
    if (service is None) == (repository is None):
        raise Usage("Name either a service or --repository, and not both")
    manner = Manner(why, dry_run, yes, wait, seconds(timeout), as_json)
    functions = connect(stage, profile, region)
    payload: dict[str, Any] = {"to": to} if to else {}
    payload |= {"hold": hold} if hold is not None else {}
    payload |= {"override": True} if override else {}
    options = [*_hold_words(hold=hold), *(["--override"] if override else [])]
    if repository is not None:
        words = ["rollback", "--repository", repository, *_to_words(to), *options]
        asked = {"repository": repository, **payload}
        return roll_all_back(Change(functions, "rollback", asked, manner, words))
    name = service_named(functions, service or "")
    return _one(Change(functions, "rollback", {"service": name, **payload}, manner), options)


def _one(change: Change, options: Sequence[str]) -> int:
    payload, name = change.payload, str(change.payload["service"])
    to: str | None = payload.get("to")
    planned = change.plan()
    if _may_choose(planned, change, to):
        payload["to"] = to = _chosen(planned["proven"], change.functions.at)
        change.asked = True
        say("")
        planned = change.plan()
    change.command = ["rollback", name, *_to_words(to), *options]
    if (code := change.planned(planned)) is not None:
        return code
    reply = change.act(f"Roll {name} back?")
    return change.finish(reply, shown.accepted)


def _may_choose(planned: Mapping[str, Any], change: Change, to: str | None) -> bool:
    """Whether a person chooses from the list: at a terminal, where nothing is under way."""
    free = to is None and planned["would"] != "stop" and bool(planned.get("proven"))
    manner = change.manner
    return free and ask.a_terminal() and not (manner.yes or manner.as_json or manner.dry_run)


def _chosen(proven: Sequence[Mapping[str, Any]], now: datetime) -> str:
    """The revision that the person chooses of those proven here."""
    choices = [_words(one, now) for one in proven]
    default = next((number for number, one in enumerate(proven) if one["default"]), 0)
    return str(proven[ask.chosen("Back to which?", choices, default)]["revision"])


def _words(proven: Mapping[str, Any], now: datetime) -> str:
    notes = {"runs": "runs now", "left": "a rollback left it", "missing": "its image is gone"}
    noted = ", ".join(words for key, words in notes.items() if proven.get(key))
    commit = str(proven.get("commit") or "")[:7]
    parts = [
        f"{version(proven):<14}",
        f"{commit if commit not in version(proven) else '':<8}",
        f"{age(proven['first'], now) + ' ago':<12}",
        f"{proven['revision']}",
        who(proven),
        f"({noted})" if noted else "",
    ]
    return "  ".join(part for part in parts if part)


def _to_words(to: str | None) -> list[str]:
    return ["--to", to] if to else []


def _hold_words(*, hold: bool | None) -> list[str]:
    return [] if hold is None else ["--hold" if hold else "--no-hold"]
