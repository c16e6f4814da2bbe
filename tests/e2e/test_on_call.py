"""The night on call, as docs/on-call.md tells it, through the command line and a terminal."""

from __future__ import annotations

from demo.on_call import NIGHT, play
from tests.dialect.account import FAMILY, SERVICE
from tests.dialect.packaged import Packaged


def test_bad_but_healthy_why_rollback_held_release_live(packaged: Packaged) -> None:
    with packaged() as account:
        shown = [typed for _, typed in play(account.aws)]
        status, why, rollback, held, release, end = (typed.text for typed in shown)
        assert [typed.code for typed in shown] == [0] * len(NIGHT), shown
        assert "bad0000" in status
        assert f"{SERVICE}: bad0000 is live for" in why
        assert "1  bad0000" in rollback
        assert "(runs now)" in rollback
        assert "Back to which? [2] " in rollback
        assert "The same as: slipway rollback" in rollback
        assert "SUCCESSFUL  aaa1111" in rollback
        assert "HELD ccc3333" in held
        assert "rolled back by hand, so pushes wait for a release (wrong prices)" in held
        assert "SUCCESSFUL  ccc3333" in release
        assert "ccc3333" in end
        assert account.revision() == f"{FAMILY}:4"
        assert account.failed() == []
