"""The colours of pictures, on light and on dark ground.

A value is bold and above its wire, a gradient is not and below: colour alone says nothing. The
two keep their distance when red and green look alike.
"""

from __future__ import annotations

import re

__all__ = [
    "BAD", "DARK", "GRADIENT", "INK", "LOOKS", "MUTED", "SCOPE_FILL", "SCOPE_INK", "VALUE", "WIRE",
    "adaptive", "darkened",
]  # fmt: skip

INK, MUTED, WIRE = "#1f2933", "#52606d", "#52606d"
VALUE, GRADIENT, BAD = "#006e69", "#bf3b00", "#a3006d"
LOOKS = {"parameter": ("#fff1cc", "#8a6100", "rounded,filled", 1.8),
         "data": ("#dcebf7", "#1f5f99", "filled", 1.4)}  # fmt: skip
SCOPE_FILL, SCOPE_INK = ("#f3f6f9", "#ffffff"), "#8fa3b5"
DARK = {
    "#ffffff": "#14191f", "#f3f6f9": "#1d242c", "#eef3f7": "#232c36",  # grounds
    INK: "#e8edf2", MUTED: "#a9b6c3", SCOPE_INK: "#5d7186",
    VALUE: "#4fd0c4", GRADIENT: "#ff9a6c", BAD: "#ff7ad6",
    "#fff1cc": "#3b3012", "#8a6100": "#d8a93c", "#dcebf7": "#15324b", "#1f5f99": "#6fb2e6",
}  # fmt: skip


def darkened(dot: str) -> str:
    """DOT text in the colours for dark ground; names and titles stay as they are."""
    return re.sub(r'(color=")(#[0-9a-f]{6})', lambda m: m[1] + DARK.get(m[2], m[2]), dot)


def adaptive(svg: str) -> str:
    """An SVG picture that takes the colours for dark ground where the reader's screen is dark.

    The style comes after the title and the description, which the picture has to have.
    """
    rules = "".join(
        f'[fill="{name}"]{{fill:{dark}}}[stroke="{name}"]{{stroke:{dark}}}'
        for light, dark in DARK.items()
        for name in ([light, "white"] if light == "#ffffff" else [light])
    )
    style = f"<style>@media (prefers-color-scheme:dark){{{rules}}}</style>"
    return re.sub(r"</desc>", lambda found: f"{found[0]}\n{style}", svg, count=1)
