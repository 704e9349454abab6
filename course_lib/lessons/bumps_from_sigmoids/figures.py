"""The still figures of lesson 02, each of which takes what the notebook computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import torch

from course_lib import style
from course_lib.axes import level
from course_lib.colors import BAND, BLACK, BLUE, GREY, MODEL, ORANGE, WINE
from course_lib.lessons.bumps_from_sigmoids.nets import CLOSES, OPENS, coffee, rmse
from course_lib.show import says

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor, nn

    from course_lib.runs import Runs


def plot_coffee(ax: Axes | None = None) -> Axes:
    """Draws the 140 measurements, and the same amount all day: their mean."""
    ax = _points(ax)
    litres = coffee()[1]
    level(ax, float(litres.mean()), "the mean")
    top = float(litres.max())
    return says(ax, f"Litres of coffee by hour: five peaks, up to {top:.1f} litres; the mean is {litres.mean():.1f}.")


def plot_errors(errors: dict[int, float], mean: float, others: dict[str, tuple[int, float]] | None = None) -> Axes:
    """Draws the RMSE against the number of equal bumps, both logarithmic, with the line of the mean and of its half.

    Args:
        errors: number of bumps -> RMSE in litres.
        mean: RMSE of the mean.
        others: name -> (number of bumps, RMSE), drawn as diamonds.
    """
    ax = plt.figure().subplots()
    ax.plot(list(errors), list(errors.values()), marker="o", color=BLUE, label="equal bumps")
    for value, name in ((mean, "the mean"), (mean / 2, "half of it")):
        level(ax, value, name)
    for k, (name, (n, error)) in enumerate((others or {}).items()):
        ax.plot(
            [n],
            [error],
            "D^"[k % 2],
            color=(ORANGE, WINE)[k % 2],
            markersize=8 * style.scale(),
            linestyle="none",
            label=name,
        )
    ax.set(xscale="log", yscale="log", xlabel="number of bumps, log scale", ylabel="RMSE in litres, log scale")
    ax.set_xticks(list(errors), [str(n) for n in errors])
    ax.set_yticks((0.1, 0.2, 0.5, 1), ("0.1", "0.2", "0.5", "1"))
    ax.minorticks_off()
    ax.legend(loc="lower left")
    words = ", ".join(f"{error:.2f} with {n}" for n, error in errors.items())
    more = "".join(f" {name}: {error:.2f}." for name, (_, error) in (others or {}).items())
    return says(ax, f"RMSE of equal bumps: {words}; the mean has {mean:.2f}.{more}")


def plot_outside(net: nn.Module) -> Axes:
    """Draws what a net of the hour says over a whole day, beyond the hours that it was built for."""
    ax = _points()
    hour = torch.linspace(4, 22, 1801)[:, None]
    with torch.no_grad():
        ax.plot(hour[:, 0], net(hour)[:, 0], **MODEL)
    ax.axvspan(OPENS, CLOSES, color=GREY, alpha=0.1, linewidth=0)
    ax.set(xlim=(4, 22), xticks=range(4, 23, 2), title="a net asked for hours that it has never seen")
    return says(ax, "The net follows the points between 8 h and 18 h, and is level at 0 litres before and after.")


def plot_drawn(curve: Tensor, line: Tensor) -> Axes:
    """Draws a trained net over the points, with the best straight line.

    Args:
        curve: (140,) litres, the net's output at the training hours.
        line: (140,) litres.
    """
    ax = _points()
    hour, litres = coffee()
    order = hour[:, 0].argsort()
    ax.plot(
        hour[order, 0], line[order], color=ORANGE, linewidth=5 * style.scale(), alpha=0.45, label="best straight line"
    )
    ax.plot(hour[order, 0], curve[order], label="the trained net", **MODEL)
    ax.legend(loc="upper right")
    words = (
        f"The trained net has an RMSE of {rmse(curve - litres):.3f} litres, the best line {rmse(line - litres):.3f}."
    )
    return says(ax, f"{words} Net and line differ by {rmse(curve - line):.3f}.")


def plot_untrained_units(nets: dict[str, tuple[nn.Module, float, float]]) -> Axes:
    """Draws what each hidden unit of an untrained net says, once for each range of the inputs.

    Args:
        nets: title -> (net, lowest input, highest input).
    """
    axes = plt.figure().subplots(1, len(nets), sharey=True)
    bends = []
    for ax, (title, (net, low, high)) in zip(axes, nets.items(), strict=True):
        x = torch.linspace(low, high, 201)[:, None]
        with torch.no_grad():
            units = net[1](net[0](x))  # (201, H)
        ax.plot(x, units, color=BLUE, linewidth=0.9 * style.scale(), alpha=0.7)
        ax.set(xlim=(low, high), ylim=(0, 1), xlabel="input x", title=title)
        chord = torch.lerp(units[:1], units[-1:], torch.linspace(0, 1, 201)[:, None])
        bends.append(float((units - chord).abs().max(0).values.median()))
    axes[0].set_ylabel("a unit says")
    words = " and ".join(f"{bend:.3f} for {title}" for bend, title in zip(bends, nets, strict=True))
    return says(axes[0], f"Each curve is a unit of an untrained net. How far the median unit bends: {words}.")


def plot_rates(sweeps: dict[str, Runs], line: float, mean: float) -> Axes:
    """Draws the RMSE after training against the rate: the median of the seeds and their band, one curve a recipe.

    Args:
        sweeps: name of the recipe -> its runs, swept over lr.
        line, mean: RMSE of the best straight line, and of the mean.
    """
    ax = plt.figure().subplots()
    for k, (name, runs) in enumerate(sweeps.items()):
        error = runs["train_loss"][-1].sqrt().nan_to_num(nan=9).clamp(max=2).numpy()  # (rates, seeds)
        rates, color = np.asarray(runs.axes["lr"]), (BLUE, WINE, ORANGE, BLACK)[k % 4]
        ax.fill_between(rates, error.min(1), error.max(1), color=color, **BAND)
        ax.plot(rates, np.median(error, 1), color=color, marker="os^D"[k % 4], linestyle=("-", "--")[k % 2], label=name)
    for value, name in ((mean, "mean"), (line, "line")):
        level(ax, value, name)
    ax.set(xscale="log", xlabel="learning rate, log scale", ylabel="RMSE in litres", ylim=(0, 1.5))
    ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
    ax.minorticks_off()
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    words = "; ".join(f"{name}: {lowest_median(runs) ** 0.5:.2f}" for name, runs in sweeps.items())
    return says(ax, f"RMSE against the rate, each the median of five seeds, at its lowest: {words}. Line: {line:.2f}.")


def lowest_median(runs: Runs) -> float:
    """The training loss at the best rate: the lowest of the medians over seeds."""
    return float(runs["train_loss"][-1].nan_to_num(nan=torch.inf).median(1).values.min())


def plot_rises(nets: dict[str, tuple[nn.Module, float, float]]) -> Axes:
    """Draws where each hidden unit rises from 0.1 to 0.9: a bar for each unit, sorted by place.

    Args:
        nets: title -> (1-H-1 sigmoid net, its input at 8 h, its input at 18 h).
    """
    axes = plt.figure().subplots(1, len(nets), sharey=True)
    said = []
    for ax, (title, (net, low, high)) in zip(axes, nets.items(), strict=True):
        order = _place(net, low, high).argsort()
        signs = (net[2].weight[0] * net[0].weight[:, 0]).detach()[order]
        start, end = (hours[order] for hours in _rises(net, low, high))
        for k, (a, b, sign) in enumerate(zip(start.tolist(), end.tolist(), signs.tolist(), strict=True)):
            look = {"color": BLUE, "linestyle": "-"} if sign > 0 else {"color": ORANGE, "linestyle": (0, (2, 0.6))}
            ax.plot([a, b], [k, k], linewidth=3 * style.scale(), solid_capstyle="butt", **look)
        ax.set(xlim=(OPENS, CLOSES), xticks=range(8, 19, 2), xlabel="hour of the day", title=title)
        counts = ", ".join(str(each) for each in on_their_way(net, low, high, hours=(9, 12.5, 17)))
        said.append(f"{title}: {counts}")
    axes[0].set_ylabel("unit, by place")
    up, down = (
        axes[-1].plot([], [], color=c, linewidth=3 * style.scale(), label=t)[0]
        for c, t in ((BLUE, "up"), (ORANGE, "down"))
    )
    down.set_linestyle((0, (2, 0.6)))
    axes[-1].legend(handles=[up, down], loc="lower right")
    return says(axes[0], f"Where each unit rises or falls. On their way at 9, 12.5 and 17 h: {'; '.join(said)}.")


def on_their_way(net: nn.Module, low: float, high: float, *, hours: tuple[float, ...]) -> list[int]:
    """How many units are between 0.1 and 0.9 at each of these hours.

    Args:
        net: a 1-H-1 sigmoid net.
        low, high: its input at 8 h and at 18 h.
        hours: of the day.
    """
    start, end = _rises(net, low, high)
    return [int(((start < hour) & (hour < end)).sum()) for hour in hours]


def _place(net: nn.Module, low: float, high: float) -> Tensor:
    w, b = net[0].weight[:, 0].detach(), net[0].bias.detach()
    return OPENS + (CLOSES - OPENS) * (-b / w - low) / (high - low)


def _rises(net: nn.Module, low: float, high: float) -> tuple[Tensor, Tensor]:
    """Hours at which each unit begins and ends its rise from 0.1 to 0.9 (or its fall)."""
    half = np.log(9) / net[0].weight[:, 0].detach().abs() * (CLOSES - OPENS) / (high - low)
    return _place(net, low, high) - half, _place(net, low, high) + half


def plot_depths(results: dict[str, dict[int, Tensor]]) -> Axes:
    """Draws the share of new points named correctly against the number of layers: median and band of the seeds.

    Args:
        results: name -> {layers: (S,) accuracy of each seed}; a name with "own" in it is drawn solid.
    """
    ax = plt.figure().subplots()
    for name, depths in results.items():
        share = torch.stack(list(depths.values()))  # (depths, S)
        own = "own" in name
        color = BLUE if own else ORANGE
        ax.fill_between(list(depths), share.min(1).values, share.max(1).values, color=color, **BAND)
        look = {"marker": "s"} if own else {"marker": "o", "markerfacecolor": "white", "linestyle": "--"}
        ax.plot(list(depths), share.median(1).values, color=color, label=name, **look)
    level(ax, 0.5, "guessing")
    ax.set(xlabel="hidden layers", ylabel="accuracy on new points", ylim=(0.36, 1.03), xticks=list(depths))
    ax.legend(loc="lower center", ncols=2)
    words = "; ".join(
        f"{name}: " + ", ".join(f"{float(v.median()):.2f} with {d}" for d, v in depths.items())
        for name, depths in results.items()
    )
    return says(ax, f"Accuracy on new points against the number of layers, medians. {words}.")


def _points(ax: Axes | None = None) -> Axes:
    """Axes with the 140 measurements."""
    ax = ax or plt.figure().subplots()
    hour, litres = coffee()
    ax.plot(hour, litres, "o", color=GREY, markersize=4 * style.scale(), markeredgewidth=0, alpha=0.75)
    ax.set(xlim=(OPENS, CLOSES), ylim=(-0.6, 6), xticks=range(8, 19), xlabel="hour of the day")
    ax.set_ylabel("coffee in litres")
    return ax
