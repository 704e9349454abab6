"""A net as a table: what every layer puts out, how many parameters it has and how much it computes.

Introduced in lesson 06 (convolutions). Source: ours; Keras' ``model.summary()`` made such a table usual.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from course_lib.layer_calls import LayerCall, layer_calls, layers
from course_lib.multiply_adds import own_parameters
from course_lib.number_checks import is_whole, whole_number
from course_lib.summary_table import as_html, as_text


@dataclass(frozen=True)
class Row:
    """One layer, or one of the shapes that it puts out.

    Attributes:
        name: as in ``model.named_modules()``; a model that is itself one layer goes by its class.
        kind: its class, such as "Conv2d".
        shape: of what it puts out, the batch first; None when it was not called, or put out no tensor.
        parameters: how many it has that no row above has.
        trainable: how many of these have ``requires_grad``.
        shared: whether it has some that stand in a row above.
        multiply_adds: of all its calls together; None where they are not counted.
        calls: how often it was called and put out this shape.
    """

    name: str
    kind: str
    shape: tuple[int, ...] | None
    parameters: int
    trainable: int
    shared: bool
    multiply_adds: int | None
    calls: int


@dataclass(frozen=True)
class Summary:
    """The table, which shows itself in a notebook and in ``print``, and its totals.

    Attributes:
        rows: the layers in the order of their calls; those that were not called come last.
        parameters, trainable: of the whole model, each once, however often it is used.
        buffers: how many numbers the model keeps besides, such as the running means of batch norm.
        input_shape: what the model was given, the batch first.
    """

    rows: tuple[Row, ...]
    parameters: int
    trainable: int
    buffers: int
    input_shape: tuple[int, ...]

    @property
    def multiply_adds(self) -> int:
        """The sum of all that are counted."""
        return sum(row.multiply_adds or 0 for row in self.rows)

    @property
    def not_counted(self) -> tuple[str, ...]:
        """Names of the layers with weights whose multiply-adds are not in the sum."""
        return tuple(dict.fromkeys(row.name for row in self.rows if row.multiply_adds is None))

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


def summary(
    model: nn.Module, shape: tuple[int, ...], *, batch_size: int = 1, dtype: torch.dtype | None = None
) -> Summary:
    """Show what every layer of ``model`` makes of one batch of zeros.

    One multiply-add is an input times a weight, added to a sum. Biases are not counted, nor what a ``forward`` computes
    besides its layers (``q @ k.T``, ``F.conv2d``). The model is called once, in eval mode and without gradients;
    training flags, buffers and random numbers are afterwards as they were. On the meta device it costs no memory.

    Args:
        model: any nn.Module that takes one tensor.
        shape: of one example, without the batch: (1, 28, 28) for a picture, (T, D) for a sequence.
        batch_size: B, how many examples. The multiply-adds are those of all.
        dtype: of the input; without it that of the weights. ``torch.long`` for a model that begins with an embedding.

    Raises:
        ValueError: an argument of another kind; a model whose forward fails, with the layer and the shape it gets.

    >>> summary(nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3)), (4,)).multiply_adds
    112
    """
    _check(model, shape, batch_size, dtype)
    tensors = [*model.parameters(), *model.buffers()]
    device = tensors[0].device if tensors else torch.device("cpu")
    floats = next((tensor.dtype for tensor in tensors if tensor.is_floating_point()), torch.float32)
    x = torch.zeros(batch_size, *shape, dtype=dtype or floats, device=device)
    return Summary(
        rows=_rows(model, layer_calls(model, x)),
        parameters=sum(p.numel() for p in model.parameters()),
        trainable=sum(p.numel() for p in model.parameters() if p.requires_grad),
        buffers=sum(buffer.numel() for buffer in model.buffers()),
        input_shape=tuple(x.shape),
    )


def _rows(model: nn.Module, calls: list[LayerCall]) -> tuple[Row, ...]:
    named = layers(model)
    grouped: dict[tuple[str, tuple[int, ...] | None], list[int | None]] = {}
    for call in calls:
        grouped.setdefault((call.name, call.shape), []).append(call.multiply_adds)
    called = {name for name, _ in grouped}
    grouped |= {(name, None): [] for name, layer in named.items() if name not in called and own_parameters(layer)}
    rows, above = [], set()
    for (name, shape), counts in grouped.items():
        own = own_parameters(named[name])
        new = [p for p in own if id(p) not in above]
        above.update(map(id, own))
        rows.append(
            Row(
                name=name,
                kind=type(named[name]).__name__.removeprefix("Parametrized"),
                shape=shape,
                parameters=sum(p.numel() for p in new),
                trainable=sum(p.numel() for p in new if p.requires_grad),
                shared=len(new) < len(own),
                multiply_adds=None if None in counts or not counts else sum(counts),
                calls=len(counts),
            )
        )
    return tuple(rows)


def _check(model: object, shape: object, batch_size: object, dtype: object) -> None:
    if not isinstance(model, nn.Module):
        raise ValueError(f"summary looks into an nn.Module; it was given {model!r}.")
    if lazy := [name for name, p in model.named_parameters() if is_lazy(p)]:
        raise ValueError(f"{lazy[0]} has no size yet: call the model once, so that its lazy layers take theirs.")
    if not isinstance(shape, tuple | list) or not all(is_whole(size, least=1) for size in shape):
        raise ValueError(f"shape is that of one example, without the batch, as in (1, 28, 28), not {shape!r}.")
    whole_number("batch_size", batch_size, least=1)
    if not isinstance(dtype, torch.dtype | None):
        raise ValueError(f"dtype is a torch.dtype, such as torch.long, not {dtype!r}.")
