"""Cells of tables that people open in a spreadsheet, which takes some texts for formulas and would run them."""

from __future__ import annotations

from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def guard(cell: str) -> str:
    """The text as a cell that is shown as it is: a spreadsheet takes an apostrophe in front for "this is text"."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def unguard(cell: str) -> str:
    """What was guarded, as it was."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell
