"""What every command does at a terminal: one sentence for an error, one line for Ctrl-C, progress.

Only the standard library and what is as light are imported at the top. A command's own modules
are imported when it runs, so that Ctrl-C works while they load: that takes seconds.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from chalicelib.errors import Refused
from chalicelib.model.meant import meant

INTERRUPTED = 130  # as shells count: 128 and the number of SIGINT
_NOBODY_READS = 141  # 128 and the number of SIGPIPE
_CLEAR = "\r\x1b[K"  # the terminal's own ^C, or a progress line, gives way

Main = Callable[[list[str]], int]
Tell = Callable[[str], None]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with a sentence about what it leaves behind."""


def ends_in_a_sentence(main: Main) -> Main:
    """`main`, but what ends it early is told on stderr: 1 when refused, 130 after Ctrl-C."""

    @functools.wraps(main)
    def told(arguments: list[str]) -> int:
        try:
            with _signals_end_it_once():
                return main(arguments)
        except KeyboardInterrupt as interrupt:
            sentence(str(interrupt) or "Interrupted.")
            return INTERRUPTED
        except BrokenPipeError:  # whoever reads our output, as `head` does, has stopped
            stop_writing()
            return _NOBODY_READS
        except Refused as refused:
            sentence(str(refused))
            return 1
        except Exception:
            if signal.SIGINT not in _received:
                raise
            # Python makes another error of what is raised while a class is made (`__set_name__`).
            sentence("Interrupted.")
            return INTERRUPTED

    return told


def choose(program: str, commands: Mapping[str, tuple[str, str]], arguments: list[str]) -> int:
    """Run the command that the first argument names; `commands` has its module and a summary."""
    name, *rest = arguments
    if name in {"-h", "--help"}:
        longest = max(map(len, commands))
        lines = [f"  {name:<{longest}}  {summary}" for name, (_, summary) in commands.items()]
        more = f"{program} COMMAND --help tells more."
        print("\n".join([f"usage: {program} COMMAND …", "", *lines, "", more]))
        return 0
    if name not in commands:
        sentence(f"{program} has no command {name!r}.{did_you_mean(name, commands)}")
        return 2
    module, _ = commands[name]
    return run_module(module, rest)


def run_module(module: str, arguments: list[str]) -> int:
    """Run the `main` of a module; Ctrl-C ends it in a sentence while it is imported, too."""

    @ends_in_a_sentence
    def main(given: list[str]) -> int:
        found: Main = importlib.import_module(module).main
        return found(given)

    return main(arguments)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The words " Did you mean x? It has x, y.", with a guess only where a name is similar."""
    names = list(known)
    near = meant(word, names)
    guess = f" Did you mean {near[0]}?" if near else ""
    return f"{guess} It has {', '.join(names)}."


@contextmanager
def progress(words: str) -> Iterator[Tell]:
    """One line on stderr: what is being done, and for how many seconds. Nothing when piped.

    The line is gone when the work is done; the value changes its words.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - see above: Ctrl-C
    from rich.progress import Progress, ProgressColumn, Task, TextColumn  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    class Seconds(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.elapsed or 0:.0f} s", "dim")

    columns = (TextColumn("{task.description}", markup=False), Seconds())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, refresh_per_second=4) as shown:
        task = shown.add_task(words, total=None)
        yield lambda text: shown.update(task, description=text)


def safe(text: str) -> str:
    """The text without what a terminal would take for a command."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def stop_writing() -> None:
    """Write nothing more, not even what is still buffered: nobody reads it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def sentence(words: str) -> None:
    """One sentence on stderr, in place of a progress line."""
    print(f"{_CLEAR if sys.stderr.isatty() else ''}{safe(words)}", file=sys.stderr)


@contextmanager
def _signals_end_it_once() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt; a second one cannot disturb the tidying up after it.

    The end of the terminal or of its job (SIGHUP, SIGTERM) tidies up as well: it raises SystemExit.
    Either is raised again where it got lost: Python ignores what is raised in a weakref's callback,
    such as importlib has one for each module (Python's documentation of `weakref.ref`).
    """
    _received.clear()
    before = {name: signal.getsignal(name) for name in _SIGNALS}
    for name in _SIGNALS:
        signal.signal(name, _end)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for name, handler in before.items():
            if signal.getsignal(name) is _end:
                signal.signal(name, handler)


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN_SECONDS = 0.2
_received: set[int] = set()


def _end(number: int, _: FrameType | None) -> NoReturn:
    _received.add(number)
    sys.unraisablehook = _unless_it_comes_again
    for name in _SIGNALS:
        signal.signal(name, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, functools.partial(_end_again, number))
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS, _AGAIN_SECONDS)
    _raise_for(number)


def _unless_it_comes_again(lost: sys.UnraisableHookArgs) -> None:
    """Say nothing of what is raised again; of all else, what Python says."""
    if not issubclass(lost.exc_type, KeyboardInterrupt | SystemExit):
        sys.__unraisablehook__(lost)


def _end_again(number: int, *_: object) -> None:
    """Raise what ends the command, unless it is on its way up: then this would disturb it."""
    handled = sys.exc_info()[1]
    while handled is not None:
        if isinstance(handled, KeyboardInterrupt | SystemExit):
            return
        handled = handled.__context__
    _raise_for(number)


def _raise_for(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
