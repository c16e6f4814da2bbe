"""What `make deploy` must not do: use another's bucket, ask for more, end in a traceback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.stack.bucket import ensure_bucket
from cli.stack.command import commands, main
from embedded.account import EmbeddedAws
from tests.cli.conftest import Packaged
from tests.cli.packages import PROJECT


class Taken(Exception):
    """BucketAlreadyExists."""


class TheirS3:
    """CreateBucket and HeadBucket as they answer when another account has the name."""

    class exceptions:  # noqa: N801 - as boto3 names it
        BucketAlreadyOwnedByYou = BucketAlreadyExists = Taken

    def create_bucket(self, **_: object) -> None:
        raise Taken

    def head_bucket(self, *, Bucket: Any, ExpectedBucketOwner: Any) -> None:  # noqa: N803 - as boto3 names them
        raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadBucket")


def test_a_bucket_that_somebody_else_took_is_never_used() -> None:
    with pytest.raises(ClientError, match="Forbidden"):
        ensure_bucket(TheirS3(), "dev", "123456789012", "us-east-1")


def test_a_stage_goes_only_into_the_account_that_the_targets_file_names(
    packaged: Packaged,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "dev"
    out.mkdir()
    template = packaged.template | {"Metadata": {"Account": "999999999999"}}
    (out / "sam.json").write_text(json.dumps(template))
    with EmbeddedAws() as aws:
        monkeypatch.setenv("AWS_REGION", aws.region)
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        assert main(["dev", "--out", str(tmp_path)]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert "puts dev into account 999999999999, and these credentials are of" in said.err
        assert aws.client("s3").list_buckets()["Buckets"] == []


def test_a_stack_that_aws_refuses_is_told_in_a_sentence(packaged: Packaged, tmp_path: Path) -> None:
    out = tmp_path / "dev"
    out.mkdir()
    shutil.copy(packaged.archive, out)
    text = (packaged.directory / "sam.json").read_text("utf-8")
    (out / "sam.json").write_text(text.replace('"Ref": "Ledger"', '"Ref": "Leger"'))
    with EmbeddedAws() as aws:
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": aws.region,
        }
        command = [sys.executable, "-m", "cli.stack", "dev", "--out", str(tmp_path)]
        done = subprocess.run(
            command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert "describe-stack-events" in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_without_a_region_or_the_aws_command_it_says_what_to_do(
    packaged: Packaged, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    assert main(["dev", "--out", str(packaged.directory.parent)]) == 1
    assert "export AWS_REGION=" in capsys.readouterr().err
    with EmbeddedAws() as aws:
        monkeypatch.setenv("AWS_REGION", aws.region)
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("PATH", "/nowhere")
        assert main(["dev", "--out", str(packaged.directory.parent)]) == 1
    assert "the `aws` command is not there" in capsys.readouterr().err


def test_no_capability_beyond_unnamed_roles_is_asked_for(tmp_path: Path) -> None:
    _, deployed = commands("dev", tmp_path / "sam.json", tmp_path / "p.json", "bucket", [])
    assert deployed[deployed.index("--capabilities") + 1] == "CAPABILITY_IAM"
    assert "--parameter-overrides" not in deployed
