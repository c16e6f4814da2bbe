"""copy-image.sh with the real skopeo between two repositories of a real registry.

Debian's packages skopeo and docker-registry bring both; without them this is skipped, and what the
script asks of skopeo is tested with a stand-in only.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.github.conftest import AwsCommand
from tests.github.runner import SCRIPTS, Runs, Step, run

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
STATEMENT = "application/vnd.in-toto+json"

pytestmark = pytest.mark.skipif(
    not (shutil.which("skopeo") and shutil.which("docker-registry")),
    reason="needs skopeo and docker-registry (Debian's packages of these names)",
)


class Registry:
    """A registry on a loopback port, and what `docker buildx` pushes to one."""

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"

    def request(
        self, method: str, path: str, body: bytes = b"", kind: str = "application/octet-stream"
    ) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(self.address, timeout=10)
        headers = {"Content-Type": kind, "Accept": f"{INDEX}, {MANIFEST}"}
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        read = reply.read()
        connection.close()
        return reply.status, dict(reply.getheaders()), read

    def blob(self, repository: str, content: bytes) -> dict[str, Any]:
        digest = digest_of(content)
        _, headers, _ = self.request("POST", f"/v2/{repository}/blobs/uploads/")
        place = urlsplit(headers["Location"])
        status, _, said = self.request(
            "PUT", f"{place.path}?{place.query}&digest={digest}", content
        )
        assert status == 201, said
        return {"digest": digest, "size": len(content)}

    def manifest(self, repository: str, document: dict[str, Any], tag: str = "") -> dict[str, Any]:
        content = json.dumps(document, indent=2).encode()
        kind, digest = document["mediaType"], digest_of(content)
        path = f"/v2/{repository}/manifests/{tag or digest}"
        status, _, said = self.request("PUT", path, content, kind)
        assert status == 201, said
        return {"mediaType": kind, "digest": digest, "size": len(content)}

    def digest(self, repository: str, reference: str) -> str:
        status, _, content = self.request("GET", f"/v2/{repository}/manifests/{reference}")
        return digest_of(content) if status == 200 else ""


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def image(
    registry: Registry, repository: str, config: dict[str, Any], layer: bytes, kind: str
) -> dict[str, Any]:
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, **registry.blob(repository, json.dumps(config).encode())},
        "layers": [{"mediaType": kind, **registry.blob(repository, layer)}],
    }
    return registry.manifest(repository, document)


def index(registry: Registry, repository: str) -> tuple[str, list[str]]:
    """Two platforms and an attestation of one of them: the index's digest, and its children's."""
    children = []
    for architecture in ("amd64", "arm64"):
        layer = gzip.compress(architecture.encode(), mtime=0)
        diff = {"type": "layers", "diff_ids": [digest_of(architecture.encode())]}
        config = {"architecture": architecture, "os": "linux", "rootfs": diff}
        platform = {"architecture": architecture, "os": "linux"}
        made = image(registry, repository, config, layer, LAYER)
        children.append({**made, "platform": platform})
    config = {"architecture": "unknown", "os": "unknown", "rootfs": {"type": "layers"}}
    statement = json.dumps({"_type": "https://in-toto.io/Statement/v0.1"}).encode()
    children.append(
        {
            **image(registry, repository, config, statement, STATEMENT),
            "platform": {"architecture": "unknown", "os": "unknown"},
            "annotations": {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": children[0]["digest"],
            },
        }
    )
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}
    made = registry.manifest(repository, document, "abc1234")
    return made["digest"], [child["digest"] for child in children]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = tmp_path / "registry.yml"
    settings.write_text(
        "version: 0.1\nlog: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {tmp_path}/registry}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    with (tmp_path / "registry.log").open("w") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(settings)], stdout=log, stderr=subprocess.STDOUT
        )
    made = Registry(port)
    try:
        for _ in range(200):
            try:
                made.request("GET", "/v2/")
                break
            except OSError:
                time.sleep(0.05)
        yield made
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def copies(registry: Registry, status: AwsCommand, shell: dict[str, str], tmp_path: Path) -> Runs:
    """Runs the script against the registry and an `aws` that then finds this digest there."""
    trusted = tmp_path / ".config" / "containers" / "registries.conf"
    trusted.parent.mkdir(parents=True)
    trusted.write_text(f'[[registry]]\nlocation = "{registry.address}"\ninsecure = true\n')

    def copy(digest: str, found: str) -> Step:
        there = "plain " + json.dumps({"imageDetails": [{"imageDigest": found}]})
        status.replies("error An error occurred (ImageNotFoundException)", there)
        inputs = {
            "HOME": str(tmp_path),
            "FROM_IMAGE": f"{registry.address}/dev/app",
            "TO_IMAGE": f"{registry.address}/prod/app",
            "ECR_REPOSITORY": "prod/app",
            "DIGEST": digest,
            "TAGS": "abc1234",
        }
        return run(SCRIPTS / "copy-image.sh", tmp_path, shell | inputs)

    return copy


def test_an_index_its_platforms_and_its_attestation_keep_their_digests(
    registry: Registry, copies: Runs
) -> None:
    digest, children = index(registry, "dev/app")
    step = copies(digest, found=digest)
    assert step.code == 0, step.log
    assert step.outputs["pushed"] == "true"
    for reference in ("abc1234", "latest", digest):
        assert registry.digest("prod/app", reference) == digest
    for child in children:
        assert registry.digest("prod/app", child) == child


def test_a_single_image_is_not_wrapped_in_an_index(registry: Registry, copies: Runs) -> None:
    digest = index(registry, "dev/app")[1][0]
    step = copies(digest, found=digest)
    assert step.code == 0, step.log
    assert registry.digest("prod/app", "abc1234") == digest


def test_other_bytes_than_were_asked_for_fail_the_step(registry: Registry, copies: Runs) -> None:
    step = copies(index(registry, "dev/app")[0], found="sha256:" + "0" * 64)
    assert step.code == 1
    assert "was copied" in step.errors[0]
    assert "pushed" not in step.outputs
