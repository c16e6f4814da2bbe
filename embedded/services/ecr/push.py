"""`docker push 127.0.0.1:PORT/REPOSITORY:TAG` -> PutImage: the registry on the port of the AWS CLI.

OCI distribution specification 1.1, "Push" and "Error Codes": a client uploads each blob, whole or
in chunks, and then the manifest. Blobs are checked against their digests and forgotten, because
nobody pulls them. Anybody may push: the port is on the loopback address only. What is no part of a
push is refused with the command that does it.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError
from moto.core.request import Request

from embedded.calls.call import Reply

_PATH = re.compile(r"/v2/(?P<name>[^?]+)/(?P<kind>blobs|manifests)/(?P<rest>[^?]+)")
_JSON = ("Content-Type", "application/json")
_VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")
# What ECR's refusals are in the words of the specification: status and code.
_REFUSALS = {
    "RepositoryNotFoundException": (404, "NAME_UNKNOWN"),
    "ImageTagAlreadyExistsException": (400, "DENIED"),
    "ReferencedImagesNotFoundException": (404, "MANIFEST_BLOB_UNKNOWN"),
}
_INSTEAD = (
    "The registry of the embedded AWS takes a push only. Use the AWS CLI for all else: "
    "aws ecr put-image, describe-images, batch-get-image, batch-delete-image."
)


@dataclass
class _Upload:
    hashed: Any = field(default_factory=hashlib.sha256)
    size: int = 0

    def add(self, chunk: bytes) -> None:
        self.hashed.update(chunk)
        self.size += len(chunk)

    @property
    def digest(self) -> str:
        return f"sha256:{self.hashed.hexdigest()}"


class Registry:
    """Answers the requests of registry clients; `ecr` is a boto3 client."""

    def __init__(self, ecr: Any) -> None:
        self._ecr = ecr
        self._uploads: dict[str, _Upload] = {}
        self._blobs: dict[str, int] = {}  # the size of each, by digest
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Reply:
        """The answer to any request whose path begins with `/v2/`."""
        method, found = request.method, _PATH.fullmatch(request.path)
        if request.path == "/v2/" and method in {"GET", "HEAD"}:
            return Reply(200, b"{}", (_JSON, _VERSION))
        if found is None:
            return _refused(404, "UNSUPPORTED", _INSTEAD)
        name, rest = found["name"], found["rest"]
        if found["kind"] == "manifests":
            return self._manifest(request, name, rest)
        if rest.startswith("uploads"):
            with self._lock:
                return self._upload(request, name, rest.partition("/")[2])
        if method == "HEAD" and rest in self._blobs:
            return Reply(200, b"", (("Content-Length", str(self._blobs[rest])), _named(rest)))
        if method == "HEAD":
            return _refused(404, "BLOB_UNKNOWN", f"There is no blob {rest} yet.")
        return _refused(405, "UNSUPPORTED", _INSTEAD)

    def _upload(self, request: Request, name: str, identifier: str) -> Reply:
        """POST begins an upload, PATCH adds a chunk, PUT (or a POST with the digest) ends it."""
        if request.method == "POST" and not identifier:
            identifier = str(uuid.uuid4())
            self._uploads[identifier] = _Upload()
        upload = self._uploads.get(identifier)
        if upload is None:
            return _refused(404, "BLOB_UPLOAD_UNKNOWN", "This upload was not begun, or has ended.")
        upload.add(request.data)
        wanted = request.args.get("digest")
        if wanted is None:
            return Reply(202, b"", _progress(name, identifier, upload.size))
        del self._uploads[identifier]
        if wanted != upload.digest:
            words = f"The digest of what was uploaded is {upload.digest}, not {wanted}."
            return _refused(400, "DIGEST_INVALID", words)
        self._blobs[wanted] = upload.size
        return Reply(201, b"", (("Location", f"/v2/{name}/blobs/{wanted}"), _named(wanted)))

    def _manifest(self, request: Request, name: str, reference: str) -> Reply:
        try:
            match request.method:
                case "PUT":
                    return self._put(request, name, reference)
                case "GET" | "HEAD":
                    return self._get(name, reference)
                case _:
                    return _refused(405, "UNSUPPORTED", _INSTEAD)
        except ParamValidationError as error:
            return _refused(400, "MANIFEST_INVALID", str(error))
        except ClientError as error:
            code, words = error.response["Error"]["Code"], error.response["Error"]["Message"]
            return _refused(*_REFUSALS.get(code, (400, "MANIFEST_INVALID")), f"{code}: {words}")

    def _put(self, request: Request, name: str, reference: str) -> Reply:
        manifest = request.data
        digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        try:
            self._ecr.put_image(
                repositoryName=name,
                imageManifest=manifest.decode(),
                imageManifestMediaType=request.headers.get("Content-Type", ""),
                **_image(reference),
            )
        except UnicodeDecodeError:
            return _refused(400, "MANIFEST_INVALID", "The manifest is not UTF-8.")
        except self._ecr.exceptions.ImageAlreadyExistsException:
            pass  # the very same push again: a registry answers as before
        location = ("Location", f"/v2/{name}/manifests/{digest}")
        return Reply(201, b"", (location, _named(digest)))

    def _get(self, name: str, reference: str) -> Reply:
        found = self._ecr.batch_get_image(repositoryName=name, imageIds=[_image(reference)])
        if not found["images"]:
            return _refused(404, "MANIFEST_UNKNOWN", f"There is no image {name}:{reference}.")
        [image] = found["images"][:1]
        kind = ("Content-Type", image["imageManifestMediaType"])
        return Reply(
            200, image["imageManifest"].encode(), (kind, _named(image["imageId"]["imageDigest"]))
        )


def _image(reference: str) -> dict[str, str]:
    return {"imageDigest" if reference.startswith("sha256:") else "imageTag": reference}


def _named(digest: str) -> tuple[str, str]:
    return ("Docker-Content-Digest", digest)


def _progress(name: str, identifier: str, size: int) -> tuple[tuple[str, str], ...]:
    return (
        ("Location", f"/v2/{name}/blobs/uploads/{identifier}"),
        ("Range", f"0-{max(size - 1, 0)}"),
        ("Docker-Upload-UUID", identifier),
    )


def _refused(status: int, code: str, message: str) -> Reply:
    body = json.dumps({"errors": [{"code": code, "message": message}]})
    return Reply(status, body.encode(), (_JSON, _VERSION), code)
