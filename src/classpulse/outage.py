"""One line in the log when something stops working, one when it works again."""

import logging


class Outage:
    """What is retried for as long as it takes, and said once however often it fails."""

    def __init__(self, logger: logging.Logger, what: str) -> None:
        self._logger = logger
        self._what = what
        self.lasts = False

    def failed(self, error: BaseException) -> None:
        """It failed (again)."""
        if not self.lasts:
            # Postgres adds details on lines of their own
            said = " ".join(str(error).split())
            self._logger.warning(
                "%s failed, trying again: %s: %s", self._what, type(error).__name__, said
            )
            self.lasts = True

    def over(self) -> None:
        """It worked."""
        if self.lasts:
            self._logger.info("%s works again", self._what)
            self.lasts = False
