"""The packaged template and zip, made once, and accounts in which they are deployed."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from cli.package import build
from cli.package.build import Package
from tests.dialect.packaged import Packaged
from tests.dialect.packaged import packaged as in_an_account

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """What `make package STAGE=dev` makes; its dependencies are fetched once for all."""
    out = tmp_path_factory.mktemp("package")
    return build.package(PROJECT, "dev", out, "x86_64", PROJECT / "out" / ".cache")


@pytest.fixture
def packaged(package: Package) -> Packaged:
    """Makes an account with the package deployed; keyword arguments change its service."""
    return partial(in_an_account, package)
