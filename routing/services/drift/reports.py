"""A comparison as others read it: lines for a terminal, JSON for programs, Markdown for an issue."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby

from routing.services.drift import Finding


@dataclass(frozen=True)
class Report:
    """What was found in one file; `problem` says why it could not be compared."""

    name: str
    lists: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    problem: str = ""

    @property
    def summary(self) -> str:
        """In one line."""
        if self.problem:
            return f"{self.name} could not be compared. {self.problem}"
        if not self.findings:
            return f"{self.name} says what the portal says ({', '.join(self.lists)})."
        count = len(self.findings)
        return f"{self.name} differs from the portal in {count} {'points' if count > 1 else 'point'}."


def as_text(reports: Sequence[Report]) -> str:
    """For a terminal."""
    return "".join(
        f"{each.summary}\n" + "".join(f"  {finding.text}\n" for finding in each.findings) for each in reports
    )


def as_json(reports: Sequence[Report]) -> str:
    """For programs."""
    files = [
        {
            "name": each.name,
            "lists": each.lists,
            "problem": each.problem or None,
            "findings": [asdict(finding) for finding in each.findings],
        }
        for each in reports
    ]
    return (
        json.dumps({"drift": any(each.findings for each in reports), "files": files}, indent=2, ensure_ascii=False)
        + "\n"
    )


def as_markdown(reports: Sequence[Report], portal: str) -> str:
    """Ready to be an issue where the lists are kept: a box to tick for each point, member by member, and the cure."""
    parts = []
    for each in reports:
        parts.append(f"### {plain(each.summary)}\n")
        for member, findings in groupby(sorted(each.findings, key=_order), key=lambda finding: finding.member):
            parts.append(f"**{plain(member) or 'Others'}**\n")
            parts.append("".join(f"- [ ] {plain(finding.text)}\n" for finding in findings))
        if each.findings:
            names = " ".join(dict.fromkeys(finding.list for finding in each.findings))
            parts.append(
                f"As it should be: {portal}/exports/ ({names}). "
                f"`manage.py export {names.split()[0]} --into FILE` changes only these points.\n"
            )
    return "\n".join(parts)


def plain(text: str) -> str:
    """Text that Markdown takes as it is, and that calls nobody."""
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", text).replace("@", "@\u200b")


def _order(finding: Finding) -> tuple[bool, str]:
    return (not finding.member, finding.member)
