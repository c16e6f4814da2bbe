"""What a person meets at the terminal: sentences, help, one line of progress."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from chalicelib.errors import Refused
from cli.project import meant
from cli.terminal import INTERRUPTED, Interrupted, choose, ends_in_a_sentence
from demo.__main__ import COMMANDS as DEMO
from tests.cli.packages import PROJECT

WORKS = """\
import time
from cli.terminal import progress
with progress("Working") as tell:
    time.sleep(1.2)
    tell("Working on the second part")
    time.sleep(1.2)
print("done")
"""


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (Refused("There is no package."), 1, "There is no package.\n"),
        (KeyboardInterrupt(), INTERRUPTED, "Interrupted.\n"),
        (Interrupted("Nothing was written."), INTERRUPTED, "Nothing was written.\n"),
    ],
    ids=["refused", "Ctrl-C", "Ctrl-C with words"],
)
def test_what_ends_a_command_early_is_a_sentence_and_a_code(
    capsys: pytest.CaptureFixture[str], raised: BaseException, code: int, said: str
) -> None:
    @ends_in_a_sentence
    def main(_: list[str]) -> int:
        raise raised

    assert main([]) == code
    assert capsys.readouterr() == ("", said)


def test_a_fault_of_ours_is_not_hidden() -> None:
    @ends_in_a_sentence
    def main(_: list[str]) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        main([])


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("locl", "python -m demo has no command 'locl'. Did you mean local? It has story, "),
        ("zzz", "python -m demo has no command 'zzz'. It has story, local, picture, "),
    ],
)
def test_a_command_that_does_not_exist(
    capsys: pytest.CaptureFixture[str], word: str, said: str
) -> None:
    assert choose("python -m demo", DEMO, [word]) == 2
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize("name", DEMO)
def test_every_command_is_in_the_overview_and_has_help_of_its_own(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert choose("python -m demo", DEMO, ["--help"]) == 0
    assert f"  {name} " in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        choose("python -m demo", DEMO, [name, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: python -m demo {name} ")
    assert len(said.splitlines()) >= 5


@pytest.mark.parametrize("module", ["cli.package", "cli.stack", "cli.package.budget"])
def test_the_modules_can_be_run_by_their_own_names(module: str) -> None:
    command = [sys.executable, "-m", module, "--help"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"usage: python -m {module} ")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("stage", "question"),
    [("prd", " Did you mean STAGE=prod?"), ("stagin", " Did you mean STAGE=staging?")]
    + [(stage, "") for stage in ("dev", "prod", "zzz")],
)
def test_a_misspelt_stage_is_asked_about(stage: str, question: str) -> None:
    assert meant(stage) == question


def test_progress_is_one_line_that_counts_the_seconds_and_is_gone_at_the_end() -> None:
    said = re.sub(r"\x1b\[\d*m", "", on_a_terminal(WORKS))
    assert "Working 1 s" in said
    assert "Working on the second part 2 s" in said
    assert said.count("\n") == 1
    assert said.rstrip().endswith("\x1b[2K")


def test_progress_is_silent_where_nobody_watches() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORKS], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("done\n", "")


def on_a_terminal(code: str) -> str:
    """What the code writes to its standard error, when that is a terminal."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb") as read:
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=PROJECT,
            env=os.environ | {"TERM": "xterm", "NO_COLOR": "1"},
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            check=True,
        )
        os.close(theirs)
        return drained(read.fileno())


def drained(descriptor: int) -> str:
    """Everything there is to read; Linux ends a terminal that nobody writes to with an error."""
    read = b""
    while True:
        try:
            more = os.read(descriptor, 65536)
        except OSError:
            return read.decode()
        if not more:
            return read.decode()
        read += more


def test_a_command_whose_output_nobody_reads_ends_silently_and_not_with_success() -> None:
    code = (
        "import sys; from cli.terminal import ends_in_a_sentence\n"
        "@ends_in_a_sentence\n"
        "def main(_):\n"
        "    while True: print('line')\n"
        "sys.exit(main([]))"
    )
    pipe = f'{sys.executable} -c "$CODE" | head -1; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", pipe],
        cwd=PROJECT,
        env=os.environ | {"CODE": code},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("line\n", "", 141)


LOST = """
import os, signal, sys, weakref
from cli.terminal import ends_in_a_sentence

class Thing:
    pass

@ends_in_a_sentence
def main(arguments):
    thing = Thing()
    kept = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGINT))
    del thing
    signal.pause()
    return 0

sys.exit(main([]))
"""


def test_a_ctrl_c_that_python_loses_comes_again() -> None:
    """What is raised in a weakref's callback ends nothing: Python would only print it."""
    assert _ended(LOST) == ("Interrupted.\n", INTERRUPTED)


CHANGED = """
import os, signal, sys
from cli.terminal import ends_in_a_sentence

class Named:
    def __set_name__(self, owner, name):
        os.kill(os.getpid(), signal.SIGINT)

@ends_in_a_sentence
def main(arguments):
    try:
        type("Thing", (), {"named": Named()})
    except KeyboardInterrupt as interrupt:  # newer versions of Python raise it as it is
        raise RuntimeError("Error calling __set_name__") from interrupt
    return 0

sys.exit(main([]))
"""


def test_a_ctrl_c_of_which_python_makes_another_error_is_one() -> None:
    assert _ended(CHANGED) == ("Interrupted.\n", INTERRUPTED)


def _ended(program: str) -> tuple[str, int]:
    """What a program said on stderr, and its exit code."""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ended.stderr, ended.returncode
