"""`python -m fedctl`."""

import sys

from fedctl.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
