"""`make deploy` on the embedded AWS, with the plain aws CLI."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from chalicelib.errors import Refused
from cli.deploy import commands, deploy, ensure_bucket
from local.aws import EmbeddedAws
from tests.cli.conftest import FUNCTIONS, PROJECT


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as embedded:
        yield embedded


@pytest.fixture
def environment(aws, monkeypatch):
    variables = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": aws.region,
        "AWS_DEFAULT_REGION": aws.region,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return dict(os.environ)


def test_a_packaged_stage_becomes_a_stack_and_again_changes_nothing(aws, environment, packaged):
    command = [sys.executable, "-m", "cli.deploy", "dev", "--out", str(packaged.out)]
    for parameters in (["--set", "NotifyEmail=team@example.com"], []):
        done = subprocess.run(
            [*command, *parameters],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"slipway-dev in account {aws.account}, {aws.region}" in done.stdout
        assert "LedgerTable" in done.stdout
        assert "Next: aws lambda invoke --function-name slipway-dev-status" in done.stdout
    functions = aws.client("lambda").list_functions()["Functions"]
    assert {each["FunctionName"] for each in functions} == {f"slipway-dev-{n}" for n in FUNCTIONS}
    subscriptions = aws.client("sns").list_subscriptions()["Subscriptions"]
    assert [each["Endpoint"] for each in subscriptions] == ["team@example.com"]


def test_the_bucket_is_private_encrypted_and_forgets_and_is_made_once(aws):
    s3 = aws.client("s3")
    names = {ensure_bucket(s3, aws.account, aws.region) for _ in range(2)}
    (name,) = names
    assert aws.account in name
    blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    (encryption,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"][
        "Rules"
    ]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert (rule["Status"], rule["Expiration"]["Days"]) == ("Enabled", 400)


def test_a_bucket_that_somebody_else_took_is_never_used():
    class Taken(Exception):
        pass

    class TheirS3:
        """CreateBucket and HeadBucket as they answer for another account's bucket."""

        class exceptions:  # noqa: N801 - as boto3 names it
            BucketAlreadyOwnedByYou = BucketAlreadyExists = Taken

        def create_bucket(self, **_):
            raise Taken

        def head_bucket(self, *, Bucket, ExpectedBucketOwner):  # noqa: N803 - as boto3 names them
            raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadBucket")

    with pytest.raises(ClientError, match="Forbidden"):
        ensure_bucket(TheirS3(), "123456789012", "us-east-1")


def test_without_a_package_it_says_what_to_make(tmp_path):
    with pytest.raises(Refused, match="Next: make package STAGE=dev"):
        deploy("dev", tmp_path, [], run=lambda _: None)


def test_a_stack_that_aws_refuses_is_told_in_a_sentence(environment, packaged, tmp_path):
    out = tmp_path / "staging"  # a stack of its own, whatever the order of the tests
    out.mkdir()
    text = (packaged.out / "dev" / "sam.json").read_text().replace('"Ref": "Ledger"', '"Ref": "x"')
    (out / "sam.json").write_text(text)
    (out / "deployment.zip").write_bytes(packaged.archive.read_bytes())
    command = [sys.executable, "-m", "cli.deploy", "staging", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, check=False)
    assert done.returncode == 1
    last = done.stderr.decode().strip().splitlines()[-1]
    assert "describe-stack-events" in last
    assert b"Traceback" not in done.stderr


def test_no_capability_beyond_unnamed_roles_is_asked_for(tmp_path):
    _, deployed = commands("dev", tmp_path / "sam.json", tmp_path / "p.json", "bucket", [])
    assert deployed[deployed.index("--capabilities") + 1] == "CAPABILITY_IAM"
    assert "--parameter-overrides" not in deployed
