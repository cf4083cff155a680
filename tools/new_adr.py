"""Start a decision record: tools/new_adr.py "Why Starlette"."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

RECORDS = Path(__file__).resolve().parent.parent / "docs" / "adr"


def next_number(names: list[str]) -> int:
    """Give the number after the highest that a file name starts with."""
    return 1 + max((int(name[:4]) for name in names if re.match(r"\d{4}-", name)), default=0)


def file_name(number: int, title: str) -> str:
    """`0007-why-starlette.md`; å ä ö become a a o, so that the address can be typed anywhere."""
    plain = title.lower().translate(str.maketrans("åäöé", "aaoe"))
    words = re.findall(r"[a-z0-9]+", plain)
    return f"{number:04d}-{'-'.join(words)}.md"


def main() -> int:
    """Write the file from the template, list it in the index and print its name."""
    if len(sys.argv) != 2 or not sys.argv[1].strip():  # noqa: PLR2004 - the program and its title
        print('usage: tools/new_adr.py "Why Starlette"', file=sys.stderr)
        return 2
    title = sys.argv[1].strip()
    number = next_number([path.name for path in RECORDS.glob("*.md")])
    text = (RECORDS / "0000-template.md").read_text(encoding="utf-8")
    text = text.replace("# 0000. Title that names the decision", f"# {number}. {title}", 1)
    text = text.replace("YYYY-MM-DD", datetime.now(tz=UTC).date().isoformat(), 1)
    path = RECORDS / file_name(number, title)
    path.write_text(text, encoding="utf-8")
    with (RECORDS / "README.md").open("a", encoding="utf-8") as index:
        index.write(f"- [{number}. {title}]({path.name})\n")
    print(path.relative_to(RECORDS.parent.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
