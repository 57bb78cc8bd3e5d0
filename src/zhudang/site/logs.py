"""Structured logs: one JSON object a line in files, readable lines on a terminal."""

import logging
import sys
from typing import Any

import structlog

_SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(options: dict[str, Any]) -> None:
    """Send the logs to standard error; machines read JSON, people at a terminal read lines."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            *_SHARED,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if options.get("debug") else logging.INFO)
    for noisy, level in {"procrastinate": logging.WARNING, "pikepdf": logging.WARNING, "fontTools": logging.WARNING, "PIL": logging.WARNING,
                         "pyhanko": logging.WARNING, "django.request": logging.ERROR, "ezdxf": logging.ERROR,
                         "psycopg.pool": logging.ERROR}.items():  # fmt: skip
        logging.getLogger(noisy).setLevel(level)
