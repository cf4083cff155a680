"""What one Argon2id verification costs, by each implementation installed, and through our pool.

    .venv/bin/python bench/hashing.py [ROUNDS]

CPU (user and system) of this process, which is the figure to trust; A B A B in one run, with the
load of the machine beside it. The parameters are the product's and never change in a comparison.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from nacl.pwhash import argon2id

from portvakt.core.secret import Secret
from portvakt.crypto.passwords import LANES, MEMORY_KIB, PASSES, THREADS, PasswordHasher

PASSWORD = b"Vinter-anna.berg-2026!"
BATCH = 10
Verify = Callable[[str], object]
WAYS: dict[str, Verify] = {
    f"PyNaCl {version('pynacl')} (libsodium)": lambda phc: argon2id.verify(phc.encode(), PASSWORD),
    f"cryptography {version('cryptography')} (OpenSSL)": (
        lambda phc: Argon2id.verify_phc_encoded(PASSWORD, phc)
    ),
}


def cpu_ms(work: Callable[[], object], times: int) -> float:
    """CPU of all threads of this process for one call, in milliseconds."""
    before = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - before) * 1_000 / times


def compare(rounds: int) -> dict[str, list[float]]:
    """Measure each way in turn, so that what else the machine does falls on all of them."""
    phc = argon2id.str(PASSWORD, PASSES, MEMORY_KIB * 1024).decode()
    measured: dict[str, list[float]] = {name: [] for name in WAYS}
    for verify in WAYS.values():
        verify(phc)
    for _ in range(rounds):
        for name, verify in WAYS.items():
            measured[name].append(cpu_ms(lambda verify=verify: verify(phc), BATCH))  # type: ignore[misc]  # bound at once
    return measured


async def through_the_pool(times: int) -> tuple[float, float]:
    """CPU and wall of one verification when as many are under way as the pool takes."""
    hasher = PasswordHasher()
    secret = Secret(PASSWORD.decode())
    phc = await hasher.hash(secret)
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times // THREADS):
        await asyncio.gather(*(hasher.verify(phc, secret) for _ in range(THREADS)))
    spent = (
        (time.process_time() - cpu) * 1_000 / times,
        (time.perf_counter() - wall) * 1_000 / times,
    )
    hasher.close()
    return spent


def main() -> None:
    """Print a table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"Argon2id verify, {MEMORY_KIB // 1024} MiB, t={PASSES}, p={LANES}; CPU ms a call")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors, {rounds} rounds\n")
    print("| implementation | median | least | most | ratio |\n|---|---|---|---|---|")
    measured = compare(rounds)
    best = min(statistics.median(values) for values in measured.values())
    for name, values in measured.items():
        middle = statistics.median(values)
        figures = (middle, min(values), max(values))
        print(f"| {name} | {' | '.join(f'{f:.1f}' for f in figures)} | {middle / best:.2f} |")
    cpu, wall = asyncio.run(through_the_pool(BATCH * rounds))
    print(f"| PasswordHasher, {THREADS} threads | {cpu:.1f} | | | {cpu / best:.2f} |")
    print(f"\nwall of one, {THREADS} at a time: {wall:.1f} ms")


if __name__ == "__main__":
    main()
