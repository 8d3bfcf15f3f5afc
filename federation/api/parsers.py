"""What may be sent: JSON of a sane size, depth and alphabet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from members.api.problems import TooLarge

MOST_BYTES: Final = 262_144


class BoundedJSONParser(JSONParser):
    """JSON, refused with a plain word if it is too large, too deep, or holds text that is no Unicode."""

    def parse(
        self,
        stream: Any,  # noqa: ANN401
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """What was sent; ParseError or TooLarge if it can't be taken."""
        request = (parser_context or {}).get("request")
        if request is not None and int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise TooLarge(f"A request may have {MOST_BYTES:,} bytes.")
        try:
            found = super().parse(stream, media_type, parser_context)
            json.dumps(found, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError("This is nested too deeply.") from None
        except UnicodeEncodeError:
            raise ParseError("This holds half a character (a lone surrogate).") from None
        return found
