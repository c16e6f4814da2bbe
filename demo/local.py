"""`make local`: keep the embedded AWS running, with the example account and the packaged Slipway.

With the printed lines pasted into a shell, the plain `aws` CLI and any SDK work.
"""

from __future__ import annotations

import argparse
import socket
import time
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from chalicelib.errors import Refused
from cli.dashboard.serve import serving
from cli.project import without_package
from cli.terminal import Interrupted, progress
from demo.administrator import opened
from demo.timeline import Timeline
from embedded.account import EmbeddedAws
from example import conflicto, reserved_tags

_REPOSITORY = "conflicto-backend-dev"
_MANIFEST = "example-manifest.json"
_PORT = 4566  # where tools that speak to a local AWS look first
_PAUSE_SECONDS = 0.1
_HELP = """\
Paste into another terminal (the AWS CLI, version 1 or 2):

  export AWS_ENDPOINT_URL={endpoint} AWS_DEFAULT_REGION=us-west-2
  export AWS_ACCESS_KEY_ID=admin AWS_SECRET_ACCESS_KEY=admin AWS_PAGER=
  push() {{ aws ecr put-image --repository-name {repository} \\
      --image-tag "$1" --query image.imageId \\
      --image-manifest "$(sed "s/BUILD/$1/" {folder}/{manifest})"; }}

Then push an image. Its tag says how its tasks behave:

  push abc1234             # well
  push crash-1             # they exit with code 1
  push unhealthy-1         # their health check fails
  push hang-1              # they never get healthy, until the deadline ends it
  push slow-1              # they need {slow:.0f} seconds more to start
  push migration-fails-1   # well, but for the task of a `before`: exit code 1

`docker push {registry}/{repository}:TAG` works, too.

This terminal tells what happens, and why. So does `slipway`:

  slipway() {{ .venv/bin/python -m cli "$@" --stage dev; }}
  slipway status
  slipway why backend

Time runs {rate:g} times as fast as real time. Ctrl-C ends it, and everything in it.
"""
_DASHBOARD = """The dashboard shows the same as pages. Open this in a browser:

  {address}
"""


def main(arguments: list[str]) -> int:
    """Serve until Ctrl-C ends it."""
    chosen = _parser().parse_args(arguments)
    archive = chosen.package / "deployment.zip"
    if not archive.exists():
        raise without_package(chosen.package.name, archive)
    try:
        with _account(chosen) as aws:
            _serve(aws, chosen, Console(highlight=False))
    except KeyboardInterrupt:
        raise Interrupted("The embedded AWS has ended, and everything in it.") from None
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo local", description=__doc__)
    parser.add_argument("--port", type=int, default=_PORT, help="default: %(default)s; 0: any")
    parser.add_argument(
        "--rate", type=float, default=1.0, help="simulated seconds per second, default: %(default)g"
    )
    parser.add_argument(
        "--package", type=Path, default=Path("out/dev"), help="what to deploy, default: %(default)s"
    )
    parser.add_argument("--no-dashboard", action="store_true", help="serve no page")
    return parser


def _account(chosen: argparse.Namespace) -> EmbeddedAws:
    try:
        socket.create_server(("127.0.0.1", chosen.port)).close()  # werkzeug itself would exit
        return EmbeddedAws(rate=chosen.rate, port=chosen.port)
    except OSError as error:
        again = "python -m demo local --port 0"
        raise Refused(f"Port {chosen.port} cannot be used: {error}. Next: {again}") from error


def _serve(aws: EmbeddedAws, chosen: argparse.Namespace, console: Console) -> None:
    folder: Path = chosen.package
    with progress("Starting the embedded AWS"):
        build(aws)
        aws.deploy(folder / "sam.json", folder / "deployment.zip")
    (folder / _MANIFEST).write_text(conflicto.manifest("an example image", "BUILD"), "utf-8")
    console.print(words(aws.endpoint, chosen.rate, folder), markup=False, soft_wrap=True)
    stages = opened(aws, "dev")
    with nullcontext() if chosen.no_dashboard else serving(stages) as address:
        if address is not None:
            console.print(_DASHBOARD.format(address=address), markup=False, soft_wrap=True)
        timeline = Timeline(aws, console, "conflicto-dev")
        while True:
            time.sleep(_PAUSE_SECONDS)
            timeline.show()


def build(aws: EmbeddedAws) -> None:
    """Make the example account, in which an image's tag says how its tasks behave."""
    conflicto.build(aws.client, reserved_tags.HEALTH_CHECK)
    aws.subscribe(lambda event: reserved_tags.obey(event, aws.ecs.faults))


def words(endpoint: str, rate: float, folder: Path) -> str:
    """What to paste, and what comes of it."""
    return _HELP.format(
        endpoint=endpoint,
        registry=endpoint.removeprefix("http://"),
        repository=_REPOSITORY,
        folder=folder,
        manifest=_MANIFEST,
        slow=reserved_tags.SLOW_SECONDS,
        rate=rate,
    )
