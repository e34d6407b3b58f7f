"""Curves as SVG that can be read on a light and on a dark page.

Knows axes, marks and colours. Does not know what is plotted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 420, 330
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 64, 46
COLOURS = ("a", "b", "c", "d")
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #3b4252 }
.title { font-weight: 600; fill: #171b26 }
.grid { stroke: #d5dae3; stroke-width: 1 }
.curve { fill: none; stroke-width: 2 }
.a { stroke: #5b3fd6 } .b { stroke: #0f766e } .c { stroke: #c2410c } .d { stroke: #64748b }
.dot.a { fill: #5b3fd6 } .dot.b { fill: #0f766e } .dot.c { fill: #c2410c } .dot.d { fill: #64748b }
@media (prefers-color-scheme: dark) {
  text { fill: #b6bfce } .title { fill: #e9ecf3 } .grid { stroke: #333b49 }
  .a { stroke: #a78bfa } .b { stroke: #2dd4bf } .c { stroke: #fb923c } .d { stroke: #94a3b8 }
  .dot.a { fill: #a78bfa } .dot.b { fill: #2dd4bf }
  .dot.c { fill: #fb923c } .dot.d { fill: #94a3b8 }
}
"""


@dataclass(frozen=True)
class Axis:
    """What is counted along an edge, from 0 or, if `log`, by powers of ten."""

    label: str
    log: bool = False

    def ticks(self, values: Sequence[float]) -> list[float]:
        """Round numbers that enclose the values."""
        if self.log:
            low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
            return [10.0**power for power in range(low, max(high, low + 1) + 1)]
        step = 10 ** math.floor(math.log10(max(values) / 2))
        step *= next(m for m in (1, 2, 5, 10) if max(values) <= 5 * m * step)
        return [step * number for number in range(math.ceil(max(values) / step) + 1)]

    def place(self, value: float, ticks: Sequence[float]) -> float:
        """Where a value lies between the first tick and the last, from 0 to 1."""
        first, last, at = ticks[0], ticks[-1], value
        if self.log:
            first, last, at = math.log10(first), math.log10(last), math.log10(value)
        return (at - first) / (last - first)


@dataclass(frozen=True)
class Panel:
    """One pair of axes: `curves` gives each name its points, in the order of the legend."""

    title: str
    x: Axis
    y: Axis
    curves: dict[str, list[tuple[float, float]]]

    def draw(self, left: int) -> str:
        """The panel as SVG, so many pixels from the left."""
        points = [point for curve in self.curves.values() for point in curve]
        xs, ys = self.x.ticks([x for x, _ in points]), self.y.ticks([y for _, y in points])
        drawn = [_text(LEFT, 16, self.title, "title", "start"), *self._grid(xs, ys)]
        for number, (name, curve) in enumerate(self.curves.items()):
            at = [(_across(self.x.place(x, xs)), _up(self.y.place(y, ys))) for x, y in curve]
            drawn += _curve(name, at, number)
        return f'<g transform="translate({left} 0)">{"".join(drawn)}</g>'

    def _grid(self, xs: Sequence[float], ys: Sequence[float]) -> list[str]:
        grid = [_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, self.x.label)]
        for tick in xs:
            at = _across(self.x.place(tick, xs))
            grid += [_rule(at, TOP, at, HEIGHT - BOTTOM), _text(at, HEIGHT - 28, _short(tick))]
        for tick in ys:
            at = _up(self.y.place(tick, ys))
            grid += [_rule(LEFT, at, WIDTH - RIGHT, at)]
            grid += [_text(LEFT - 6, at + 4, _short(tick), anchor="end")]
        middle = (TOP + HEIGHT - BOTTOM) / 2
        turned = f'transform="rotate(-90 14 {middle})"'
        return [*grid, _text(14, middle, self.y.label, more=turned)]


def figure(panels: Sequence[Panel]) -> str:
    """Panels side by side as one SVG document."""
    width = WIDTH * len(panels)
    drawn = "\n".join(panel.draw(WIDTH * number) for number, panel in enumerate(panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" '
        f'width="{width}" height="{HEIGHT}" role="img">\n<style>{STYLE}</style>\n{drawn}\n</svg>\n'
    )


def _across(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _up(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _curve(name: str, at: list[tuple[float, float]], number: int) -> list[str]:
    colour, left, y = COLOURS[number], LEFT + 170 * (number % 2), 36 + 16 * (number // 2)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    dots = [f'<circle class="dot {colour}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in at]
    key = f'<circle class="dot {colour}" cx="{left + 4}" cy="{y - 4}" r="4"/>'
    label = _text(left + 14, y, name, anchor="start")
    return [f'<polyline class="curve {colour}" points="{line}"/>', *dots, key, label]


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(
    x: float, y: float, text: str, kind: str = "", anchor: str = "middle", more: str = ""
) -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>'
        f"{escape(text)}</text>"
    )


def _short(value: float) -> str:
    for size, mark in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{mark}"
    return f"{value:g}"
