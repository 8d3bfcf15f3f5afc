"""`make setup`: runs before anything is known of this Python, so it must be readable for those that are too old."""

import sys

NEEDED = (3, 11)


def complaint(version: "tuple[int, int]", executable: str) -> str:
    """What is wrong with this Python, as one sentence; empty if nothing is."""
    if version >= NEEDED:
        return ""
    needed, found = ("{}.{}".format(*each) for each in (NEEDED, version))
    return (
        f"Python {needed} or newer is needed, but {executable} is {found}: name a newer one, as in PYTHON=python3.12."
    )


def main() -> int:
    """Complain, or set up; the exit status."""
    wrong = complaint((sys.version_info[0], sys.version_info[1]), sys.executable)
    if wrong:
        sys.stderr.write(wrong + "\n")
        return 1
    from dev.environment import set_up

    return set_up()


if __name__ == "__main__":
    sys.exit(main())
