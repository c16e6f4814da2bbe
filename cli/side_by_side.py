"""stages -> each one's answer, or why there is none, as they come. It prints nothing."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from chalicelib.errors import Refused
from cli.stages import StageEntry, opened

if TYPE_CHECKING:  # boto3 takes a third of a second
    from cli.functions import Functions

Answer = TypeVar("Answer")
PATIENCE = 20.0  # seconds that a stage has to answer


@dataclass(frozen=True)
class Answered(Generic[Answer]):
    """What a stage answered, in which region; `answer` is None where `error` says why not."""

    entry: StageEntry
    region: str
    answer: Answer | None = None
    error: str = ""


def side_by_side(
    entries: Sequence[StageEntry],
    ask: Callable[[Functions], Answer],
    seconds: float = PATIENCE,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Answered[Answer]]:
    """Ask all stages at once; yield what each answers, the quickest first.

    A stage that has not answered after `seconds` is yielded with that as its error, and its answer
    is not waited for any more. `ask` runs in a thread of its own for each stage, with a session of
    its own: boto3's sessions are not to be shared between threads (boto3 guide, "Session").
    """
    if not entries:
        return
    import cli.functions  # noqa: F401, PLC0415 - once, before the threads: boto3 takes its time

    answers: queue.SimpleQueue[Answered[Answer]] = queue.SimpleQueue()
    silent = {entry.name: entry for entry in entries}
    for entry in entries:
        # A daemon, so that a stage which never answers does not keep the command from its end.
        work = threading.Thread(target=_ask, args=(entry, ask, answers), daemon=True)
        work.start()
    end = clock() + seconds
    while silent:
        try:
            answered = answers.get(timeout=max(0.0, end - clock()))
        except queue.Empty:
            break
        del silent[answered.entry.name]
        yield answered
    for entry in silent.values():
        words = f"did not answer within {seconds:g} s. Next: slipway status --stage {entry.name}"
        yield Answered(entry, entry.region or "", error=words)


def _ask(
    entry: StageEntry,
    ask: Callable[[Functions], Answer],
    answers: queue.SimpleQueue[Answered[Answer]],
) -> None:
    region = entry.region or ""
    try:
        functions = opened(entry)
        region = functions.region
        answers.put(Answered(entry, region, ask(functions)))
    except Refused as refused:
        answers.put(Answered(entry, region, error=str(refused)))
    except Exception as error:  # one stage's odd answer is not to be the others' end
        words = f"its answer cannot be read ({type(error).__name__}: {error}). Next: slipway doctor"
        answers.put(Answered(entry, region, error=f"{words} --stage {entry.name}"))
