"""The graph of a number of the scalar engine: where its values stand, and what has come back so far."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.patches import Rectangle

from course_lib import style
from course_lib.colors import BLACK, BLUE, GREY, NOTE, signed
from course_lib.show import says
from course_lib.stamp import Stamp

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from course_lib.lessons.backprop.engine import Value

UNTOUCHED, PARTIAL, FINAL = "untouched", "partial", "final"


@dataclass(frozen=True)
class Node:
    """One value of a graph.

    Attributes:
        name: of an input, or of the operation that made it.
        data: the value.
        grad: what has come back so far.
        state: untouched, partial (something is still to come), or final.
        turn: whether it passes its slope on next.
        column, row: its place from 0 to 1; inputs stand left of what uses them, the end on the right.
        slopes: (place of an input among the nodes, local derivative) for each of its inputs.
    """

    name: str
    data: float
    grad: float
    state: str
    turn: bool
    column: float
    row: float
    slopes: tuple[tuple[int, float], ...]


def graph(end: Value, steps: int | None = None) -> tuple[Node, ...]:
    """The values that `end` was computed from, the latest first, after so many steps of the backward pass.

    The engine's own gradients are not touched: the backward pass is walked anew, one value a step. A value that has its
    turn has received all of its gradient; its own inputs receive their share with the next step.

    Args:
        end: the last value, such as the loss.
        steps: how many values have had their turn; None for all.
    """
    history = end.history()
    steps = len(history) if steps is None else min(max(steps, 0), len(history))
    number = {value: k for k, value in enumerate(history)}
    places, grads, open_uses = _places(history), [0.0] * len(history), [0] * len(history)
    for value in history:
        for one in value.inputs:
            open_uses[number[one]] += 1
    grads[0] = 1.0
    for value in history[: max(0, steps - 1)]:
        for one, slope in zip(value.inputs, value.slopes, strict=True):
            grads[number[one]] += slope * grads[number[value]]
            open_uses[number[one]] -= 1
    uses = [sum(one is value for later in history for one in later.inputs) for value in history]

    def state(k: int) -> str:
        if steps and not open_uses[k]:
            return FINAL
        return PARTIAL if open_uses[k] < uses[k] else UNTOUCHED

    return tuple(
        Node(
            value.name,
            float(value.data),
            float(grads[k]),
            state(k),
            k == steps - 1,
            *places[k],
            tuple((number[one], float(slope)) for one, slope in zip(value.inputs, value.slopes, strict=True)),
        )
        for k, value in enumerate(history)
    )


def _places(history: list[Value]) -> list[tuple[float, float]]:
    """(column, row) of each value, from 0 to 1: as far left of the end as its longest way to it."""
    far = dict.fromkeys(history, 0)
    users: dict[Value, list[Value]] = {value: [] for value in history}
    for value in history:  # users come before what they use
        for one in value.inputs:
            far[one] = max(far[one], far[value] + 1)
            users[one].append(value)
    last = max(far.values()) or 1
    rows: dict[Value, float] = {}
    ranked = sorted(history, key=lambda value: far[value])
    for _, group in groupby(ranked, key=lambda value: far[value]):
        level = list(group)
        # Near what uses it; an input a little lower than the value that is on its way to the end.
        pull = {v: sum(rows[user] for user in users[v]) / max(1, len(users[v])) + 0.01 * (not v.inputs) for v in level}
        level.sort(key=lambda value: (pull[value] if users[value] else 0.5, value.number))
        for k, value in enumerate(level):
            rows[value] = (k + 0.5) / len(level)
    return [(1 - far[value] / last, 1 - rows[value]) for value in history]


class GraphPicture:
    """Boxes and lines for graphs of up to `nodes` values, drawn once and then moved.

    Args:
        ax: is cleared of axes and ticks.
        nodes: how many boxes to keep ready.
    """

    SIZE = (0.12, 0.23)  # of a box, in shares of the axes

    def __init__(self, ax: Axes, nodes: int) -> None:
        ax.set(xlim=(-0.02, 1.02), ylim=(0, 1))
        ax.set_axis_off()
        size = plt.rcParams["font.size"]
        put = ax.add_artist
        caption = "in each box: name, value, and below it\nthe slope of the end with respect to it"
        ax.text(-0.01, 0.99, caption, **_CAPTION)
        width, height = self.SIZE
        self.boxes = ax.add_collection(PolyCollection([], **_BOX))  # as one artist: a fifth of the time of seven
        self.names = [put(Stamp(size=size, bold=True)) for _ in range(nodes)]
        thin, thick = ({"linewidth": points * style.scale()} for points in (0.8, 2.5))
        self.floors = ax.add_collection(PolyCollection([], **_FLOOR, **thin))
        self.frame = ax.add_patch(Rectangle((0, 0), width, height, **_FRAME, **thick))
        self.ways = ax.add_collection(LineCollection([], **_WAY))
        self.heads = ax.scatter([], [], marker=">", s=(6 * style.scale()) ** 2, zorder=1)
        self.slopes = [put(Stamp(size=0.86 * size, face="white")) for _ in range(2 * nodes)]
        self.data = [put(Stamp(size=0.86 * size)) for _ in range(nodes)]
        self.grads = [put(Stamp(size=0.86 * size)) for _ in range(nodes)]
        self._layout: object = None

    @property
    def moving(self) -> list[Artist]:
        """All artists that `show` changes."""
        texts = [*self.slopes, *self.names, *self.data, *self.grads]
        return [self.ways, self.heads, self.boxes, self.floors, *texts, self.frame]

    def show(self, nodes: tuple[Node, ...]) -> None:
        """Shows these nodes: what is known of each, and what has been passed on."""
        layout = [(node.name, node.column, node.row, [one for one, _ in node.slopes]) for node in nodes]
        if layout != self._layout:
            self._layout = layout
            self._lay_out(nodes)
        turn = next((k for k, node in enumerate(nodes) if node.turn), -1)
        self.frame.set_visible(turn >= 0)
        self.frame.set_xy(self._corner(nodes[turn]))
        fills = signed(0.5 * np.clip([node.grad / 4 for node in nodes], -1, 1))
        fills[[node.state != FINAL for node in nodes]] = 1  # white
        self.floors.set_facecolor(fills)
        for k, node in enumerate(nodes):
            self._write(k, node)
        edges = [(k, slope) for k, node in enumerate(nodes) for _one, slope in node.slopes]
        colors = [BLUE if k < turn else GREY for k, _slope in edges]
        self.ways.set(color=colors, linewidth=[style.scale() * (2 if k < turn else 1) for k, _slope in edges])
        self.heads.set_color(colors)
        for label, color, (_k, slope) in zip(self.slopes, colors, edges, strict=False):
            label.say(f"×{_short(slope, digits=2)}", color=color)

    def _write(self, k: int, node: Node) -> None:
        words = {UNTOUCHED: "?", PARTIAL: f"{_short(node.grad)} + …", FINAL: _short(node.grad)}
        self.data[k].say(_short(node.data))
        self.grads[k].say(words[node.state])

    def _lay_out(self, nodes: tuple[Node, ...]) -> None:
        """Puts boxes, names and lines to their places, and hides those that are not needed."""
        (width, height), centres = self.SIZE, [self._centre(node) for node in nodes]
        corners = [self._corner(node) for node in nodes]
        self.boxes.set_verts([_rectangle(*corner, width, height) for corner in corners])
        self.floors.set_verts([_rectangle(*corner, width, 0.36 * height) for corner in corners])
        for k, texts in enumerate(zip(self.names, self.data, self.grads, strict=True)):
            for text in texts:
                text.set_visible(k < len(nodes))
            if k < len(nodes):
                x, y = centres[k]
                for text, up in zip(texts, (0.33, 0.03, -0.32), strict=True):
                    text.say(nodes[k].name, at=(x, y + up * height))
        edges = [(k, one) for k, node in enumerate(nodes) for one, _ in node.slopes]
        ways = [
            _way(centres[one], centres[k], self.SIZE, twin=edges[:place].count((k, one)))
            for place, (k, one) in enumerate(edges)
        ]
        self.ways.set_segments(ways)
        self.heads.set_offsets([way[-1] for way in ways])
        for place, label in enumerate(self.slopes):
            label.set_visible(place < len(ways))
            if place < len(ways):
                (x0, y0), (x1, y1) = ways[place][-3:-1] if len(ways[place]) > 2 else ways[place]
                label.say("", at=((x0 + x1) / 2, (y0 + y1) / 2))

    def _centre(self, node: Node) -> tuple[float, float]:
        width, height = self.SIZE
        return width / 2 + node.column * (1 - width), 0.08 + height / 2 + node.row * (0.8 - height)

    def _corner(self, node: Node) -> tuple[float, float]:
        """The lower left one of its box."""
        (x, y), (width, height) = self._centre(node), self.SIZE
        return x - width / 2, y - height / 2


def _rectangle(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    """Its corners, from the lower left one on."""
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def _way(
    start: tuple[float, float], end: tuple[float, float], size: tuple[float, float], *, twin: int
) -> list[tuple[float, float]]:
    """The corners of the line from one box to another: straight to a neighbour, and around what stands between.

    Args:
        start, end: the middles of both boxes.
        size: of a box.
        twin: how many lines there are already between the two: a value may be used twice by the same one.
    """
    (x0, y0), (x1, y1), (width, height) = start, end, size
    left, right, up = x0 + width / 2, x1 - width / 2 - 0.006, 0.12 * twin
    if right - left < 0.3:
        return [(left, y0 + up), (right, y1 + up)]
    reach = 0.95 * height + up
    aside = min(y0, y1) - reach if y0 < y1 else max(y0, y1) + reach  # below for what comes from below
    return [(left, y0), (left + 0.04, aside), (right - 0.04, aside), (right, y1)]


def plot_graph(end: Value, steps: int | None = None) -> Axes:
    """Draws the graph of `end`: in each box a name, a value, and the slope of the end with respect to this value.

    Args:
        end: a value of the scalar engine.
        steps: how many steps of the backward pass; None for all.
    """
    nodes = graph(end, steps)
    wide, usual = plt.rcParams["figure.figsize"]
    ax = plt.figure(figsize=(1.25 * wide, usual)).subplots()
    GraphPicture(ax, len(nodes)).show(nodes)
    known = ", ".join(f"{node.name} {_short(node.grad)}" for node in nodes if node.state == FINAL and not node.slopes)
    found = f"slopes at the inputs: {known}." if known else "no slope has reached an input yet."
    return says(ax, f"A graph of {len(nodes)} values that ends at {_short(nodes[0].data)}; {found}")


def _short(value: float, digits: int = 3) -> str:
    text = f"{value:.{digits}g}".replace("-", "−")
    return "0" if text == "−0" else text


_CAPTION = {"ha": "left", "va": "top", "fontsize": "small", "color": NOTE}
_WAY = {"capstyle": "projecting", "joinstyle": "round", "zorder": 1}
_BOX = {"facecolor": "white", "edgecolor": GREY, "zorder": 2}
_FLOOR = {"edgecolor": GREY, "zorder": 3}
_FRAME = {"facecolor": "none", "edgecolor": BLACK, "zorder": 6}
