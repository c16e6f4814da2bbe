"""The night on call, typed with `slipway`: a bad image that is healthy, and the way back.

`python -m demo on-call` plays it on the packaged Slipway and prints each command with what the
terminal showed. docs/on-call.md shows that text.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chalicelib.errors import Refused
from cli.project import PROJECT, without_package
from cli.terminal import progress
from demo.typed import Typed, typed
from embedded.account import EmbeddedAws
from example import conflicto

RATE = 20.0
_SERVICE = "conflicto-dev/conflicto-backend-service-dev"
_REPOSITORY = "conflicto-backend-dev"
_LIMIT = 600  # simulated seconds until a push has arrived where it goes


@dataclass(frozen=True)
class Scene:
    """One command of the night: why it is typed, its words, the answers, and what was shown."""

    why: str
    command: str
    answers: tuple[str, ...] = ()
    pushed: str = ""  # the tag that a colleague pushes before it
    until: str = ""  # the status that this push reaches first


NIGHT = (
    Scene("What runs?", "slipway status", pushed="bad0000", until="SUCCESSFUL"),
    Scene("Did it fail?", "slipway why backend"),
    Scene("Go back.", "slipway rollback backend --wait", ("", "wrong prices", "")),
    Scene("The next push is held.", "slipway status", pushed="ccc3333", until="HELD"),
    Scene(
        "The fix is tested: go on.",
        'slipway release backend --why "the fix is tested" --wait',
        ("",),
    ),
    Scene("What runs now?", "slipway status"),
)
Tell = Callable[[Scene, Typed], None]


def main(arguments: Sequence[str]) -> int:
    """Play the night, and print it as Markdown; 0 when every command ended with 0."""
    parser = argparse.ArgumentParser(prog="python -m demo on-call", description=__doc__)
    parser.add_argument("--package", type=Path, default=Path("out/dev"))
    package: Path = parser.parse_args(arguments).package
    if not (package / "deployment.zip").exists():
        raise without_package(package.name, package / "deployment.zip")
    codes = list[int]()
    with EmbeddedAws(rate=RATE) as aws:
        with progress("Starting the embedded AWS"):
            conflicto.build(aws.client)
            aws.deploy(package / "sam.json", package / "deployment.zip")
        for scene, shown in play(aws):
            codes.append(shown.code)
            sys.stdout.write("\n".join([*markdown(scene, shown), ""]))
            sys.stdout.flush()
    return int(any(codes))


def play(aws: EmbeddedAws) -> Iterator[tuple[Scene, Typed]]:
    """Each scene with what the terminal showed; the packaged Slipway is deployed already.

    Raises:
        Refused: when a push does not arrive where it should.
    """
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_REGION": aws.region,
        "AWS_ACCESS_KEY_ID": "admin",
        "AWS_SECRET_ACCESS_KEY": "admin",
        "SLIPWAY_STAGE": "dev",
    }
    _push(aws, "aaa1111", "SUCCESSFUL")
    for scene in NIGHT:
        if scene.pushed:
            _push(aws, scene.pushed, scene.until)
        words = [sys.executable, "-m", "cli", *shlex.split(scene.command)[1:]]
        yield scene, typed(words, scene.answers, environment, PROJECT)


def _push(aws: EmbeddedAws, tag: str, status: str) -> None:
    digest = conflicto.push(aws.client, _REPOSITORY, [tag])

    def arrived() -> bool:
        records = aws.invoke("slipway-dev-status", {"service": _SERVICE})["deployments"]
        return (digest, status) in [(one["digest"], one["status"]) for one in records]

    if not aws.wait_until(arrived, _LIMIT):
        raise Refused(f"{tag} is not {status} after {_LIMIT} simulated seconds")


def markdown(scene: Scene, shown: Typed) -> Iterator[str]:
    """The scene as a paragraph and a block."""
    yield f"{scene.why}\n"
    yield "```console"
    yield f"$ {scene.command}"
    yield shown.text.rstrip()
    yield "```\n"
