"""All steps of packaging in their order: make both files aside, check them, move them in place."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chalicelib.errors import Refused
from chalicelib.model.targets import Targets
from cli.package import apart, archive, boundary, configuration, dashboard, lint, policies, staging
from cli.package.dependencies import dependencies, locked
from cli.package.licences import chalice_texts
from cli.package.names import ACCOUNT, VERSION, checked_stage
from cli.package.policies import Policies
from cli.package.version import version

TEMPLATE_LIMIT = 1_000_000  # CloudFormation: bytes of a template taken from a bucket


@dataclass(frozen=True)
class Package:
    """What was written, and the facts worth telling.

    `boundary` holds the parameters of bootstrap/slipway.yaml for this stage.
    """

    template: Path
    archive: Path
    targets: Targets
    policies: Policies
    architecture: str
    cached: bool
    boundary: dict[str, str]


def package(  # noqa: PLR0913 - where from, what, and where to
    project: Path,
    stage: str,
    out: Path,
    architecture: str,
    cache: Path,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> Package:
    """Write out/STAGE/sam.json and out/STAGE/deployment.zip; `tell` hears what is being done.

    Raises:
        Refused: the targets are wrong, or a lint found something; neither file was touched.
    """
    text = _targets_text(project / "chalicelib" / "targets.toml")
    every = apart.every_environment(text, checked_stage(stage))
    targets, neighbours = every[0], apart.neighbours(every)
    granted = policies.generate(targets, neighbours)
    _check_roles(every[1:])
    tell(f"Packaging {stage}: fetching the dependencies")
    libraries, cached = dependencies(project / "requirements.txt", architecture, cache)
    directory = out / stage
    directory.mkdir(parents=True, exist_ok=True)
    made = Package(
        template=directory / "sam.json",
        archive=directory / "deployment.zip",
        targets=targets,
        policies=granted,
        architecture=architecture,
        cached=cached,
        boundary=boundary.parameters(targets, neighbours),
    )
    with locked(directory / ".lock"):
        tree = directory / "build"
        tell(f"Packaging {stage}: collecting the code")
        staging.stage_tree(project, tree, targets, granted, architecture)
        template = _template(tree, targets, tell)
        zipped = _archive(tree, libraries)
        template.replace(made.template)
        zipped.replace(made.archive)
    return made


def _check_roles(others: tuple[Targets, ...]) -> None:
    """Check what only the policies know, for the environments that are not packaged, too."""
    for other in others:
        try:
            policies.only_named_roles(other)
        except Refused as refused:
            raise apart.in_environment(other.stage, refused) from refused


def _targets_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise Refused(f"{path} is not there: docs/targets.md says what to write into it.") from None
    except UnicodeDecodeError as error:
        raise Refused(f"{path} is not UTF-8 text: {error}.") from error


def _template(tree: Path, targets: Targets, tell: Callable[[str], None]) -> Path:
    template = staging.chalice_package(tree, targets.stage)
    if not any(target.gate.scan for target in targets.all):
        configuration.ask_for_no_scans(template)
    for function in policies.left_out(targets):
        configuration.leave_out(template, function)
    dashboard.add_dashboard(template, targets, policies.functions(targets))
    account = {ACCOUNT: targets.account} if targets.account else {}
    template["Metadata"] = {VERSION: version(), **account}
    tell(f"Packaging {targets.stage}: checking the template")
    if found := lint.findings(template):
        raise Refused("\n".join(["the template was not written; linting found:", *found]))
    written = tree / "sam.json"
    written.write_text(json.dumps(template, indent=2) + "\n", encoding="utf-8")
    if written.stat().st_size >= TEMPLATE_LIMIT:
        raise Refused(f"the template has more than {TEMPLATE_LIMIT:,} bytes: name fewer targets.")
    return written


def _archive(tree: Path, libraries: Path) -> Path:
    """The dependencies' zip, with the code that Chalice collected appended."""
    code, zipped = tree / "code", tree / "deployment.zip"
    with zipfile.ZipFile(tree / "package" / "deployment.zip") as collected:
        collected.extractall(code)
    for text in chalice_texts():
        shutil.copy(text, code / "chalice")
    archive.compile_tree(code)
    shutil.copy(libraries, zipped)
    archive.append_tree(zipped, code)
    return zipped
