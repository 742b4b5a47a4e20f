"""API keys: read from the environment at the moment of a call, held nowhere, and kept out of the log."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, unquote, urlsplit

from lib.errors import MaterialsError

# urllib3 logs the path of every request, its query included.
_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.poolmanager")
_HERE = ("127.0.0.1", "localhost", "::1")
_SECRETIVE = re.compile(r"(.*(key|token|secret|passw(or)?d|signature|credentials?)|sig|auth|authorization|app_?id|pwd)")


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
    """Refuse an address that holds a key, or that would show one to others.

    Parameters
    ----------
    url : str
        Where the requests go.
    key : Key or None

    Raises
    ------
    MaterialsError
        If a parameter of the address is named like a key and has a value, or a name or password stands before the
        host: it would be told in every message and log. If there is a key, and the address is neither https nor on
        this machine.

    Examples
    --------
    >>> check_address("https://maps.googleapis.com/maps/api/streetview", Key("A", "key"))
    >>> check_address("https://example.org/{z}/{x}/{y}.png?api_key=abc", None)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    lib.errors.MaterialsError: address of the service: holds a key (got 'api_key=***'). Fix: leave it out and ...
    """
    given = re.findall(r"[?&;#]([^=&;#?]+)=[^&;#]+", url)
    named = next((name for name in given if _SECRETIVE.fullmatch(_plain(name))), None)
    parts = urlsplit(url)
    if named is not None or "@" in parts.netloc:
        shown = "name:***@host" if named is None else f"{named}=***"
        fix = f"leave it out and give key=Key('THE_VARIABLE', {named or 'key'!r}), which reads it from the environment"
        raise MaterialsError("holds a key", where="address of the service", value=shown, fix=fix)
    if key is not None and parts.scheme != "https" and parts.hostname not in _HERE:
        fix = "give an https address"
        raise MaterialsError("a key would travel unencrypted", where="address of the service", value=url, fix=fix)


def _plain(name: str) -> str:
    return unquote(name).lower().replace("-", "_").strip()


GOOGLE = Key("GOOGLE_MAPS_API_KEY", "key")
MAPILLARY = Key("MAPILLARY_ACCESS_TOKEN")


@contextmanager
def hidden_from_logs(key: Key | None) -> Iterator[None]:
    """Replace a key by stars in what this thread makes the HTTP library log.

    One filter stays at the library's loggers for good: filters that come and go would be missed by other threads
    that are logging at the moment.

    Parameters
    ----------
    key : Key or None
    """
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_VEIL)
    before = _HIDDEN.set(key)
    try:
        yield
    finally:
        _HIDDEN.reset(before)


class _Veil(logging.Filter):
    """Rewrites log records in which the key in use occurs, plain or as a URL spells it."""

    def filter(self, record: logging.LogRecord) -> bool:
        key = _HIDDEN.get()
        if key is not None:
            secret, text = key.value(), record.getMessage()
            for spelling in {secret, quote(secret), quote_plus(secret), quote(secret, safe="")}:
                text = text.replace(spelling, "***")
            record.msg, record.args = text, ()
            record.exc_info = record.exc_text = None
        return True


_VEIL = _Veil()
_HIDDEN: ContextVar[Key | None] = ContextVar("hidden key", default=None)
