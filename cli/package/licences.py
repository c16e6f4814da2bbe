"""`python -m cli.package.licences`: docs/licences.md, the licences of the shipped libraries.

Names come from requirements.txt, and Chalice, whose runtime is put into every package. Licences are
what the installed metadata says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from cli.project import PROJECT

_CHALICE = "chalice"
# The files that a library's licence asks to be kept with it, by the names that wheels give them.
TEXTS = re.compile(r"(?:LICEN[CS]E|NOTICE|COPYING)\b.*", re.IGNORECASE)
_PAGE = """# Licences of what is shipped

Slipway has the licence [Apache-2.0](https://www.apache.org/licenses/LICENSE-2.0). The package for Lambda has these libraries beside it, with the text of each licence: in `NAME.dist-info`, and Chalice's in `chalice`. `make licences` writes this page from the metadata of the installed libraries.

| library | version | licence, as the library names it |
|---|---|---|
"""  # noqa: E501 - a paragraph of a page is one line


def page(requirements: str) -> str:
    """The page for these requirements, which are installed."""
    return _PAGE + "".join(_row(name) for name in shipped(requirements))


def shipped(requirements: str) -> list[str]:
    """The names of the libraries in the package, sorted."""
    return sorted([*re.findall(r"^([\w.-]+)==", requirements, flags=re.M), _CHALICE])


def texts(name: str) -> Iterator[Path]:
    """The files with the licence of an installed library."""
    for file in metadata.files(name) or []:
        if ".dist-info/" in file.as_posix() and TEXTS.fullmatch(file.name):
            yield Path(str(file.locate()))


def chalice_texts() -> Iterator[Path]:
    """The licence of Chalice's runtime, which `chalice package` leaves out."""
    return texts(_CHALICE)


def _row(name: str) -> str:
    said = metadata.metadata(name)
    classes = [each.split(" :: ")[-1] for each in said.get_all("Classifier") or []
               if each.startswith("License :: ")]  # fmt: skip
    fields = said.json
    named = fields.get("license_expression") or fields.get("license") or ", ".join(classes)
    several = f" ({', '.join(classes)})" if len(classes) > 1 else ""
    return f"| {name} | {said['Version']} | {named}{several} |\n"


if __name__ == "__main__":
    listed = (PROJECT / "requirements.txt").read_text("utf-8")
    (PROJECT / "docs" / "licences.md").write_text(page(listed), "utf-8")
