"""Why a teller does not start, or goes no further: a sentence that says what to do."""


class CannotTell(Exception):
    """Nothing was sent. The message says what is wrong, and with which file or account."""
