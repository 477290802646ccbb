"""The commands that docs/ tells an operator to type, so that they are what is rehearsed."""

from __future__ import annotations

from machine import ROOT, must


def commands(page: str, heading: str, first: str) -> list[str]:
    """Return the lines of a block under a heading of docs/; `first` is how the block begins, in case there are several."""
    text = (ROOT / "docs" / page).read_text()
    _, found, rest = text.partition(f"\n## {heading}\n")
    must(found, f"docs/{page} has no heading {heading!r}")
    section = rest.partition("\n## ")[0]
    blocks: list[list[str]] = [[]]
    for line in section.splitlines():
        if line.startswith("    "):
            blocks[-1].append(line.strip())
        elif blocks[-1]:
            blocks.append([])
    for block in blocks:
        if block and block[0].startswith(first):
            return block
    must(False, f"docs/{page}, {heading}: no block that begins with {first!r}")
    return []
