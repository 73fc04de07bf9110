# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables for notebooks."""

from __future__ import annotations

import html
from typing import Any, Iterable, Sequence

# More rows than these say nothing to a reader.
MOST_ROWS = 100


def escaped(text: Any) -> str:
    return html.escape(str(text))


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table in HTML. Long ones are cut."""
    rows = list(rows)
    lines = ["<tr>" + "".join(f"<td>{escaped(cell)}</td>" for cell in row) + "</tr>" for row in rows[:MOST_ROWS]]
    if len(rows) > MOST_ROWS:
        lines.append(f"<tr><td colspan='{len(head)}'>and {len(rows) - MOST_ROWS} more</td></tr>")
    heads = "".join(f"<th>{escaped(cell)}</th>" for cell in head)
    return f"<table><caption>{escaped(caption)}</caption><tr>{heads}</tr>{''.join(lines)}</table>"
