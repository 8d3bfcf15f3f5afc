"""What is logged lets nobody in."""

import io
import logging

import structlog

from foundation import logs


def test_secrets_in_paths_are_in_no_line_whoever_writes_it():
    config = logs.logging_config("json", "INFO")
    formatter = config["formatters"]["structured"]
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(formatter.pop("()")(**formatter))
    secret = "17-0123456789ab~1abcde~" + "s" * 43

    for logger in (logging.getLogger("test.secrets"), structlog.stdlib.get_logger("test.secrets")):
        logging.getLogger("test.secrets").addHandler(handler)
        logger.warning("Too Many Requests: %s", f"/join/{secret}/say/")
    structlog.stdlib.get_logger("test.secrets").warning("request_started", request=f"GET /join/{secret}/?a=b")
    logging.getLogger("test.secrets").removeHandler(handler)

    written = handler.stream.getvalue()
    assert secret not in written
    assert written.count("/join/\\u2026/") == 3
