"""The zip: what Lambda needs, nothing else, and the same bytes for the same input."""

from __future__ import annotations

import ast
import gzip
import importlib.util
import json
import marshal
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from chalicelib.model.targets import load_targets
from cli.package.build import package
from cli.package.trimming import SERVICES, undocumented
from tests.cli.conftest import FUNCTIONS, Packaged
from tests.cli.packages import CACHE, PROJECT, copy_project

MEGABYTE = 1_000_000
FILES = "app.py chalice/app.py chalicelib/wiring.py chalicelib/flow/advance.py boto3/session.py"


@pytest.fixture
def names(packaged: Packaged) -> list[str]:
    with zipfile.ZipFile(packaged.archive) as zipped:
        return zipped.namelist()


def test_it_is_small(packaged: Packaged) -> None:
    assert packaged.archive.stat().st_size < 8 * MEGABYTE


def test_it_ships_the_zones_of_freezes_and_no_others(names: list[str]) -> None:
    zones = {name.partition("/")[0] for name in names if "zoneinfo/" in name and "." in name}
    assert "tzdata" in {name.partition("/")[0] for name in names}
    assert not any(name.endswith(".tar.gz") for name in names)
    assert zones <= {"tzdata", "dateutil"}  # dateutil's module stays: dateutil.tz may import it


def test_it_holds_the_code_the_runtime_and_the_dependencies(names: list[str]) -> None:
    assert set(FILES.split()) <= set(names)
    (native,) = [name for name in names if name.endswith(".so")]
    assert native.startswith("pydantic_core/")
    assert "x86_64" in native


def test_every_source_is_compiled_for_its_path_on_lambda(unzipped: Path, names: list[str]) -> None:
    sources = [name for name in names if name.endswith(".py")]
    assert [name for name in sources if compiled(name) not in names] == []
    code = marshal.loads((unzipped / compiled("app.py")).read_bytes()[16:])
    assert code.co_filename == "/var/task/app.py"


def test_compiled_code_is_used_without_asking_the_source(unzipped: Path) -> None:
    header = (unzipped / compiled("chalicelib/wiring.py")).read_bytes()[:8]
    assert header[:4] == importlib.util.MAGIC_NUMBER
    assert header[4] == 0b01  # PEP 552: by hash, and the hash is not checked


