"""What `make local` says: it can be pasted, and it fits into a terminal of 80 columns."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest

from chalicelib.errors import Refused
from demo import local
from demo.local import words
from example import conflicto, reserved_tags

ENDPOINT = "http://127.0.0.1:4566"
PREFIXES = (*reserved_tags.FAULTS, *reserved_tags.COMMANDS)
SAID = words(ENDPOINT, 1, Path("out/dev"))


def test_no_line_is_longer_than_a_terminal_of_80_columns() -> None:
    assert max(map(len, SAID.splitlines())) <= 80


def test_every_reserved_tag_is_named_with_what_it_does() -> None:
    for prefix in PREFIXES:
        assert f"  push {prefix}1 " in SAID


def test_what_is_to_be_pasted_pushes_an_image_of_its_own_for_each_tag(tmp_path: Path) -> None:
    """A stand-in for the AWS CLI writes down its arguments."""
    (tmp_path / "example-manifest.json").write_text(conflicto.manifest("x", "BUILD"))
    stand_in = tmp_path / "aws"
    stand_in.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" >"{tmp_path}/$6.args"\n')
    stand_in.chmod(0o755)
    pasted = [line for line in words(ENDPOINT, 1, tmp_path).splitlines() if line[:2] == "  "]
    calls = "\n".join(pasted[: next(n for n, line in enumerate(pasted) if "slipway" in line)])
    subprocess.run(
        ["sh", "-ec", calls], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=True, timeout=30
    )
    tags = ["abc1234", *(f"{prefix}1" for prefix in PREFIXES)]
    digests = set()
    for tag in tags:
        *_, manifest, _ = (tmp_path / f"{tag}.args").read_text().split("\0")
        body = json.loads(manifest)
        assert body["annotations"] == {"org.opencontainers.image.version": tag}
        digests.add(manifest)
    assert len(digests) == len(tags)


def test_a_port_that_is_in_use_is_refused_with_the_command_that_works(tmp_path: Path) -> None:
    (tmp_path / "deployment.zip").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=rf"Port {port} cannot be used: .* demo local --port 0"):
            local.main(["--port", str(port), "--package", str(tmp_path)])
