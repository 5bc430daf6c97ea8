"""What processes say to their log: one line an event, tracebacks without the values of variables (keys, phone numbers)."""

import structlog


def configure() -> None:
    """Called once when a process starts."""
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(processors=[structlog.processors.add_log_level, stamp, console])
