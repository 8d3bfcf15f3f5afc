"""`python -m routing.redirector`: see `--help`."""

from __future__ import annotations

import os
import sys

from foundation import logs
from routing.redirector.options import parse
from routing.redirector.serve import serve


def main() -> int:
    """Read the options, then serve."""
    options = parse(None, os.environ)
    logs.configure(options.log_format, options.log_level)
    return serve(options)


if __name__ == "__main__":
    sys.exit(main())
