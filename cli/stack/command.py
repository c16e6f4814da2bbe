"""`make deploy`: put a packaged environment into the account of the present credentials.

Creates the stack slipway-STAGE, or updates it. Needs AWS credentials, a region, and a package.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chalicelib.errors import Refused
from cli.account import signed_in
from cli.package.names import ACCOUNT
from cli.project import without_package
from cli.stack.bucket import ensure_bucket
from cli.stack.stack import Stack, run
from cli.terminal import Interrupted, ends_in_a_sentence, progress


@ends_in_a_sentence
def main(arguments: list[str]) -> int:
    """0 when the stack is there; 1 with a sentence on stderr."""
    parser = argparse.ArgumentParser(prog="python -m cli.stack", description=__doc__)
    parser.add_argument("stage", help="an environment that `make package` has packaged")
    parser.add_argument("--out", type=Path, default=Path("out"), help="default: %(default)s")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template, like NotifyEmail=team@example.com; may be repeated",
    )
    chosen = parser.parse_args(arguments)
    deploy(chosen.stage, chosen.out / chosen.stage, chosen.set)
    return 0


def deploy(stage: str, package: Path, parameters: Sequence[str]) -> None:
    """Upload the package and create or update the stack `slipway-STAGE`.

    Raises:
        Refused: when there is no package, no region, or the stack could not be made.
    """
    template = package / "sam.json"
    if not template.exists():
        raise without_package(stage, template)
    with signed_in() as session:
        region = session.region_name
        account = session.client("sts").get_caller_identity()["Account"]
        _only_to(_meant(template), account, stage)
        print(f"Deploying slipway-{stage} to account {account}, {region}", flush=True)
        bucket = ensure_bucket(session.client("s3"), stage, account, region)
        uploading, deploying = commands(
            stage, template, package / "packaged.json", bucket, parameters
        )
        cloudformation = session.client("cloudformation")
        _upload(stage, uploading)
        print(_create_or_update(Stack(cloudformation, f"slipway-{stage}"), deploying))
        _tell(cloudformation, stage)


def _meant(template: Path) -> str | None:
    """The account that the targets file names for this stage, as packaging wrote it down."""
    account: str | None = json.loads(template.read_text("utf-8")).get("Metadata", {}).get(ACCOUNT)
    return account


def _only_to(meant: str | None, account: str, stage: str) -> None:
    if meant not in (None, account):
        raise Refused(
            f"targets.toml puts {stage} into account {meant}, and these credentials are of account "
            f"{account}. Next: use credentials of {meant}, or correct `account` in "
            f"[environment.{stage}] and run make package STAGE={stage}."
        )


def _upload(stage: str, command: Sequence[str]) -> None:
    try:
        with progress("Uploading the package"):
            run(command, meanwhile=lambda: None)
    except KeyboardInterrupt:
        raise Interrupted(f"Interrupted: the stack slipway-{stage} was not changed.") from None


def _create_or_update(stack: Stack, command: Sequence[str]) -> str:
    """Do it, and return in words what was done."""
    began = time.monotonic()
    try:
        with progress("CloudFormation: comparing the package with the stack") as tell:
            said = run(command, meanwhile=lambda: tell(f"CloudFormation: {stack.doing()}"))
    except KeyboardInterrupt:
        raise Interrupted(
            f"Interrupted: what CloudFormation began with {stack.name} goes on without you. "
            f"{_next(stack)}"
        ) from None
    except Refused as refused:
        why = stack.why_failed() if "Failed to create/update" in str(refused) else ""
        raise (Refused(f"{why.rstrip('. ')}. {_next(stack)}") if why else refused) from refused
    if "No changes to deploy" in said:
        return "Nothing to change: the stack is as packaged."
    return f"Deployed in {time.monotonic() - began:.0f} s."


def _next(stack: Stack) -> str:
    return f"Next: aws cloudformation describe-stack-events --stack-name {stack.name}"


def commands(
    stage: str, template: Path, packaged: Path, bucket: str, parameters: Sequence[str]
) -> list[list[str]]:
    """The two `aws` commands, the second one for the template that the first one writes."""
    to_bucket = ["--s3-bucket", bucket, "--s3-prefix", f"slipway-{stage}"]
    package = ["aws", "cloudformation", "package", "--template-file", str(template), "--use-json"]
    deploy = ["aws", "cloudformation", "deploy", "--template-file", str(packaged)]
    return [
        [*package, *to_bucket, "--output-template-file", str(packaged)],
        [
            *deploy,
            *to_bucket,
            *("--stack-name", f"slipway-{stage}"),
            *("--capabilities", "CAPABILITY_IAM"),
            "--no-fail-on-empty-changeset",
            *(["--parameter-overrides", *parameters] if parameters else []),
        ],
    ]


def _tell(cloudformation: Any, stage: str) -> None:
    stack = cloudformation.describe_stacks(StackName=f"slipway-{stage}")["Stacks"][0]
    for output in stack.get("Outputs", []):
        print(f"  {output['OutputKey']:<26}{output['OutputValue']}")
    invoke = f"aws lambda invoke --function-name slipway-{stage}-status"
    print(f"Next: {invoke} reply.json && cat reply.json")
