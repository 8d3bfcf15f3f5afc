"""What may be sent: JSON of a sane depth and alphabet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BoundedJSONParser(JSONParser):
    """JSON, refused with a plain word if it is too deep, or holds text that is no Unicode."""

    def parse(
        self,
        stream: Any,  # noqa: ANN401
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """What was sent; ParseError if it can't be taken."""
        try:
            found = super().parse(stream, media_type, parser_context)
            json.dumps(found, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError("This is nested too deeply.") from None
        except UnicodeEncodeError:
            raise ParseError("This holds half a character (a lone surrogate).") from None
        return found
