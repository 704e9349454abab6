"""The scalar engine of lesson 04, as the notebook shows it: numbers that remember how they were computed.

Source: ours; the idea is reverse-mode differentiation (Linnainmaa 1970). torch.autograd does the same for tensors.
"""

import math


class Value:
    """A number that remembers what it was computed from, and how fast it follows each of these."""

    made = 0  # counts: a value can only depend on values with smaller numbers

    def __init__(self, data, inputs=(), slopes=(), name=""):
        self.data, self.inputs, self.slopes, self.name = data, inputs, slopes, name
        self.grad = 0.0
        Value.made += 1
        self.number = Value.made

    def __add__(self, other):
        other = as_value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __sub__(self, other):
        other = as_value(other)
        return Value(self.data - other.data, (self, other), (1.0, -1.0), "−")

    def __mul__(self, other):
        other = as_value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "×")

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),), f"power {n}")

    def tanh(self):
        return Value(math.tanh(self.data), (self,), (1 - math.tanh(self.data) ** 2,), "tanh")

    def relu(self):
        return Value(max(0.0, self.data), (self,), (float(self.data > 0),), "relu")

    __radd__, __rmul__ = __add__, __mul__

    def history(self):
        """Everything this value was computed from, itself included, the latest first."""
        found, todo = {self}, [self]
        while todo:
            new = set(todo.pop().inputs) - found
            found |= new
            todo += new
        return sorted(found, key=lambda value: value.number, reverse=True)

    def backward(self):
        history = self.history()
        for value in history:
            value.grad = 0.0 if value.inputs else value.grad  # only what was put in keeps its sum
        self.grad += 1.0
        for value in history:
            for one, slope in zip(value.inputs, value.slopes, strict=True):
                one.grad += slope * value.grad


def as_value(x):
    return x if isinstance(x, Value) else Value(x, name=f"{x:g}")
