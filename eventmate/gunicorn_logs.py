"""Gunicorn's own lines in the form of the site's, for LOG_FORMAT=json."""

from typing import Any

from gunicorn.glogging import Logger

from eventmate.logs import Json


class JsonLogger(Logger):
    """What gunicorn says, one JSON object a line; where it says it, and whether it logs accesses, stays its own affair.

    Its option `logconfig_dict` would log every access, with people's addresses, as soon as it is used.
    """

    def setup(self, cfg: Any) -> None:
        """Set it up as usual, then have the handlers write JSON."""
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(Json())
