"""The colours of pictures, on light and on dark ground: decided here, and last of all.

Everything else speaks of roles. A value is bold and above its wire, a gradient is not and below:
colour alone says nothing. The two keep their distance when red and green look alike.
"""

from __future__ import annotations

import re

__all__ = ["DARK", "LIGHT", "adaptive", "painted"]

PALETTE = {  # role: on light ground, on dark ground
    "ground": ("#ffffff", "#14191f"),
    "scope": ("#f3f6f9", "#1d242c"),
    "closed": ("#eef3f7", "#232c36"),
    "ink": ("#1f2933", "#e8edf2"),
    "muted": ("#52606d", "#a9b6c3"),
    "wire": ("#52606d", "#a9b6c3"),
    "edge": ("#8fa3b5", "#5d7186"),  # of scopes
    "value": ("#006e69", "#4fd0c4"),
    "gradient": ("#bf3b00", "#ff9a6c"),
    "bad": ("#a3006d", "#ff7ad6"),
    "value bad": ("#a3006d", "#ff7ad6"),
    "gradient bad": ("#a3006d", "#ff7ad6"),
    "parameter": ("#fff1cc", "#3b3012"),
    "parameter edge": ("#8a6100", "#d8a93c"),
    "data": ("#dcebf7", "#15324b"),
    "data edge": ("#1f5f99", "#6fb2e6"),
}
LIGHT = {role: light for role, (light, _) in PALETTE.items()}
DARK = dict(PALETTE.values())  # by the colour on light ground


def painted(dot: str, scheme: str) -> str:
    """DOT text with colours in the place of roles; names and titles stay as they are."""
    column = int(scheme == "dark")
    return re.sub(r'(color=")([a-z ]+)(?=")', lambda m: m[1] + PALETTE[m[2]][column], dot)


def adaptive(svg: str) -> str:
    """An SVG picture that takes the colours for dark ground where the reader's screen is dark.

    The style comes after the title and the description, which the picture has to have.
    """
    rules = "".join(
        f'[fill="{name}"]{{fill:{dark}}}[stroke="{name}"]{{stroke:{dark}}}'
        for light, dark in DARK.items()
        for name in ([light, "white"] if light == LIGHT["ground"] else [light])
    )
    style = f"<style>@media (prefers-color-scheme:dark){{{rules}}}</style>"
    return re.sub(r"</desc>", lambda found: f"{found[0]}\n{style}", svg, count=1)
