"""A film of a net that learns: decision regions linked to the loss curve, in one HTML file.

The page needs no network: pictures, style and script are inside, and its content-security policy
lets nothing else in.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import os
import re
import struct
import zlib
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from .classes import Array, Scores, bounds_of, confidence
from .history import History, as_number
from .style import CLASS_COLOURS, PlotError, legible, rgb, write

__all__ = ["Film", "player"]

LEVELS = 24  # of confidence, for each colour
NO_CLASS = len(CLASS_COLOURS) * LEVELS  # in the palette: where scores are NaN


class Film:
    """The decision regions of a net at several steps of its training.

    X (n, 2) points of classes y (n,); size is the number of places along each side.

    >>> import nn
    >>> X, y = nn.spiral(10, seed=0)
    >>> film = nn.plots.Film(X, y, size=8)
    >>> film.add(0, lambda points: np.zeros((len(points), 3)), loss=1.0986)
    >>> len(film)
    1
    """

    def __init__(self, X: Array, y: Array, size: int = 120):
        self.X, self.y, self.size = np.asarray(X), np.asarray(y), size
        if self.X.ndim != 2 or self.X.shape[1] != 2 or self.y.shape != (len(self.X),):
            raise PlotError(
                f"Film: X is {self.X.shape} and y is {self.y.shape}; expected points (n, 2) and "
                "classes (n,)"
            )
        if not len(self.X) or not np.isfinite(self.X).all() or self.y.min() < 0 or size < 1:
            raise PlotError(
                f"Film: got {len(self.X)} points and size {size}; expected at least one point, "
                "points that are finite, classes from 0, and a size of at least 1"
            )
        self.classes = int(self.y.max()) + 1
        self.bounds = bounds_of(self.X)
        left, right, bottom, top = self.bounds
        u, v = np.meshgrid(np.linspace(left, right, size), np.linspace(top, bottom, size))
        self._places = np.c_[u.ravel(), v.ravel()]
        self.frames: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self.frames)

    def add(self, step: int, scores: Scores, loss: float) -> None:
        """One more picture: `scores` gives the scores (points, classes) of points (points, 2).

        Where scores are NaN no class is chosen, and the picture shows none.
        """
        chosen, sure = confidence(scores(self._places))
        level = np.rint(np.nan_to_num(sure) * (LEVELS - 1)).astype(int)
        places = np.where(np.isnan(sure), NO_CLASS, chosen % 6 * LEVELS + level)
        chosen, sure = confidence(scores(self.X))
        accuracy = np.nan if np.isnan(sure).any() else np.mean(chosen == self.y)
        self.frames.append({
            "step": int(step), "loss": as_number(loss), "accuracy": as_number(accuracy),
            "image": _data_uri(_png(places.reshape(self.size, self.size), _palette())),
        })  # fmt: skip


def player(
    film: Film, path: str | os.PathLike[str], *, title: str = "a net learns",
    history: History | None = None,
) -> Path:  # fmt: skip
    """Write a film as one HTML page that plays without a network.

    history   more points of the loss curve than there are pictures
    Scrub with the slider, along the loss curve, or with the arrow keys; space plays. A file that
    is there is replaced. Raises PlotError when the film is empty or the file cannot be written.
    """
    if not film.frames:
        raise PlotError("player: the film has no pictures; add some with film.add(step, ...)")
    return write(path, page(film, title, history).encode())


def page(film: Film, title: str, history: History | None) -> str:
    """The text of the page."""
    data = {
        "frames": [{**frame, "loss": _number(frame["loss"]),
                    "accuracy": _number(frame["accuracy"])} for frame in film.frames],
        "curve": _curve(film, history),
        "bounds": film.bounds,
        "colours": [CLASS_COLOURS[k % 6] for k in range(film.classes)],
        "points": [[*map(_short, point), int(k)] for point, k in zip(film.X, film.y, strict=True)],
        "chance": math.log(film.classes) if film.classes > 1 else None,
    }  # fmt: skip
    template = resources.files(__package__).joinpath("player.html").read_text("utf-8")
    policy = {f"{kind}-src": _hash_of(template, kind) for kind in ("style", "script")}
    filled = {
        "title": html.escape(legible(title, 300)),
        "policy": "; ".join(["default-src 'none'", "img-src data:", "base-uri 'none'",
                             "form-action 'none'", *(f"{k} {v}" for k, v in policy.items())]),
        # numbers and base64: no markup
        "film": json.dumps(data, separators=(",", ":"), allow_nan=False),
    }  # fmt: skip
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filled[found[1]], template)


def _curve(film: Film, history: History | None) -> list[list[float | str]]:
    if history is None:
        return [[frame["step"], _short(frame["loss"])] for frame in film.frames]
    pairs = zip(history.steps, history.data_loss, strict=True)
    return [[int(step), _short(loss)] for step, loss in pairs]


def _short(x: Any) -> float | str:
    """A number with the digits that can be seen."""
    return _number(float(f"{x:.5g}"))


def _number(x: float) -> float | str:
    """A number for JSON, which has none but finite ones: the page reads "NaN" with Number()."""
    if math.isfinite(x):
        return x
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


def _hash_of(template: str, kind: str) -> str:
    """What the policy lets in: the very text between the tags, and no other."""
    (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", template, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _palette() -> list[tuple[int, int, int, int]]:
    """The colours of classes, less transparent where the net is surer; at last, NO_CLASS."""
    opacities = np.rint(255 * np.linspace(0.12, 0.62, LEVELS)).astype(int)
    return [*((*rgb(c), int(a)) for c in CLASS_COLOURS for a in opacities), (0, 0, 0, 0)]


def _png(places: Array, palette: list[tuple[int, int, int, int]]) -> bytes:
    """A PNG picture whose pixels are indices into a palette (PNG specification, 3rd edition)."""
    height, width = places.shape
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # each row begins with filter 0
    rows[:, 1:] = places
    colours = np.array(palette, dtype=np.uint8)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", colours[:, :3].tobytes()),
        (b"tRNS", colours[:, 3].tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(content)) + kind + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
