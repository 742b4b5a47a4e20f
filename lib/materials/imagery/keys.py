"""API keys: read from the environment at the moment of a call, held nowhere, and kept out of the log."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, urlsplit

from lib.errors import MaterialsError

# urllib3 logs the path of every request, its query included.
_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.poolmanager")
_HERE = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Key:
    """An API key by the name of its environment variable; the key itself is never an attribute.

    Parameters
    ----------
    variable : str
        Environment variable that holds the key.
    parameter : str
        Query parameter in which the service wants it; empty if it goes into the Authorization header.

    Examples
    --------
    >>> Key("GOOGLE_MAPS_API_KEY", "key")
    Key(variable='GOOGLE_MAPS_API_KEY', parameter='key')
    """

    variable: str
    parameter: str = ""

    def value(self) -> str:
        """Read the key.

        Returns
        -------
        str

        Raises
        ------
        MaterialsError
            If the variable is not set.
        """
        key = os.environ.get(self.variable, "").strip()
        if not key:
            fix = f"set it: export {self.variable}=..., and never write it into a notebook"
            raise MaterialsError("no API key", where=f"environment variable {self.variable}", value="not set", fix=fix)
        return key


def check_address(url: str, key: Key | None) -> None:
    """Refuse to send a key over a line that anyone can read.

    Parameters
    ----------
    url : str
        Where the requests go.
    key : Key or None

    Raises
    ------
    MaterialsError
        If there is a key, and the address is neither https nor on this machine.

    Examples
    --------
    >>> check_address("https://maps.googleapis.com/maps/api/streetview", Key("A", "key"))
    """
    parts = urlsplit(url)
    if key is not None and parts.scheme != "https" and parts.hostname not in _HERE:
        fix = "give an https address"
        raise MaterialsError("a key would travel unencrypted", where="address of the service", value=url, fix=fix)


GOOGLE = Key("GOOGLE_MAPS_API_KEY", "key")
MAPILLARY = Key("MAPILLARY_ACCESS_TOKEN")


@contextmanager
def hidden_from_logs(key: Key | None) -> Iterator[None]:
    """Replace a key by stars in what the HTTP library logs.

    Parameters
    ----------
    key : Key or None

    Raises
    ------
    MaterialsError
        If the key is not set.
    """
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    veil = _Veil(key.value()) if key is not None else None
    for logger in loggers:
        if veil is not None:
            logger.addFilter(veil)
    try:
        yield
    finally:
        for logger in loggers:
            if veil is not None:
                logger.removeFilter(veil)


class _Veil(logging.Filter):
    """Rewrites log records in which a secret occurs, plain or as a URL spells it."""

    def __init__(self, secret: str) -> None:
        super().__init__()
        self._spellings = {secret, quote(secret), quote_plus(secret), quote(secret, safe="")}

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        for spelling in self._spellings:
            text = text.replace(spelling, "***")
        record.msg, record.args = text, ()
        record.exc_info = record.exc_text = None
        return True
