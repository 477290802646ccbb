"""What the first view of a page weighs beside its HTML: scripts, styles and the one font, as they travel.

    python benchmarks/first_view.py

Compressed like the static files are in production, with gzip and with Brotli. The calendar's style sheet counts too,
although only the calendar loads it. Fails when a budget is broken.
"""

import gzip
import re
import sys
from pathlib import Path

import brotli

ROOT = Path(__file__).resolve().parents[1]
BUDGET, BUDGET_FONT = 30 * 1024, 45 * 1024


def first_view() -> list[Path]:
    """Return what the base template asks for, and the calendar's sheet."""
    template = (ROOT / "templates/base.html").read_text()
    names = re.findall(r"{% static '((?:css|js|vendor)/[^']+)' %}", template)
    return [ROOT / "static" / name for name in [*names, "css/calendar.css"]]


def main() -> int:
    """Print a line a file, and say whether the budgets hold."""
    print(f"{'first view':<28}{'raw':>9}{'gzip':>9}{'brotli':>9}")
    total = [0, 0, 0]
    for path in first_view():
        raw = path.read_bytes()
        sizes = [len(raw), len(gzip.compress(raw, 9)), len(brotli.compress(raw))]
        total = [before + size for before, size in zip(total, sizes, strict=True)]
        print(f"{path.name:<28}" + "".join(f"{size:>9,}" for size in sizes))
    print(f"{'all':<28}" + "".join(f"{size:>9,}" for size in total) + f"   at most {BUDGET:,} with gzip")
    fonts = sum(path.stat().st_size for path in ROOT.glob("static/fonts/*.woff2"))
    print(f"{'font':<28}{fonts:>9,}" + " " * 18 + f"   at most {BUDGET_FONT:,}")
    return int(total[1] > BUDGET or fonts > BUDGET_FONT)


if __name__ == "__main__":
    sys.exit(main())
