"""`cli.stack` with the real `aws` command against the embedded AWS, and what it refuses."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.stack import command
from embedded.account import EmbeddedAws
from tests.cli.packages import written

STACK = "slipway-dev"
FUNCTIONS = {
    "on_image_push", "on_service_change", "watch", "deploy", "rollback", "hold", "release",
    "status", "sweep",
}  # fmt: skip
VARIABLES = (
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(rate=60) as embedded:
        yield embedded


@pytest.fixture
def out(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """out/, of which the deployment may write into a copy."""
    package = written(tmp_path_factory, "dev")
    (tmp_path / "dev").mkdir()
    for path in (package.archive, package.directory / "sam.json"):
        shutil.copy(path, tmp_path / "dev")
    return tmp_path


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch, aws: EmbeddedAws) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_DEFAULT_REGION": aws.region,
        "AWS_ACCESS_KEY_ID": "admin",
        "AWS_SECRET_ACCESS_KEY": "admin",
    }.items():
        monkeypatch.setenv(name, value)


def run(out: Path, *more: Any) -> int:
    return command.main(["dev", "--out", str(out), *more])


@pytest.mark.usefixtures("signed_in")
def test_a_package_is_deployed_by_the_real_aws_command_and_again(
    aws: EmbeddedAws, out: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(out, "--set", "NotifyEmail=team@example.com") == 0, capfd.readouterr()
    assert run(out) == 0, capfd.readouterr()
    said = capfd.readouterr().out
    assert "slipway-dev-status" in said

    found = aws.client("lambda").list_functions()["Functions"]
    assert {f["FunctionName"] for f in found} == {f"{STACK}-{name}" for name in FUNCTIONS}
    assert aws.cloudformation.describe(STACK).outputs["StatusFunction"] == f"{STACK}-status"
    assert aws.invoke(f"{STACK}-status", {})["deployments"] == []

    s3 = aws.client("s3")
    (bucket,) = [b["Name"] for b in s3.list_buckets()["Buckets"]]
    assert aws.account in bucket
    access = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(access.values()) == {True}
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    assert encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    packages = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert all(key.startswith(f"{STACK}/") for key in packages)


def test_without_a_package_it_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path) == 1
    assert "Next: make package STAGE=dev" in one_line(capsys)


def test_without_a_region_it_says_so(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(out) == 1
    assert "No AWS region is set" in one_line(capsys)


def test_without_credentials_it_says_so(
    out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    assert run(out) == 1
    assert "credentials" in one_line(capsys)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.strip().splitlines()
    return line
