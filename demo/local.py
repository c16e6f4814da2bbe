"""`make local`: keep the embedded AWS running, with the example world and the packaged Slipway.

With the printed lines pasted into a shell, the plain `aws` CLI and any SDK work.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from rich.console import Console

from demo.timeline import Timeline
from embedded.account import EmbeddedAws
from example import conflicto

_SERVICE = "conflicto-dev/conflicto-backend-service-dev"
_PORT = 4566  # where tools that speak to a local AWS look first
_HELP = """\
Paste into another terminal (the AWS CLI, version 1 or 2):

  export AWS_ENDPOINT_URL={endpoint} AWS_DEFAULT_REGION=us-west-2 AWS_PAGER=
  export AWS_ACCESS_KEY_ID=admin AWS_SECRET_ACCESS_KEY=admin

  aws ecs describe-services --cluster conflicto-dev --services conflicto-backend-service-dev \\
      --query 'services[0].[taskDefinition,runningCount]'
  aws ecr put-image --repository-name conflicto-backend-dev --image-tag abc1234 \\
      --image-manifest file://{folder}/example-manifest.json
  aws lambda invoke --function-name slipway-dev-status \\
      --payload fileb://{folder}/example-status.json {folder}/reply.json && cat {folder}/reply.json

Time runs {rate:g} times as fast as real time. Ctrl-C ends it, and everything in it.
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--port", type=int, default=_PORT, help="default: %(default)s; 0: any")
    parser.add_argument("--rate", type=float, default=1.0, help="simulated seconds per second")
    parser.add_argument("--package", type=Path, default=Path("out/dev"), help="what to deploy")
    chosen = parser.parse_args(arguments)
    console = Console(highlight=False)
    if not (chosen.package / "deployment.zip").exists():
        console.print("There is no package yet. Next: make package STAGE=dev")
        return 1
    try:
        aws = EmbeddedAws(rate=chosen.rate, port=chosen.port)
    except OSError as error:
        console.print(f"Port {chosen.port} cannot be used ({error}). Next: --port 0")
        return 1
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    with aws:
        _serve(aws, chosen, console, ended)
    return 0


def _serve(aws: EmbeddedAws, chosen: Any, console: Console, ended: threading.Event) -> None:
    conflicto.build(aws.client)
    aws.deploy(chosen.package / "sam.json", chosen.package / "deployment.zip")
    folder: Path = chosen.package
    (folder / "example-manifest.json").write_text(conflicto.manifest("an example image"), "utf-8")
    (folder / "example-status.json").write_text(json.dumps({"service": _SERVICE}), "utf-8")
    words = _HELP.format(endpoint=aws.endpoint, rate=chosen.rate, folder=folder)
    console.print(words, markup=False, soft_wrap=True)
    timeline = Timeline(aws, console, "conflicto-dev")
    while not ended.wait(0.1):
        timeline.show()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
