"""Bar charts as SVG: one bar for each peer, with a line from the least to the most that was measured."""

from __future__ import annotations

import dataclasses
from xml.sax.saxutils import escape

from figures import number

WIDTH = 760
NAMES = 130
VALUES = 150
BAR = 20
GAP = 10
TOP = 34
OURS = "#1f6feb"
THEIRS = "#8b949e"
LIMIT = "#d0a000"
RANGE = "#57606a"


@dataclasses.dataclass(frozen=True)
class Bar:
    name: str
    median: float
    least: float
    most: float
    colour: str = THEIRS


def chart(title: str, bars: list[Bar]) -> str:
    height = TOP + len(bars) * (BAR + GAP)
    scale = (WIDTH - NAMES - VALUES) / (max((bar.most for bar in bars), default=0) or 1)
    box = f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box}>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="8" y="20" font-weight="bold" fill="#1f2328">{escape(title)}</text>',
    ]
    for index, bar in enumerate(bars):
        lines += _bar(bar, TOP + index * (BAR + GAP), scale)
    return "\n".join([*lines, "</svg>", ""])


def _bar(bar: Bar, top: float, scale: float) -> list[str]:
    middle = top + BAR / 2
    length = bar.median * scale
    least, most = NAMES + bar.least * scale, NAMES + bar.most * scale
    line = f'y1="{middle:.1f}" y2="{middle:.1f}" stroke="{RANGE}" stroke-width="2"'
    end = max(most, NAMES + length) + 8
    return [
        f'<text x="{NAMES - 8}" y="{middle + 5:.0f}" text-anchor="end" fill="#1f2328">{escape(bar.name)}</text>',
        f'<rect x="{NAMES}" y="{top:.0f}" width="{max(length, 1):.1f}" height="{BAR}" fill="{bar.colour}"/>',
        f'<line x1="{least:.1f}" x2="{most:.1f}" {line}/>',
        f'<text x="{end:.1f}" y="{middle + 5:.0f}" fill="#1f2328">{number(bar.median)}</text>',
    ]
