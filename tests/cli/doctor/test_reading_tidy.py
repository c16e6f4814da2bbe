"""Which functions `slipway doctor` misses: `tidy` only where a target has `keep_revisions`."""

from __future__ import annotations

from typing import Any, cast

import pytest

from chalicelib.model.targets import load_targets
from cli.doctor.asking import Asking
from cli.doctor.read_stack import _missing_functions

TARGET = '[[target]]\nrepository = "a"\ncluster = "c"\nservice = "s"\nfamily = "f"\n'


class _Nothing:
    """An account in which nothing is found."""

    def ask(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize(("more", "missed"), [("", False), ("keep_revisions = 20\n", True)])
def test_tidy_is_missed_only_where_a_target_keeps_revisions(more: str, missed: bool) -> None:
    found = _missing_functions(cast(Asking, _Nothing()), load_targets(TARGET + more, "dev"))
    assert found is not None
    assert "slipway-dev-sweep" in found
    assert ("slipway-dev-tidy" in found) is missed
