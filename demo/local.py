"""`make local`: keep the embedded AWS running, with the example account and the packaged Slipway.

With the printed lines pasted into a shell, the plain `aws` CLI and any SDK work.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from rich.console import Console

from chalicelib.errors import Refused
from cli.project import without_package
from cli.terminal import Interrupted, progress
from demo.timeline import Timeline
from embedded.account import EmbeddedAws
from example import conflicto

_SERVICE = "conflicto-dev/conflicto-backend-service-dev"
_PORT = 4566  # where tools that speak to a local AWS look first
_PAUSE_SECONDS = 0.1
_HELP = """\
Paste into another terminal (the AWS CLI, version 1 or 2):

  export AWS_ENDPOINT_URL={endpoint}
  export AWS_DEFAULT_REGION=us-west-2 AWS_PAGER=
  export AWS_ACCESS_KEY_ID=admin AWS_SECRET_ACCESS_KEY=admin

  aws ecs describe-services --cluster conflicto-dev \\
      --services conflicto-backend-service-dev \\
      --query 'services[0].[taskDefinition,runningCount]'
  aws ecr put-image --repository-name conflicto-backend-dev \\
      --image-tag abc1234 --image-manifest file://{folder}/example-manifest.json
  aws lambda invoke --function-name slipway-dev-status \\
      --payload fileb://{folder}/example-status.json {folder}/reply.json \\
      && cat {folder}/reply.json

Time runs {rate:g} times as fast as real time. Ctrl-C ends it, and everything in it.
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
    return parser


def _account(chosen: argparse.Namespace) -> EmbeddedAws:
    try:
        return EmbeddedAws(rate=chosen.rate, port=chosen.port)
    except OSError as error:
        again = "python -m demo local --port 0"
        raise Refused(f"Port {chosen.port} cannot be used: {error}. Next: {again}") from error


def _serve(aws: EmbeddedAws, chosen: argparse.Namespace, console: Console) -> None:
    folder: Path = chosen.package
    with progress("Starting the embedded AWS"):
        conflicto.build(aws.client)
        aws.deploy(folder / "sam.json", folder / "deployment.zip")
    (folder / "example-manifest.json").write_text(conflicto.manifest("an example image"), "utf-8")
    (folder / "example-status.json").write_text(json.dumps({"service": _SERVICE}), "utf-8")
    words = _HELP.format(endpoint=aws.endpoint, rate=chosen.rate, folder=folder)
    console.print(words, markup=False, soft_wrap=True)
    timeline = Timeline(aws, console, "conflicto-dev")
    while True:
        time.sleep(_PAUSE_SECONDS)
        timeline.show()
