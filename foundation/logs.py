"""One way of logging for every process: key=value for people, JSON for machines, a request id where there is one."""

from __future__ import annotations

import logging.config
import re
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

# A part of a path that is as long as a secret: links that were mailed have one, and whoever reads logs must not.
SECRET: Final = re.compile(r"(?<=/)[^/?&=\s]{40,}")


def hide_secrets(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave out of each line what would let its readers in somewhere."""
    for name in ("event", "request"):
        if isinstance(entry.get(name), str):
            entry[name] = SECRET.sub("…", entry[name])
    return entry


SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_config(style: str, level: str) -> dict[str, Any]:
    """The `logging.config` of a process; `style` is `keyvalue` or `json`."""
    if style not in {"keyvalue", "json"}:
        raise ValueError(f"LOG_FORMAT is keyvalue or json, not {style!r}")
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.processors.LogfmtRenderer(
            key_order=["timestamp", "level", "logger", "event"], bool_as_flag=False
        )
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED_PROCESSORS,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    hide_secrets,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
    }


def configure(style: str = "keyvalue", level: str = "INFO") -> None:
    """Set up logging for this process."""
    logging.config.dictConfig(logging_config(style, level))
    configure_structlog()


def configure_structlog() -> None:
    """Send structlog's own loggers through the standard library's handlers."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED_PROCESSORS,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
