"""Migrates to a certain point and waits to be killed. `python -m tests.records.migrating URL N`.

N is a number of statements, or a version that is to be reached.
"""

import sys
import time

from portvakt.records.migrate import migrate


def main(url: str, point: str) -> None:
    def line(text: str) -> None:
        if text.startswith(f"{point}: reached"):
            wait()

    def steps(done: int, _: int) -> None:
        if str(done) == point:
            wait()

    migrate(url, line, steps)


def wait() -> None:
    print("there", flush=True)  # noqa: T201
    time.sleep(600)


if __name__ == "__main__":
    main(*sys.argv[1:])
