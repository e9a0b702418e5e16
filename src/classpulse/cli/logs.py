"""How log lines look: for eyes, or as JSON for a collector."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Literal


def configuration(style: Literal["text", "json"]) -> dict[str, Any]:
    """What :func:`logging.config.dictConfig` takes; every process of a server applies it."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
            "json": {"()": "classpulse.cli.logs.JsonLine"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": style,
            }
        },
        "root": {"handlers": ["stderr"], "level": "INFO"},
    }


class JsonLine(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message and, of an error, its trace."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
