"""`slipway doctor` before it asks AWS: quick to start, and clear about what it cannot do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.errors import Refused
from chalicelib.model.targets import load_targets
from cli.doctor.command import fetched, read_targets, signed_in
from cli.project import TARGETS
from tests.cli.packages import PROJECT

TARGET = '[[target]]\nrepository = "shop"\ncluster = "dev"\nservice = "shop"\n'


def test_the_verb_itself_loads_nothing_heavy() -> None:
    heavy = "{'boto3', 'botocore', 'pydantic', 'rich.progress'}"
    look = f"import sys, cli.verbs.doctor; print(sorted({heavy} & set(sys.modules)))"
    said = subprocess.run(
        [sys.executable, "-c", look], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    assert said.stdout == "[]\n"


def test_the_checkouts_targets_file_is_the_default() -> None:
    assert read_targets(TARGETS, "dev").stage == "dev"


def test_a_targets_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"none\.toml is not there"):
        read_targets(tmp_path / "none.toml", "dev")


def test_without_credentials_or_a_region_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    targets = load_targets(TARGET, "dev")
    with pytest.raises(Refused, match="No AWS region is set"):
        signed_in(targets, None, None)
    with pytest.raises(Refused, match="takes no credentials of yours"):
        signed_in(targets, None, "us-west-2")
    with pytest.raises(Refused, match="profile"):
        signed_in(targets, "nobody", "us-west-2")


def test_only_https_is_fetched() -> None:
    with pytest.raises(OSError, match="not an https address"):
        fetched("file:///etc/hostname")
