"""What an import of people costs, beside the bare work that nobody could leave out.

    .venv/bin/python -m bench.import_people [ROUNDS]

Each figure is user and system time of one `portvakt import-staff` with its start, in seconds, and
the most memory it had. Three runs on each database, A B A B in rounds: everybody new, everybody as
they were, and everybody with another title. Bare work, in a process of its own: reading the CSV
with the standard library and judging every number once. PostgreSQL runs in a process of its own,
started and stopped here; its time is not counted.
"""

import csv
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from portvakt.crypto.sealing import make_master_key_file
from portvakt.records.migrate import migrate
from tests.cli.staff import HEADERS, Row
from tests.servers.postgres import Postgres

SIZES = (7_400, 100_000)
GROUPS = ("alla", "alla,chefer", "alla,it-support")
BARE = """
import csv, sys
from portvakt.phone_numbers import usable_for_text
with open(sys.argv[1], encoding="utf-8-sig", newline="") as file:
    for cells in csv.DictReader(file, delimiter=";"):
        usable_for_text(cells["Tjänstemobil"], ("+467",))
"""


@dataclass(frozen=True)
class Cost:
    """What one process used."""

    seconds: float
    megabytes: float


def staff(count: int, title: str) -> bytes:
    """Write an export in which just over half have a mobile, and one in thirty has left."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADERS)
    for number in range(count):
        row = Row(
            number=f"{number:06}",
            given="Karin",
            family=f"Åström-{number}",
            user=f"karin.astrom{number}",
            title=title,
            mobile=f"07{number % 9 // 3 * 3}-{number:07}" if number % 100 < 56 else "",
            manager=f"{number // 12:06}",
            left="2026-01-31" if number % 33 == 0 else "",
            groups=GROUPS[number % 3],
        )
        writer.writerow(row.cells)
    return out.getvalue().encode("utf-8-sig")


def cost(command: list[str], environ: dict[str, str]) -> Cost:
    """Run a process to its end and return what it used.

    Memory is looked at while it runs: what the kernel says at the end begins with ours.
    """
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as process:
        most = 0.0
        while True:
            done, status, used = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            most = max(most, _high_water(process.pid))
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return Cost(used.ru_utime + used.ru_stime, most)


def _high_water(pid: int) -> float:
    """Return the most memory a process has had since it began its program, in MB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = next((line.split()[1] for line in lines if line.startswith("VmHWM")), "0")
    return int(found) / 1024


def installation(folder: Path, url: str) -> dict[str, str]:
    """Lay out settings and key, and migrate the database."""
    folder.mkdir()
    make_master_key_file(folder / "master.key")
    (folder / "portvakt.toml").write_text(
        f'public_url = "http://localhost:8000"\ndatabase_url = "{url}"\n'
        f'[keys]\nmaster_file = "{folder}/master.key"\n'
    )
    migrate(url, lambda _: None)
    return os.environ | {"PORTVAKT_CONFIG": str(folder / "portvakt.toml")}


def one_round(folder: Path, url: str, files: dict[str, Path]) -> dict[str, Cost]:
    """Import into an empty database three times: new, the same again, and changed."""
    environ = installation(folder, url)
    command = [sys.executable, "-m", "portvakt", "import-staff"]
    return {
        "new": cost([*command, str(files["first"])], environ),
        "the same": cost([*command, str(files["first"])], environ),
        "changed": cost([*command, str(files["second"])], environ),
    }


def measure(rounds: int, folder: Path, server: Postgres, size: int) -> None:
    """Measure one size and print its table."""
    files = {"first": folder / "first.csv", "second": folder / "second.csv"}
    files["first"].write_bytes(staff(size, "Sjuksköterska"))
    files["second"].write_bytes(staff(size, "Specialistsjuksköterska"))
    found: dict[str, list[Cost]] = {}
    places: dict[str, Callable[[Path], str]] = {
        "SQLite": lambda place: f"sqlite:///{place}/p.db",
        "PostgreSQL": lambda _: server.url(server.fresh()),
    }
    for turn in range(rounds):
        bare = cost([sys.executable, "-c", BARE, str(files["first"])], dict(os.environ))
        found.setdefault("bare work", []).append(bare)
        for name, url in places.items():
            place = folder / f"{size}-{turn}-{name}"
            for what, used in one_round(place, url(place), files).items():
                found.setdefault(f"{name}, {what}", []).append(used)
    print(f"\n{size} people, load {os.getloadavg()[0]:.1f}\n")
    print("| run | CPU s (median, least, most) | times bare | MB |\n|---|---|---|---|")
    base = statistics.median(each.seconds for each in found["bare work"])
    for name, costs in found.items():
        seconds = [each.seconds for each in costs]
        middle = statistics.median(seconds)
        memory = max(each.megabytes for each in costs)
        print(
            f"| {name} | {middle:.2f} ({min(seconds):.2f}, {max(seconds):.2f}) "
            f"| {middle / base:.1f} | {memory:.0f} |"
        )


def main() -> None:
    """Measure every size."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    server = Postgres.create()
    server.start()
    try:
        with tempfile.TemporaryDirectory(prefix="portvakt-bench-") as folder:
            for size in SIZES:
                measure(rounds if size == SIZES[0] else 1, Path(folder), server, size)
    finally:
        server.remove()


if __name__ == "__main__":
    main()
