"""The dependencies as pip unpacks them -> only the files that are used on Lambda.

A client of boto3 parses its service's whole model when it is made, and most of a model is
documentation. Without the documentation, making a client takes less than half the time.
"""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

from cli.package.licences import TEXTS

# The AWS services that chalicelib/aws may call. botocore's models of all others make 24 MB.
SERVICES = frozenset(
    {
        "cloudwatch",
        "dynamodb",
        "ecr",
        "ecs",
        "elbv2",
        "events",
        "logs",
        "scheduler",
        "secretsmanager",
        "sns",
        "ssm",
        "stepfunctions",
        "sts",
    }
)
# Of Powertools, only Logger and Metrics are used. Of urllib3, what browsers need is not.
_UNUSED = (
    "bin",  # console scripts
    "boto3/examples",
    "urllib3/contrib/emscripten",
    "aws_lambda_powertools/event_handler",
    *(
        f"aws_lambda_powertools/utilities/{name}"
        for name in (
            "auth_alpha", "batch", "circuit_breaker", "data_classes", "data_masking",
            "feature_flags", "idempotency", "kafka", "parameters", "parser", "streaming",
            "validation",
        )
    ),
)  # fmt: skip


def trim(tree: Path) -> None:
    """Remove what is never imported or read on Lambda."""
    for unused in _UNUSED:
        shutil.rmtree(tree / unused, ignore_errors=True)
    for data in (tree / "botocore" / "data", tree / "boto3" / "data"):
        for service in data.iterdir():
            # Files beside the services are about endpoints, partitions, retries and defaults.
            if service.is_dir() and service.name not in SERVICES:
                shutil.rmtree(service)
    # Zones begin with a capital letter; what does not is lists of them, which nothing reads.
    for table in (tree / "tzdata" / "zoneinfo").glob("[a-z]*"):
        table.unlink()
    # dateutil's own zones: botocore asks only for UTC and the local zone, and freezes use tzdata.
    (tree / "dateutil" / "zoneinfo" / "dateutil-zoneinfo.tar.gz").unlink(missing_ok=True)
    prefixes = _trim_models(tree / "botocore" / "data")
    _trim_endpoints(tree / "botocore" / "data" / "endpoints.json", prefixes)
    for metadata in tree.glob("*.dist-info"):
        for path in metadata.iterdir():
            # importlib.metadata, which pydantic uses, tells a version by METADATA alone. Licences
            # ask that their text goes where the library goes.
            if not (path.name in {"METADATA", "licenses"} or TEXTS.fullmatch(path.name)):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    for tests in [*tree.rglob("tests"), *tree.rglob("__pycache__")]:
        shutil.rmtree(tests, ignore_errors=True)


def undocumented(model: Any) -> Any:
    """A service model without its `documentation`; a shape's member of that name stays."""
    if isinstance(model, dict):
        return {
            key: undocumented(value)
            for key, value in model.items()
            if key != "documentation" or not isinstance(value, str)
        }
    return [undocumented(each) for each in model] if isinstance(model, list) else model


def _trim_models(data: Path) -> set[str]:
    """Shorten every model, and return the services' names in endpoints.json."""
    prefixes = set()
    for path in data.glob("*/*/service-2.json.gz"):
        model = undocumented(json.loads(gzip.decompress(path.read_bytes())))
        # Without a time in it: the same input makes the same bytes.
        path.write_bytes(gzip.compress(_compact(model), mtime=0))
        prefixes.add(str(model["metadata"]["endpointPrefix"]))
    for name in ("examples", "waiters"):
        for path in data.glob(f"*/*/{name}-*.json*"):
            path.unlink()
    return prefixes


def _trim_endpoints(path: Path, prefixes: set[str]) -> None:
    """Keep the services that are called: every process with a client reads the whole file."""
    endpoints = json.loads(path.read_bytes())
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in prefixes}
    path.write_bytes(_compact(endpoints))


def _compact(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
