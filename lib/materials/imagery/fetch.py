"""Images for a whole table of views: what is there is kept, what is missing is asked for, nothing is paid twice."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import geopandas as gpd
import pandas as pd
from joblib import delayed
from tqdm import tqdm

from lib.errors import MaterialsError, ParameterError
from lib.manifest import cache_folder
from lib.materials.imagery.answers import (
    BLOCKED,
    FORBIDDEN,
    IMAGE,
    NO_CAMERA,
    NOT_ASKED,
    STATUSES,
    TOO_MANY,
    Answer,
    checked,
)  # fmt: skip
from lib.materials.imagery.cache import ImageCache
from lib.materials.imagery.client import Client, Manners
from lib.materials.imagery.sources import Calls, ImageSource
from lib.materials.imagery.views import View, views_of
from lib.parallel import parallel


def fetch_images(
    cameras: gpd.GeoDataFrame,
    source: ImageSource,
    folder: str | Path | None = None,
    *,
    dry_run: bool = False,
    skip_blocked: bool = True,
    manners: Manners | None = None,
    give_up_after: int = 20,
    price_per_call: float | None = None,
    n_jobs: int = 1,
) -> pd.DataFrame:
    """Get one image for each building, or the reason why there is none.

    Run it again after an interruption or a failure: images on disk, and places known to have no imagery, cost no
    second call.

    Parameters
    ----------
    cameras : GeoDataFrame
        From ``facade_cameras``, or from ``roof_windows`` for a source of roofs.
    source : ImageSource
    folder : path, optional
        Cache of images; by default ``imagery`` in the folder where external files are kept.
    dry_run : bool
        Print how many calls it would take, make none, and return the table as it stands.
    skip_blocked : bool
        Do not ask for views that another footprint blocks.
    manners : Manners, optional
        Rate limit, timeout and retries.
    give_up_after : int
        After so many answers in a row of "forbidden" or "too many requests", the others are not asked for; 1 or more.
    price_per_call : float, optional
        Price of a paid call, 0 or more, so that the dry run can print the sum; prices change, so none is built in.
    n_jobs : int
        Threads.

    Returns
    -------
    DataFrame
        One row a building, in their order: ``building_id``; ``status``, one of ``STATUSES``; ``path`` of the image
        or None; ``cached``, whether it was there before; ``detail``; ``panorama_id``, ``taken`` and ``credit``
        where known. ``status`` is categorical, so that its counts show what did not happen, too.

    Raises
    ------
    MaterialsError
        If the table is no table of views or of the wrong kind, the key is not set, or the disk cannot be written.
    ParameterError
        If ``give_up_after``, ``price_per_call`` or ``n_jobs`` is out of range.

    Examples
    --------
    >>> import tempfile
    >>> from lib.city import make_city
    >>> from lib.materials.imagery import SimulatedFacades, facade_cameras, fetch_images
    >>> city = make_city(extent_m=200, n_buildings=3)
    >>> cameras = facade_cameras(city.buildings, city.roads)
    >>> fetch_images(cameras, SimulatedFacades(city), tempfile.mkdtemp(), dry_run=True)["status"].tolist()
    simulated-facades: 3 views: 0 in the cache, 0 blocked, 0 without a camera; 0 free calls and at most 0 paid calls
    ['not asked', 'not asked', 'not asked']
    """
    _check_limits(give_up_after, price_per_call)
    views = views_of(cameras)
    _check_kind(views, source)
    cache = ImageCache(Path(folder) if folder is not None else cache_folder() / "imagery", source)
    blocked = cameras["blocked"].notna() if skip_blocked and "blocked" in cameras else pd.Series(False, cameras.index)
    known = [_known(view, hidden, cache) for view, hidden in zip(views, blocked, strict=True)]
    missing = [view for view, answer in zip(views, known, strict=True) if answer is None and view is not None]
    if dry_run:
        print(_plan(known, missing, source, price_per_call))
        fetched = iter([Answer(NOT_ASKED)] * len(missing))
    else:
        fetched = iter(_fetch(missing, source, cache, Client(manners), give_up_after, n_jobs))
    answers = [next(fetched) if answer is None else answer for answer in known]
    return _table(
        cameras, answers, [answer is not None and answer.status not in (BLOCKED, NO_CAMERA) for answer in known]
    )


def _check_limits(give_up_after: int, price: float | None) -> None:
    if isinstance(give_up_after, bool) or not isinstance(give_up_after, int) or give_up_after < 1:
        fix = "give a number of refusals, 1 or more"
        raise ParameterError("no number of answers", where="give_up_after", value=give_up_after, fix=fix)
    if price is not None and not 0 <= price < inf:
        raise ParameterError("no price", where="price_per_call", value=price, fix="give 0 or more, or None")


def _check_kind(views: list[View | None], source: ImageSource) -> None:
    odd = next((view for view in views if view is not None and not isinstance(view, source.sees)), None)
    if odd is not None:
        fix = "give facade_cameras(...) to sources of facades and roof_windows(...) to sources of roofs"
        where = f"fetch_images(source={source.name})"
        raise MaterialsError("takes another kind of view", where=where, value=type(odd).__name__, fix=fix)


def _known(view: View | None, hidden: bool, cache: ImageCache) -> Answer | None:
    if view is None:
        return Answer(NO_CAMERA)
    if hidden:
        return Answer(BLOCKED)
    return cache.find(view) if cache.source.keeps else None


def _plan(known: list[Answer | None], missing: list[View], source: ImageSource, price: float | None) -> str:
    needed = [source.calls(view) for view in missing]
    calls = Calls(sum(call.free for call in needed), sum(call.paid for call in needed))
    settled = [answer.status for answer in known if answer is not None]
    held = len(settled) - settled.count(BLOCKED) - settled.count(NO_CAMERA)
    text = (
        f"{source.name}: {len(known)} views: {held} in the cache, {settled.count(BLOCKED)} blocked, "
        f"{settled.count(NO_CAMERA)} without a camera; {calls.free} free calls and at most {calls.paid} paid calls"
    )
    return text if price is None else f"{text}, {calls.paid * price:.2f} at {price:g} a call; retries come on top"


@dataclass
class _Patience:
    """Counts refusals in a row, over all threads."""

    limit: int
    in_a_row: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, status: str) -> None:
        with self.lock:
            self.in_a_row = self.in_a_row + 1 if status in (FORBIDDEN, TOO_MANY) else 0

    def is_over(self) -> bool:
        with self.lock:
            return self.in_a_row >= self.limit


def _fetch(
    missing: list[View], source: ImageSource, cache: ImageCache, client: Client, give_up_after: int, n_jobs: int
) -> list[Answer]:
    patience = _Patience(give_up_after)

    def one(view: View) -> Answer:
        if patience.is_over():
            return Answer(NOT_ASKED, detail=f"gave up after {give_up_after} refusals in a row")
        answer = checked(source.take(view, client))
        patience.note(answer.status)
        return cache.keep(view, answer) if source.keeps else answer

    jobs = parallel(n_jobs, prefer="threads", return_as="generator")(delayed(one)(view) for view in missing)
    return list(tqdm(jobs, total=len(missing), desc=source.name, unit="view", leave=False, disable=None))


def _table(cameras: gpd.GeoDataFrame, answers: list[Answer], cached: list[bool]) -> pd.DataFrame:
    reasons = cameras["reason"] if "reason" in cameras else pd.Series("no footprint", cameras.index)
    details = [
        str(reason) if answer.status == NO_CAMERA else f"by {blocker}" if answer.status == BLOCKED else answer.detail
        for answer, reason, blocker in zip(answers, reasons, cameras.get("blocked", reasons), strict=True)
    ]
    places = [str(answer.place) if answer.status == IMAGE else None for answer in answers]
    columns = {
        "building_id": cameras["building_id"].to_numpy(),
        "status": pd.Categorical([answer.status for answer in answers], categories=STATUSES),
        "path": pd.Series(places, dtype=object),
        "cached": cached,
        "detail": details,
    }
    for name in ("panorama_id", "taken", "credit"):
        columns[name] = [getattr(answer, name) for answer in answers]
    return pd.DataFrame(columns)
