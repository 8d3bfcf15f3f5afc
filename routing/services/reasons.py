"""Why something was changed, as routing's services ask for it: see `foundation.reasons`."""

from foundation.reasons import MAX_LENGTH, NoReason, checked

__all__ = ["MAX_LENGTH", "NoReason", "checked"]
