"""Asking a web service politely: so many calls a second, with patience, and with every failure turned into a word."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests

from lib.errors import MaterialsError
from lib.materials.imagery.answers import (
    CORRUPT,
    IMAGE,
    NO_CONNECTION,
    SERVER_ERROR,
    TIMEOUT,
    TOO_MANY,
    Answer,
    by_code,
)  # fmt: skip
from lib.materials.imagery.keys import Key, hidden_from_logs

PASSING = (TOO_MANY, SERVER_ERROR, TIMEOUT, NO_CONNECTION)


@dataclass(frozen=True)
class Manners:
    """How a service is asked.

    Parameters
    ----------
    per_second : float
        Most calls a second, retries included.
    timeout_s : float
        Longest silence of the server.
    retries : int
        How often a call is repeated that met 429, 5xx, a timeout or a broken connection; 0 or more.
    backoff_s : float
        Wait before the first repetition; doubles with each.
    longest_wait_s : float
        No wait is longer, whatever the server's Retry-After says.

    Raises
    ------
    MaterialsError
        If a value is out of range.

    Examples
    --------
    >>> Manners(per_second=2).retries
    4
    """

    per_second: float = 10.0
    timeout_s: float = 30.0
    retries: int = 4
    backoff_s: float = 1.0
    longest_wait_s: float = 60.0

    def __post_init__(self) -> None:
        for name in ("per_second", "timeout_s", "retries", "backoff_s", "longest_wait_s"):
            value, least = getattr(self, name), 0 if name in ("retries", "backoff_s", "longest_wait_s") else 1e-3
            if not least <= value < float("inf"):
                where = f"Manners({name}=...)"
                raise MaterialsError("out of range", where=where, value=value, fix=f"give a number from {least:g} on")


class Client:
    """Makes the calls; safe to share between threads.

    The loop is our own: that of urllib3 repeats at once the first time, logs the query with the key in it as a
    warning, does not repeat a body that breaks off, and does not tell how many calls were made.

    Parameters
    ----------
    manners : Manners

    Attributes
    ----------
    calls : int
        How many requests were sent so far.
    """

    def __init__(self, manners: Manners | None = None) -> None:
        self.manners = Manners() if manners is None else manners
        self.calls = 0
        self._next_s = 0.0
        self._lock = threading.Lock()
        self._local = threading.local()

    def get(
        self,
        url: str,
        parameters: Mapping[str, str] | None = None,
        *,
        key: Key | None = None,
        judge: Callable[[bytes], tuple[str, str]] | None = None,
    ) -> Answer:
        """Ask until there is a lasting answer or patience is at its end.

        Parameters
        ----------
        url : str
        parameters : mapping of str, optional
            The query, without the key.
        key : Key, optional
            Added at the last moment, and hidden from the HTTP library's log.
        judge : callable, optional
            Reads the body of a 200: returns a status and a detail, for services that say no with a 200.

        Returns
        -------
        Answer
            Status IMAGE means a body to use. No exception of the HTTP library gets out: their texts hold the URL.

        Raises
        ------
        MaterialsError
            If the key is not set.
        """
        for attempt in range(self.manners.retries + 1):
            self._wait_for_turn()
            with hidden_from_logs(key):
                answer, after_s = self._ask(url, parameters, key)
            if answer.status == IMAGE and judge is not None:
                status, detail = judge(answer.body)
                answer = Answer(status, answer.body, detail)
            if answer.status not in PASSING or attempt == self.manners.retries:
                break
            time.sleep(min(max(self.manners.backoff_s * 2**attempt, after_s), self.manners.longest_wait_s))
        broken = answer.detail == "broke off"
        return Answer(CORRUPT, detail=answer.detail) if broken else answer

    def _wait_for_turn(self) -> None:
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next_s)
            self._next_s = turn + 1 / self.manners.per_second
            self.calls += 1
        time.sleep(turn - now)

    def _ask(self, url: str, parameters: Mapping[str, str] | None, key: Key | None) -> tuple[Answer, float]:
        """One call: the answer, and for how many seconds the server asks to be left alone."""
        query, headers = dict(parameters or {}), {}
        if key is not None and key.parameter:
            query[key.parameter] = key.value()
        elif key is not None:
            headers["Authorization"] = f"OAuth {key.value()}"
        try:
            reply = self._session().get(url, params=query, headers=headers, timeout=self.manners.timeout_s)
        except requests.Timeout:
            return Answer(TIMEOUT, detail=f"silent for {self.manners.timeout_s:g} s"), 0.0
        except requests.exceptions.ChunkedEncodingError:
            return Answer(NO_CONNECTION, detail="broke off"), 0.0
        except requests.ConnectionError as error:
            silent = "timed out" in str(error).lower()  # silence in the middle of a body is no requests.Timeout
            return Answer(TIMEOUT if silent else NO_CONNECTION, detail=type(error).__name__), 0.0
        except (requests.RequestException, ValueError) as error:  # ValueError: an address that makes no sense
            return Answer(NO_CONNECTION, detail=type(error).__name__), 0.0
        status = by_code(reply.status_code)
        waited = reply.headers.get("Retry-After", "")
        detail = "" if status == IMAGE else f"HTTP {reply.status_code}"
        return Answer(status, reply.content, detail), float(waited) if waited.isdigit() else 0.0

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session
