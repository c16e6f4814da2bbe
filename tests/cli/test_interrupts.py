"""Ctrl-C ends every long command in one line, with exit code 130, and leaves no process behind."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from cli.terminal import INTERRUPTED
from embedded.account import EmbeddedAws
from tests.cli.packages import CACHE, written
from tests.cli.processes import Command, alive, started
from tests.dashboard.client import Client

ADMIN = {"AWS_ACCESS_KEY_ID": "admin", "AWS_SECRET_ACCESS_KEY": "admin"}
# In place of `aws`: it uploads at once, and then CloudFormation takes its time.
SLOW_AWS = """\
#!/bin/sh
[ "$2" = package ] || exec sleep 600
"""


@pytest.fixture
def folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where out/dev is packaged, of which a command may write into a copy."""
    package = written(tmp_path_factory, "dev")
    (tmp_path / "out" / "dev").mkdir(parents=True)
    for path in (package.archive, package.directory / "sam.json"):
        shutil.copy(path, tmp_path / "out" / "dev")
    return tmp_path


def ended_in_one_line(command: Command, times: int = 1) -> str:
    """The line; the command's processes are gone with it."""
    children = command.descendants()
    assert command.interrupt(times) == INTERRUPTED, command.err
    assert len(command.err.splitlines()) == 1, command.err
    (line,) = command.err.splitlines()
    assert alive(children) == set()
    return line


def _read_after(module: str, said: str) -> int:
    """How many modules Python has read since it read this one."""
    return said.partition(module)[2].count("import time:")


@pytest.mark.parametrize("modules", [1, 60], ids=["at once", "while modules are read"])
@pytest.mark.parametrize("arguments", ["demo", "demo local --port 0", "cli.package dev --out out"])
def test_a_command_that_has_hardly_begun(folder: Path, arguments: str, modules: int) -> None:
    """Its own modules are read once Ctrl-C is handled, however fast the machine is."""
    with started(["-X", "importtime", "-m", *arguments.split()], folder) as command:
        command.wait_for(lambda: _read_after("cli.terminal", command.err) >= modules)
        code = command.interrupt()
    # Python ends itself by SIGINT after one in an `exec`, and shells call both 130.
    assert code in {INTERRUPTED, -signal.SIGINT}, command.err
    said = [line for line in command.err.splitlines() if not line.startswith("import time:")]
    assert len(said) == 1
    assert "Traceback" not in command.err


@pytest.mark.parametrize("phase", ["code", "package/sam.json"])
def test_packaging(tmp_path: Path, phase: str) -> None:
    out = tmp_path / "out"
    arguments = ["dev", "--out", str(out), "--cache", str(CACHE)]
    tree = out / "dev" / "build"
    with started(["-m", "cli.package", *arguments], tmp_path) as command:
        command.wait_for((tree / phase).exists if phase != "code" else tree.exists)
        line = ended_in_one_line(command)
    assert line == "Interrupted: the package of dev was not written."
    assert not (out / "dev" / "sam.json").exists()


def test_the_demo_while_functions_run(folder: Path) -> None:
    with started(["-m", "demo"], folder) as command:
        command.wait_for(lambda: "λ on_image_push" in command.out)
        assert command.descendants()
        line = ended_in_one_line(command)
    assert line == "Interrupted: the demo has ended, and everything in it."


@pytest.mark.parametrize("times", [1, 3], ids=["once", "three times in a row"])
def test_the_served_account_while_functions_run(folder: Path, times: int) -> None:
    with started(["-m", "demo", "local", "--port", "0"], folder) as command:
        command.wait_for(lambda: "#token=" in command.out)
        (endpoint,) = re.findall(r"AWS_ENDPOINT_URL=(\S+)", command.out)
        lambda_ = boto3.client(
            "lambda",
            endpoint_url=endpoint,
            region_name="us-west-2",
            aws_access_key_id="admin",
            aws_secret_access_key="admin",
        )
        lambda_.invoke(FunctionName="slipway-dev-status", Payload=b"{}")
        (page,) = re.findall(r"http://\S+#token=\S+", command.out)
        assert Client.of(page).get("/changes?path=%2F").text.startswith("data: ")
        assert command.descendants()
        line = ended_in_one_line(command, times)
    assert line == "The embedded AWS has ended, and everything in it."
    with pytest.raises(ConnectionRefusedError):
        Client.of(page).view()


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as embedded:
        yield embedded


def test_deploying_while_cloudformation_works(aws: EmbeddedAws, folder: Path) -> None:
    program = folder / "bin" / "aws"
    program.parent.mkdir()
    program.write_text(SLOW_AWS)
    program.chmod(0o755)
    reached = {"AWS_ENDPOINT_URL": aws.endpoint, "AWS_REGION": aws.region, **ADMIN}
    path = {"PATH": f"{program.parent}:/usr/bin:/bin"}
    with started(["-m", "cli.stack", "dev"], folder, reached | path) as command:
        command.wait_for(lambda: any_named(command, "sleep"))
        line = ended_in_one_line(command)
    assert line == (
        "Interrupted: what CloudFormation began with slipway-dev goes on without you. "
        "Next: aws cloudformation describe-stack-events --stack-name slipway-dev"
    )


def any_named(command: Command, name: str) -> bool:
    """Whether a process of the command runs that program."""
    return any(program(pid) == name for pid in command.descendants())


def program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
