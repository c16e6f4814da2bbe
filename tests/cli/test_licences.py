"""The licences of what is shipped: the page lists them, and the package has their texts."""

from __future__ import annotations

import zipfile

from cli.package import licences
from tests.cli.conftest import Packaged
from tests.cli.packages import PROJECT

REQUIREMENTS = (PROJECT / "requirements.txt").read_text("utf-8")


def test_the_page_lists_what_is_shipped_with_the_licences_that_are_installed() -> None:
    written = (PROJECT / "docs" / "licences.md").read_text("utf-8")
    assert written == licences.page(REQUIREMENTS)  # else: make licences


def test_the_page_names_a_licence_of_every_library_in_the_package(packaged: Packaged) -> None:
    rows = licences.page(REQUIREMENTS).partition("|---|---|---|\n")[2].splitlines()
    listed = {row.split(" | ")[0].strip("| ").replace("-", "_") for row in rows}
    with zipfile.ZipFile(packaged.archive) as zipped:
        tops = {name.partition("/")[0] for name in zipped.namelist()}
    libraries = {top.partition("-")[0] for top in tops if top.endswith(".dist-info")}
    assert listed == libraries | {"chalice"}
    assert [row for row in rows if row.endswith("|  |")] == []


def test_the_package_has_the_text_of_every_licence(packaged: Packaged) -> None:
    with zipfile.ZipFile(packaged.archive) as zipped:
        names = zipped.namelist()
        texts = {name: zipped.read(name) for name in names if "icen" in name.lower()}
    kept = {
        name.partition("-")[0].partition("/")[0]
        for name, text in texts.items()
        if len(text) > 500 and licences.TEXTS.fullmatch(name.rpartition("/")[2])
    }
    assert kept == {name.replace("-", "_") for name in licences.shipped(REQUIREMENTS)}
