"""The command line: what can be asked, and how a program tells by the exit code what happened.

0: done, or nothing differs. 1: something differs (drift), or no hub serves (status --check). 2: wrong use, or the
person said no. 3: the portal refused. 4: the portal does not answer.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from fedctl import commands, words
from fedctl.client import Away, Client, FedctlError, Refused

DONE, DIFFERS, WRONG, REFUSED, AWAY = range(5)
DEFAULT_URL: Final = "http://127.0.0.1:8000"
TIME: Final = "such as 2027-01-31T18:00Z"

Connect = Callable[[str, str], Client]


def main(arguments: Sequence[str], connect: Connect = Client) -> int:
    """Run one command; the exit code. What was found goes to the output, all else to the error output."""
    options = parser().parse_args(arguments)
    try:
        with connect(options.url, os.environ.get("FEDCTL_TOKEN", "")) as client:
            found = options.run(client, options)
    except commands.Undone as error:
        return _tell(str(error), WRONG)
    except Refused as error:
        return _tell(str(error), REFUSED)
    except Away as error:
        return _tell(str(error), AWAY)
    except (FedctlError, OSError) as error:
        return _tell(str(error), WRONG)
    except KeyboardInterrupt:
        return _tell("Stopped.", WRONG)
    return _show(found, as_json=options.json)


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="fedctl",
        description="The federation from a terminal. FEDCTL_TOKEN holds a token of /my/tokens/; reading what is public "
        "needs none.",
        epilog="Exit codes: 0 done, 1 something differs, 2 wrong use or a no, 3 the portal refused, 4 no answer.",
    )
    top.add_argument("--url", default=os.environ.get("FEDCTL_URL", DEFAULT_URL), help="the portal (FEDCTL_URL)")
    top.add_argument("--json", action="store_true", help="what the API answers, for programs")
    groups = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _hubs(groups.add_parser("hubs", help="list, show, weight, drain, undrain"))
    _add(groups, "status", commands.status, "how the federation is").add_argument(
        "--check", action="store_true", help="exit 1 if no hub serves"
    )
    export = _add(groups, "export", commands.export, "the lists that others keep of the hubs")
    export.add_argument("name", nargs="?", default="", metavar="NAME[.EXTENSION]", help="without one: what there is")
    export.add_argument("--output", metavar="FILE", help="write it there")
    drift = _add(groups, "drift", commands.drift, "how files differ from the portal")
    drift.add_argument("files", nargs="+", metavar="FILE|URL")
    _add(groups, "meetings", commands.meetings, "when the federation meets")
    return top


def _hubs(hubs: argparse.ArgumentParser) -> None:
    verbs = hubs.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add(verbs, "list", commands.list_hubs, "all hubs").add_argument("--state", help="only these")
    _add(verbs, "show", commands.show_hub, "one hub, and why it gets its traffic").add_argument("key")
    weight = _writing(_add(verbs, "weight", commands.set_weight, "give a hub another weight"))
    weight.add_argument("weight", type=commands.weight)
    weight.add_argument("--until", default="", metavar="TIME", help=f"{TIME}; then it goes back by itself")
    drain = _writing(_add(verbs, "drain", commands.drain, "no launches for a hub from now on"))
    drain.add_argument("--until", default="", metavar="TIME", help=f"{TIME}; else until undrained")
    undrain = _add(verbs, "undrain", commands.undrain, "the emergency is over")
    undrain.add_argument("key")
    undrain.add_argument("--reason", default="", metavar="TEXT")


def _writing(verb: argparse.ArgumentParser) -> argparse.ArgumentParser:
    verb.add_argument("key")
    verb.add_argument("--reason", required=True, metavar="TEXT", help="why; everybody can read it in the history")
    verb.add_argument("--yes", action="store_true", help="don't ask")
    return verb


def _add(groups: Any, name: str, run: commands.Command, text: str) -> argparse.ArgumentParser:  # noqa: ANN401
    found: argparse.ArgumentParser = groups.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    found.set_defaults(run=run)
    # Also behind the command, where people write it; not given there, it keeps what was said before.
    found.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return found


def _show(found: commands.Found, *, as_json: bool) -> int:
    if isinstance(found.data, bytes):
        sys.stdout.buffer.write(found.data)
        sys.stdout.flush()
    else:
        sys.stdout.write(_as_json(found.data) if as_json else "".join(map(_line, found.text.splitlines())))
    return found.code


def _tell(text: str, code: int) -> int:
    sys.stderr.write(_line(f"fedctl: {text}"))
    return code


def _line(text: str) -> str:
    return f"{words.plain(text)}\n"


def _as_json(data: Any) -> str:  # noqa: ANN401
    """With what a terminal would obey written as JSON can write it."""
    text = json.dumps(data, indent=2, ensure_ascii=False)
    return "".join(sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1] for sign in text) + "\n"