def test_it_holds_nothing_that_only_tests_or_packages(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert not tops & {"cli", "local", "tests", "bench", "bin", "pip", "setuptools", "pytest"}
    assert not tops & {"moto", "rich", "awslambdaric", "cfnlint", "samtranslator", "yaml"}
    assert not [name for name in names if "/tests/" in name or "/examples/" in name]
    assert len(names) == len(set(names))


def test_of_the_service_models_only_those_that_may_be_called_are_there(names: list[str]) -> None:
    for library in ("botocore", "boto3"):
        paths = [name.split("/") for name in names if name.startswith(f"{library}/data/")]
        assert {path[2] for path in paths if len(path) > 3} <= SERVICES
    assert "botocore/data/endpoints.json" in names
    assert "botocore/data/_retry.json" in names


def test_the_models_hold_no_prose_and_the_endpoints_no_other_services(unzipped: Path) -> None:
    data = unzipped / "botocore" / "data"
    prefixes = set()
    for path in data.glob("*/*/service-2.json.gz"):
        model = json.loads(gzip.decompress(path.read_bytes()))
        assert model == undocumented(model), path
        prefixes.add(model["metadata"]["endpointPrefix"])
    endpoints = json.loads((data / "endpoints.json").read_bytes())
    named = {name for each in endpoints["partitions"] for name in each["services"]}
    assert named == prefixes
    assert list(data.glob("*/*/examples-*")) == []


def test_every_time_zone_is_there_and_no_list_of_them_but_one(
    unzipped: Path, names: list[str]
) -> None:
    beside = {name.split("/")[2] for name in names if name.startswith("tzdata/zoneinfo/")}
    assert not [name for name in beside if name[0].islower()]
    code = (
        "import zoneinfo; from chalicelib.model import freezes; zoneinfo.reset_tzpath(to=[]); "
        "print(len([zoneinfo.ZoneInfo(name) for name in freezes._zones()]))"
    )
    assert int(bare(unzipped, code)) > 500


def test_a_member_that_is_called_documentation_stays_in_its_model() -> None:
    members = {"documentation": {"shape": "Text", "documentation": "What it says."}}
    kept = {"documentation": {"shape": "Text"}}
    assert undocumented({"documentation": "Prose.", "members": members}) == {"members": kept}


def test_every_service_that_the_code_calls_has_its_model() -> None:
    called = set()
    for path in (PROJECT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    ast.Name("client" | "client_once" | "client_quick"), [ast.Constant(service), *_]
                ):
                    called.add(service)
    assert called
    assert called <= SERVICES


def test_it_names_this_stages_targets_and_no_others(packaged: Packaged, unzipped: Path) -> None:
    text = (unzipped / "chalicelib" / "targets.toml").read_text("utf-8")
    here = (packaged.project / "chalicelib" / "targets.toml").read_text("utf-8")
    assert load_targets(text, "dev") == load_targets(here, "dev")
    assert "staging" not in text
    assert "prod" not in text


def test_a_bare_python_imports_it_and_finds_every_handler(unzipped: Path) -> None:
    code = "import app, json; print(json.dumps([callable(getattr(app, n)) for n in {!r}]))"
    done = bare(unzipped, code.format(FUNCTIONS))
    assert json.loads(done) == [True] * len(FUNCTIONS)


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_bare_python_makes_a_client_of_every_service(unzipped: Path, service: str) -> None:
    code = f"import boto3; print(boto3.client({service!r}, 'eu-west-1').meta.endpoint_url)"
    assert "eu-west-1.amazonaws.com" in bare(unzipped, code)


def test_the_same_input_makes_the_same_bytes(packaged: Packaged, tmp_path: Path) -> None:
    again = package(packaged.project, "dev", tmp_path / "elsewhere", "x86_64", CACHE)
    assert again.cached
    assert again.archive.read_bytes() == packaged.archive.read_bytes()
    template = packaged.directory / "sam.json"
    assert again.template.read_bytes() == template.read_bytes()


def test_a_copy_elsewhere_with_other_times_and_rights_makes_the_same_bytes(
    packaged: Packaged, tmp_path: Path
) -> None:
    project = tmp_path / "deeper" / "elsewhere"
    project.parent.mkdir()
    copy_project(project)
    for file in (path for path in project.rglob("*") if path.is_file()):
        file.chmod(0o600)
        os.utime(file, (1_000_000_000, 1_000_000_000))
    again = package(project, "dev", tmp_path / "out", "x86_64", CACHE)
    assert again.archive.read_bytes() == packaged.archive.read_bytes()
    assert again.template.read_bytes() == (packaged.directory / "sam.json").read_bytes()


@pytest.mark.slow
def test_fetching_the_dependencies_again_makes_the_same_bytes(
    packaged: Packaged, tmp_path: Path
) -> None:
    again = package(packaged.project, "dev", tmp_path / "out", "x86_64", tmp_path / "cache")
    assert not again.cached
    assert again.archive.read_bytes() == packaged.archive.read_bytes()


@pytest.mark.slow
def test_it_can_be_packaged_for_arm(packaged: Packaged, tmp_path: Path) -> None:
    made = package(packaged.project, "prod", tmp_path, "arm64", CACHE)
    with zipfile.ZipFile(made.archive) as zipped:
        (native,) = [name for name in zipped.namelist() if name.endswith(".so")]
    assert "aarch64" in native
    template = json.loads(made.template.read_text("utf-8"))
    functions = [each["Properties"] for each in template["Resources"].values()
                 if each["Type"] == "AWS::Serverless::Function"]  # fmt: skip
    assert [function["Architectures"] for function in functions] == [["arm64"]] * len(FUNCTIONS)


def compiled(source: str) -> str:
    """Where Python looks for a source's compiled code."""
    path = Path(source)
    tag = sys.implementation.cache_tag
    return (path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").as_posix()


def bare(tree: Path, code: str) -> str:
    """What a Python without site-packages prints, run where the zip was unpacked."""
    paths = f"import sys; sys.path.insert(0, {str(tree)!r}); "
    # No HOME and no credentials: nothing of this machine helps.
    environment = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}
    command = [sys.executable, "-I", "-S", "-c", paths + code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_the_models_of_all_services_that_are_called_are_shipped() -> None:
    called = {
        str(node.args[0].value)
        for path in (PROJECT / "chalicelib" / "aws").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in {"client", "client_once", "client_quick"}
        and isinstance(node.args[0], ast.Constant)
    }
    assert {"ecs", "events", "scheduler"} <= called
    assert called <= SERVICES
