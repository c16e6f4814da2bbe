"""Names with IAM's wildcards: whether two of them can mean the same, and one that covers many.

`*` stands for any characters and `?` for one (IAM user guide, "Resource: wildcards").
"""

from __future__ import annotations

from collections.abc import Collection
from os.path import commonprefix

_WILDCARDS = frozenset("*?")


def meet(one: str, other: str) -> bool:
    """Return whether there is a name that both patterns match.

    It takes as many steps as the product of the two lengths, whatever they hold.
    """
    if not _WILDCARDS & {*one, *other}:
        return one == other
    # shared[j]: some text matches both the part of `one` that was read, and other[:j].
    shared = [True]
    for theirs in other:
        shared.append(shared[-1] and theirs == "*")
    for mine in one:
        before, shared = shared, [shared[0] and mine == "*"]
        for j, theirs in enumerate(other):
            if "*" in (mine, theirs):
                shared.append(before[j + 1] or shared[j])
            else:
                shared.append(before[j] and (mine == theirs or "?" in (mine, theirs)))
    return shared[-1]


def covering(names: Collection[str], others: Collection[str]) -> str | None:
    """Return one pattern that matches all `names` and none of the `others`; None if there is none.

    It is what all names begin with, `*`, and what they end with.
    """
    if len(set(names)) == 1:
        pattern = next(iter(names))
    else:
        # By characters is what is meant.
        begin = commonprefix(list(names))  # noqa: RUF071
        shortest = min(map(len, names)) - len(begin)
        end = commonprefix([name[::-1] for name in names])[:shortest][::-1]  # noqa: RUF071
        pattern = f"{begin}*{end}"
    return None if any(meet(pattern, other) for other in others) else pattern
