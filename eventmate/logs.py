"""How lines of the log look: plain for people, or JSON in the words of the Elastic Common Schema, one object a line.

Both name the request they belong to. Neither holds personal data beyond ids: no parameters of queries, no addresses of
people, no paths that are keys (a link that resets a password), nothing of a database's error but its first sentence.
Imported before Django is set up, and by gunicorn's master: so it imports little.
"""

from __future__ import annotations

import copy
import json
import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from django.http import HttpRequest

    from myapp.web.traces import Trace

# What PostgreSQL adds to its sentence, and the statement that psycopg quotes, hold the values of rows.
_DETAILS = re.compile(
    r"\n(?:DETAIL|HINT|CONTEXT|QUERY|LINE \d+):.*?(?=\n\n(?:The above exception|During handling)|\Z)",
    re.DOTALL,
)
_VALUE = re.compile(r'(invalid input syntax for type [^:\n]+|value [^:\n]+ is out of range[^:\n]*): ".*"')
_MAILBOX = re.compile(r"[^\s@<>\"'(),;:/=]+@[^\s@<>\"'(),;:/]+\.[^\s@<>\"'(),;:/]+")


def logging_settings(
    *, form: str, level: str, requests: str, file: Path | None, mail: bool
) -> dict[str, Any]:
    """Return Django's LOGGING: lines to standard error, to a file as well, and errors by mail, as wanted."""
    handlers: dict[str, dict[str, Any]] = {"stderr": {"class": "logging.StreamHandler", "formatter": form}}
    if file:
        handlers["file"] = {"class": "eventmate.log_files.SharedFile", "path": file, "formatter": form}
    if mail:
        handlers["mail"] = {"class": "eventmate.error_mail.ErrorMail", "level": "ERROR", "formatter": "plain"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"()": "eventmate.logs.Plain"}, "json": {"()": "eventmate.logs.Json"}},
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": level},
        "loggers": {
            # Django's own handlers would mail settings, cookies and forms, and say everything twice in development.
            "django": {"handlers": [], "level": level},
            "eventmate.requests": {"level": {"made": "INFO", "all": "DEBUG"}.get(requests, level)},
            # Anybody can ask for a host that is not ours, and many do: nothing to mail.
            "django.security.DisallowedHost": {
                "handlers": [name for name in handlers if name != "mail"],
                "propagate": False,
            },
            # At INFO the pool says each connection that it lends.
            "psycopg.pool": {"level": "WARNING"},
        },
    }


class Plain(logging.Formatter):
    """LEVEL logger: message [request id, route, user id]."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback below it."""
        return super().format(_impersonal(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line alone."""
        trace = trace_of(record)
        told = "" if trace is None else f" [{_words(trace)}]"
        return f"{record.levelname} {record.name}: {record.message}{told}"

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """Return the traceback without people in it."""
        return without_people(super().formatException(ei))


class Json(logging.Formatter):
    """One JSON object a line, with ECS field names; what ECS has no name for begins with `eventmate.`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        record = _impersonal(record)
        told: dict[str, Any] = {
            "@timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "log.level": record.levelname.lower(),
            "message": record.getMessage(),
            "ecs.version": "8.11.0",
            "service.name": "eventmate",
            "log.logger": record.name,
            "process.pid": record.process,
        }
        trace = trace_of(record)
        if trace is not None:
            told |= _fields(trace, getattr(record, "seconds", None) or trace.seconds)
        if isinstance(status := getattr(record, "status_code", None), int):
            told["http.response.status_code"] = status
        if statements := getattr(record, "statements", None):
            told["message"] = told["message"].partition("\n")[0]
            told["eventmate.statements"] = statements
        if record.exc_info and record.exc_info[1] is not None:
            told["error.type"] = type(record.exc_info[1]).__qualname__
            told["error.message"] = without_people(str(record.exc_info[1]))
            told["error.stack_trace"] = without_people(self.formatException(record.exc_info))
        return json.dumps(told, default=str)


def trace_of(record: logging.LogRecord) -> Trace | None:
    """Return the trace of the request that a record belongs to."""
    from myapp.web.traces import current_trace

    found = getattr(record, "trace", None) or getattr(getattr(record, "request", None), "trace", None)
    return found or current_trace()


def without_people(text: str) -> str:
    """Return a text of an error without the values it quotes and without addresses of mail."""
    text = _VALUE.sub(r"\1", _DETAILS.sub("", text))
    return _MAILBOX.sub("…@…", text) if "@" in text else text


def told_path(request: HttpRequest) -> str:
    """Return the path of a request, or its pattern where parts of the path are for one person's eyes only."""
    from myapp.web.policies import policy_of

    match = request.resolver_match
    if match is None or not match.kwargs or policy_of(match.func) is not None:
        return request.path
    return f"/{match.route}"


def _fields(trace: Trace, seconds: float) -> dict[str, Any]:
    told = {
        "http.request.id": trace.id,
        "http.request.method": trace.request.method,
        "event.duration": round(seconds * 1e9),
        "eventmate.route": trace.route,
        "eventmate.milliseconds": round(seconds * 1000, 1),
        "eventmate.queries": trace.queries,
        "eventmate.query_milliseconds": round(trace.query_seconds * 1000, 1),
    }
    return told | ({"user.id": str(trace.user_id)} if trace.user_id is not None else {})


def _words(trace: Trace) -> str:
    user = f", user {trace.user_id}" if trace.user_id is not None else ""
    return f"{trace.id}, {trace.route}{user}"


def _impersonal(record: logging.LogRecord) -> logging.LogRecord:
    """Return a record whose message tells no more of a path than may be told, and no address of mail."""
    trace = trace_of(record)
    request = getattr(record, "request", None) or (trace.request if trace else None)
    path = getattr(request, "path", None)
    args = record.args
    if request is not None and path and isinstance(args, tuple) and path in args:
        record = copy.copy(record)
        record.args = tuple(told_path(request) if arg == path else arg for arg in args)
    message = record.getMessage()
    if "@" in message:
        record = copy.copy(record)
        record.msg, record.args = _MAILBOX.sub("…@…", message), None
    if record.exc_text:  # another handler's, as it found it
        record = copy.copy(record)
        record.exc_text = None
    return record
