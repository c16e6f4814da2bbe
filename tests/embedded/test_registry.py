"""A registry client pushes to the port of the embedded AWS, with nothing but HTTP."""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from embedded.account import EmbeddedAws

REPOSITORY = "team/app"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Client:
    """What a registry client does: plain requests, no signature."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._host = urlsplit(aws.endpoint).netloc

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/octet-stream"
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self._host, timeout=30)
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        found = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def upload(self, blob: bytes, *, chunks: int = 1) -> str:
        """As `docker push` does: POST, PATCH for each chunk, PUT with the digest."""
        digest = digest_of(blob)
        status, headers, _ = self.ask("POST", f"/v2/{REPOSITORY}/blobs/uploads/")
        assert status == 202
        size = -(-len(blob) // chunks)
        for number in range(chunks):
            part = blob[number * size : (number + 1) * size]
            # A generator is sent with `Transfer-Encoding: chunked`, as Docker sends layers.
            status, headers, _ = self.ask("PATCH", headers["location"], iter([part]))
            assert status == 202
            assert headers["range"] == f"0-{min((number + 1) * size, len(blob)) - 1}"
        status, headers, _ = self.ask("PUT", f"{headers['location']}?digest={digest}")
        assert (status, headers["docker-content-digest"]) == (201, digest)
        return digest


def digest_of(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def manifest(config: str, layer: str) -> bytes:
    kind = "application/vnd.oci.image.config.v1+json"
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": kind, "size": 2, "digest": config},
            "layers": [
                {
                    "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                    "size": 9,
                    "digest": layer,
                }
            ],
        }
    ).encode()


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        aws.client("ecr").create_repository(repositoryName=REPOSITORY)
        yield aws


@pytest.fixture
def client(aws: EmbeddedAws) -> Client:
    return Client(aws)


def error(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str, str]:
    """The status, the code and the message, in the format of the specification."""
    status, headers, body = answer
    assert headers["content-type"] == "application/json"
    [only] = json.loads(body)["errors"]
    return status, only["code"], only["message"]


def test_a_client_finds_a_registry_there(client: Client) -> None:
    status, headers, _ = client.ask("GET", "/v2/")
    assert (status, headers["docker-distribution-api-version"]) == (200, "registry/2.0")


def test_a_push_is_an_image_of_ecr_and_its_event(aws: EmbeddedAws, client: Client) -> None:
    events: list[dict[str, Any]] = []
    aws.subscribe(events.append)
    config = client.upload(b"{}")
    layer = client.upload(b"some layer" * 1000, chunks=3)
    assert client.ask("HEAD", f"/v2/{REPOSITORY}/blobs/{layer}")[0] == 200
    body = manifest(config, layer)
    path = f"/v2/{REPOSITORY}/manifests"
    assert client.ask("HEAD", f"{path}/v1")[0] == 404
    status, headers, _ = client.ask("PUT", f"{path}/v1", body, MANIFEST)
    assert (status, headers["docker-content-digest"]) == (201, digest_of(body))
    [image] = aws.client("ecr").describe_images(
        repositoryName=REPOSITORY, imageIds=[{"imageTag": "v1"}]
    )["imageDetails"]
    assert image["imageDigest"] == digest_of(body)
    [event] = [each for each in events if each["detail-type"] == "ECR Image Action"]
    assert (event["detail"]["action-type"], event["detail"]["image-tag"]) == ("PUSH", "v1")
    status, headers, found = client.ask("GET", f"{path}/v1")
    assert (status, headers["content-type"], found) == (200, MANIFEST, body)


def test_the_very_same_push_again_is_answered_alike_and_is_no_event(
    aws: EmbeddedAws, client: Client
) -> None:
    body = manifest(client.upload(b"{}"), client.upload(b"same"))
    path = f"/v2/{REPOSITORY}/manifests/again"
    first = client.ask("PUT", path, body, MANIFEST)
    events: list[dict[str, Any]] = []
    aws.subscribe(events.append)
    assert client.ask("PUT", path, body, MANIFEST)[0] == first[0] == 201
    assert events == []


def test_a_blob_may_come_whole(client: Client) -> None:
    blob = b"whole"
    path = f"/v2/{REPOSITORY}/blobs/uploads/?digest={digest_of(blob)}"
    assert client.ask("POST", path, blob)[0] == 201
    assert client.ask("HEAD", f"/v2/{REPOSITORY}/blobs/{digest_of(blob)}")[0] == 200


def test_a_blob_that_is_not_what_its_digest_says_is_refused(client: Client) -> None:
    path = f"/v2/{REPOSITORY}/blobs/uploads/?digest={digest_of(b'other')}"
    assert error(client.ask("POST", path, b"this"))[:2] == (400, "DIGEST_INVALID")
    assert client.ask("HEAD", f"/v2/{REPOSITORY}/blobs/{digest_of(b'other')}")[0] == 404


def test_an_upload_that_was_not_begun_is_refused(client: Client) -> None:
    answer = client.ask("PATCH", f"/v2/{REPOSITORY}/blobs/uploads/unknown", b"x")
    assert error(answer)[:2] == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_repository_that_does_not_exist_is_refused_as_ecr_does(client: Client) -> None:
    answer = client.ask("PUT", "/v2/nobody/manifests/v1", manifest("sha256:a", "b"), MANIFEST)
    status, code, message = error(answer)
    assert (status, code) == (404, "NAME_UNKNOWN")
    assert "RepositoryNotFoundException" in message


def test_a_tag_that_may_not_move_is_refused(aws: EmbeddedAws, client: Client) -> None:
    aws.client("ecr").create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
    one, other = manifest("sha256:a", "b"), manifest("sha256:c", "d")
    assert client.ask("PUT", "/v2/fixed/manifests/v1", one, MANIFEST)[0] == 201
    answer = client.ask("PUT", "/v2/fixed/manifests/v1", other, MANIFEST)
    assert error(answer)[:2] == (400, "DENIED")


@pytest.mark.parametrize("body", [b"", b"no JSON", b"\xff\xfe", b"[]", b"7"])
def test_a_manifest_that_is_none_is_refused(client: Client, body: bytes) -> None:
    answer = client.ask("PUT", f"/v2/{REPOSITORY}/manifests/v2", body, MANIFEST)
    assert error(answer)[:2] == (400, "MANIFEST_INVALID")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "_catalog"),
        ("GET", f"{REPOSITORY}/tags/list"),
        ("GET", f"{REPOSITORY}/blobs/sha256:{'0' * 64}"),
        ("DELETE", f"{REPOSITORY}/manifests/v1"),
        ("DELETE", f"{REPOSITORY}/blobs/sha256:{'0' * 64}"),
    ],
)
def test_what_is_no_part_of_a_push_is_refused_with_what_to_use(
    client: Client, method: str, path: str
) -> None:
    _, code, message = error(client.ask(method, f"/v2/{path}"))
    assert code == "UNSUPPORTED"
    assert "Use the AWS CLI for all else: aws ecr put-image" in message
