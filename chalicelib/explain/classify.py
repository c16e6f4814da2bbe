"""stopped task, placement failure -> failure cause: the first row of `causes.py` that matches."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chalicelib.explain.causes import (
    EXIT_CODES,
    NOT_PLACED,
    PLACEMENT_ROWS,
    ROWS,
    UNKNOWN,
    Kind,
    Row,
)
from chalicelib.explain.mask import safe_line
from chalicelib.explain.text import one_line
from chalicelib.model.base import Frozen
from chalicelib.model.services import StoppedTask

FLAGS = re.IGNORECASE | re.DOTALL | re.MULTILINE
_READ = 4_000  # characters of a reason that are looked at
_SAID = 200  # and that are repeated, where nothing better is known


class FailureCause(Frozen):
    """Why a task failed; a row of the table, its sentence filled in."""

    kind: Kind
    sentence: str
    advice: str
    deterministic: bool = False
    blames_image: bool = True


def classify(task: StoppedTask) -> FailureCause:
    """What ended a task: the first row of the table that matches it.

    Each text in the answer is one line, without anything that looks like a secret.
    """
    return _cause(row_of(task), task)


def certain_from_logs(cause: FailureCause, logs: Sequence[str]) -> FailureCause:
    """The cause, or a certain one where a crash's log lines show it.

    A command of another CPU architecture often ends with code 1 or 255, and only the log says
    `exec format error` (re:Post, "ecs-task-exec-format-error").
    """
    if cause.kind is Kind.CRASHED and any("exec format error" in line.lower() for line in logs):
        return classify(StoppedTask(id="", container_reason="exec format error"))
    return cause


def classify_placement(reason: str) -> FailureCause:
    """Why no task could be placed.

    `reason` is that of an event SERVICE_TASK_PLACEMENT_FAILURE (`RESOURCE:CPU`), or the message of
    a service event. A message that says why a task failed to start is answered as `classify` does.
    """
    failure = StoppedTask(id="", reason=reason)
    return _cause(row_of(failure, (*PLACEMENT_ROWS, *ROWS, NOT_PLACED)), failure)


def row_of(task: StoppedTask, rows: tuple[Row, ...] = ROWS) -> Row:
    """The first of the rows that matches a task; `UNKNOWN` when none does."""
    return next((row for row in rows if _matches(row, task)), UNKNOWN)


def _matches(row: Row, task: StoppedTask) -> bool:
    text = f"{task.reason[:_READ]}\n{task.container_reason[:_READ]}"
    code = "" if task.exit_code is None else str(task.exit_code)
    return (
        _after(row.stop_code, task.stop_code[:_READ]) is not None
        and _after(row.code, code) is not None
        and (rest := _after(row.text, text)) is not None
        and _after(row.then, rest) is not None
    )


def _after(pattern: str, text: str) -> str | None:
    """What follows the first place of `pattern` in `text`; None where there is none.

    All of `text` where no pattern is given.
    """
    if not pattern:
        return text
    found = re.search(pattern, text, FLAGS)
    return None if found is None else text[found.end() :]


def _cause(row: Row, task: StoppedTask) -> FailureCause:
    meaning = EXIT_CODES.get(task.exit_code or 0)
    sentence = row.sentence.format(
        container=f"container {one_line(task.container)[:_SAID]}"
        if task.container
        else "a container",
        code=task.exit_code,
        meaning=f" ({meaning})" if meaning else "",
        said=said(task, _SAID) or "nothing",
    )
    return FailureCause(
        kind=row.kind,
        sentence=sentence,
        advice=row.advice,
        deterministic=row.deterministic,
        blames_image=row.blames_image,
    )


def said(task: StoppedTask, length: int) -> str:
    """What ECS says of a task's end: one line, masked, at most `length` characters.

    A long text is cut in its middle: its beginning names the error, its end the reason.
    """
    texts = (task.stop_code, task.reason, task.container_reason)
    parts = dict.fromkeys(safe_line(text).strip() for text in texts)
    told = "; ".join(part for part in parts if part)
    if len(told) <= length:
        return told
    end = length // 3
    return f"{told[: length - end - 1]}…{told[-end:]}"
