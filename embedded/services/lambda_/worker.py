"""The process of a Lambda execution environment: sets the clock, then runs AWS' own runtime.

It is started as `python -I -S -B worker.py HANDLER`: isolated, without site-packages. It can import
the function's own files, then those of the runtime directory (on Lambda /var/runtime). That has
awslambdaric and, as on Lambda, a boto3 that the function's own copy hides.

`time.time` and `time.time_ns` tell the simulated time, from the file that `RunningClock.share`
writes. So `logging`, Powertools and the context's remaining time tell it too. `time.sleep`,
`time.monotonic` and `datetime.now` stay real: they are C code that cannot be replaced. An
invocation runs at 1x, so that only the date differs.
"""

import os
import struct
import sys
import time

_SHARED = struct.Struct("<ddd")  # as in embedded/clock/clock.py, which is too slow to import here


def set_clock(path: str) -> None:
    """Bind this process' `time.time` to the clock that shares its time in `path`."""
    file, monotonic = os.open(path, os.O_RDONLY), time.monotonic

    def now() -> float:
        simulated, since, rate = _SHARED.unpack(os.pread(file, _SHARED.size, 0))
        return float(simulated + (monotonic() - since) * rate)

    time.time = now
    time.time_ns = lambda: int(now() * 1_000_000_000)


def main() -> None:
    set_clock(os.environ.pop("LAMBDA_CLOCK"))
    sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], os.environ["LAMBDA_RUNTIME_DIR"]]
    from awslambdaric.__main__ import main as run  # noqa: PLC0415 - its place is set just above

    run(["bootstrap", sys.argv[1]])


if __name__ == "__main__":
    main()
