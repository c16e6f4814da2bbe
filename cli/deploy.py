"""`python -m cli.deploy STAGE`: put a packaged stage into the account of the present credentials.

`aws cloudformation package` and `deploy` do the work; the bucket that they need is made here.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import Refused

# A failed update is rolled back to the package before it, which must still be in the bucket.
_KEEP_DAYS = 400
_DEFAULT_LOCATION = "us-east-1"  # the one region that CreateBucket must not be told
Run = Callable[[Sequence[str]], None]


def main(arguments: list[str]) -> int:
    """0 when the stack is there; 1 with a sentence on stderr."""
    parser = argparse.ArgumentParser(prog="python -m cli.deploy", description=__doc__)
    parser.add_argument("stage", help="a stage that `make package` has packaged")
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template, like NotifyEmail=team@example.com",
    )
    chosen = parser.parse_args(arguments)
    try:
        deploy(chosen.stage, chosen.out / chosen.stage, chosen.set, _run)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"AWS said no: {error}", file=sys.stderr)
        return 1
    return 0


def deploy(stage: str, package: Path, parameters: Sequence[str], run: Run) -> None:
    """Upload the package and create or update the stack `slipway-STAGE`.

    Raises:
        Refused: when there is no package, no region, or the stack could not be made.
    """
    template = package / "sam.json"
    if not template.exists():
        raise Refused(f"{template} does not exist. Next: make package STAGE={stage}")
    # The aws CLI reads AWS_REGION first, boto3 does not know it.
    session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    region = session.region_name
    if region is None:
        raise Refused("no AWS region is set. Next: export AWS_REGION=us-west-2 (or yours)")
    account = session.client("sts").get_caller_identity()["Account"]
    print(f"slipway-{stage} in account {account}, {region}")
    bucket = ensure_bucket(session.client("s3"), account, region)
    packaged = package / "packaged.json"
    for command in commands(stage, template, packaged, bucket, parameters):
        run(command)
    _tell(session.client("cloudformation"), stage)


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


def ensure_bucket(s3: Any, account: str, region: str) -> str:
    """The private bucket for packages, made when it is not there; old packages expire."""
    name = f"slipway-packages-{account}-{region}"
    owned = {"Bucket": name, "ExpectedBucketOwner": account}
    location = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=name, **({} if region == _DEFAULT_LOCATION else location))
    except (s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
        s3.head_bucket(**owned)  # refused when it is somebody else's
    s3.put_public_access_block(
        **owned,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(**owned, ServerSideEncryptionConfiguration={"Rules": [rule]})
    expiry = {
        "ID": "old packages",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": _KEEP_DAYS},
    }
    s3.put_bucket_lifecycle_configuration(**owned, LifecycleConfiguration={"Rules": [expiry]})
    return name


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, check=False)
    except FileNotFoundError as error:
        raise Refused("the `aws` command is not there. Next: make deploy, which has it") from error
    if done.returncode:
        raise Refused(
            f"`{' '.join(command[:3])}` failed. What it says above tells why; "
            "`aws cloudformation describe-stack-events` tells more."
        )


def _tell(cloudformation: Any, stage: str) -> None:
    stack = cloudformation.describe_stacks(StackName=f"slipway-{stage}")["Stacks"][0]
    for output in stack.get("Outputs", []):
        print(f"  {output['OutputKey']:<26}{output['OutputValue']}")
    invoke = f"aws lambda invoke --function-name slipway-{stage}-status"
    print(f"Next: {invoke} reply.json && cat reply.json")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
