"""What the learner programs in lesson 06: the sliding window itself, and the same as one matrix product."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.exercise import Exercise


# ------------------------------------------------------------------------------------------------ a window that slides
def _slide_oracle(picture: Tensor, kernel: Tensor) -> Tensor:
    return F.conv2d(picture[None, None], kernel[None, None])[0, 0]


def slide_solution(picture, kernel):
    (height, width), (k, m) = picture.shape, kernel.shape
    answers = torch.zeros(height - k + 1, width - m + 1)
    for i in range(height - k + 1):
        for j in range(width - m + 1):
            answers[i, j] = (picture[i : i + k, j : j + m] * kernel).sum()
    return answers


def _slide_another(picture, kernel):
    patches = picture.unfold(0, kernel.shape[0], 1).unfold(1, kernel.shape[1], 1)  # (rows, columns, k, m)
    return (patches * kernel).sum((2, 3))


def _slide_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    sizes = ((7, 5, 3, 2), (6, 9, 2, 4), (8, 8, 3, 3))
    return [(torch.randn(h, w, generator=g), torch.randn(k, m, generator=g)) for h, w, k, m in sizes]


def _first_row(picture: Tensor, kernel: Tensor) -> Tensor:
    answers = _slide_oracle(picture, kernel)
    return torch.cat([answers[:1], torch.zeros_like(answers[1:])])


def _first_place(picture: Tensor, kernel: Tensor) -> Tensor:
    answers = torch.zeros_like(_slide_oracle(picture, kernel))
    answers[0, 0] = _slide_oracle(picture, kernel)[0, 0]
    return answers


slide = Exercise(
    "convolutions/slide",
    question="Slide `kernel` (k, m) over `picture` (H, W), one pixel at a time, wherever it fits. At each place "
    "multiply and add up. Return the map of all answers, a tensor with one number for each place.",
    cases=[(torch.arange(20.0).reshape(4, 5), torch.tensor([[1.0, 0.0], [0.0, -2.0]]))],
    hidden=_slide_cases,
    oracle=_slide_oracle,
    solution=slide_solution,
    hints=(
        "How many places are there down, and how many across? Begin with a tensor of zeros of that shape.",
        "At place i, j the window covers picture[i : i + k, j : j + m].",
        "Two loops over the places. Inside: the patch times the kernel, entry by entry, and the sum of all that.",
    ),
    why="That is all a convolution does: one small set of weights, asked at every place. PyTorch calls it `conv2d`, "
    "and does not turn the kernel round first, as the convolution of mathematics does.",
    another=_slide_another,
    wrong={
        "kernel turned round": (
            lambda picture, kernel: _slide_oracle(picture, kernel.flip(0, 1)),
            "You turn the kernel upside down and left to right, as in mathematics. Deep learning leaves it as it is.",
        ),
        "turned upside down": (
            lambda picture, kernel: _slide_oracle(picture, kernel.flip(0)),
            "Your kernel stands upside down. Its first row meets the first row of the patch.",
        ),
        "no sum": (
            lambda picture, kernel: picture[: kernel.shape[0], : kernel.shape[1]] * kernel,
            "The shape is that of the kernel: these are the products at one place. Add them up, at each place.",
        ),
        "only the first row": (
            lambda picture, kernel: _first_row(picture, kernel),
            "All rows but the first are 0. Does a `return` stand inside the loop over the rows?",
        ),
        "only the first place": (
            lambda picture, kernel: _first_place(picture, kernel),
            "Only the first place has an answer. Does a `return` stand inside the loops?",
        ),
        "one place too few": (
            lambda picture, kernel: _slide_oracle(picture, kernel)[:-1, :-1],
            "The shape shows one place too few each way. The last place is height − k, and range() stops before its "
            "end.",
        ),
        "the mean": (
            lambda picture, kernel: _slide_oracle(picture, kernel) / kernel.numel(),
            "You take the mean of the products. Asked for is their sum.",
        ),
        "row and column swapped": (
            lambda picture, kernel: _slide_oracle(picture, kernel).T,
            "The shape has rows and columns swapped: answers[i, j] belongs to the window at row i, column j.",
        ),
        "kernel on its side": (
            lambda picture, kernel: _slide_oracle(picture, kernel.T),
            "You use the kernel on its side, which also gives the map another shape. Its rows go with the rows of the "
            "picture.",
        ),
        "a place for each pixel": (
            lambda picture, kernel: _slide_oracle(
                F.pad(picture, (0, kernel.shape[1] - 1, 0, kernel.shape[0] - 1)), kernel
            ),
            "Your map has the shape of the picture. The window fits in fewer places, since it must not hang over.",
        ),
        "padded": (
            lambda picture, kernel: F.conv2d(picture[None, None], kernel[None, None], padding=kernel.shape[0] - 1)[
                0, 0
            ],
            "The shape shows that you let the window hang over the edge. Here it goes only where it fits.",
        ),
    },
)


# -------------------------------------------------------------------------------------------------- as a matrix product
def _matmul_oracle(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight)


def as_matmul_solution(x, weight):
    (B, _, H, W), (outputs, _, k, _) = x.shape, weight.shape
    patches = torch.nn.functional.unfold(x, k)  # (B, C * k * k, places): one column for each place
    out = weight.reshape(outputs, -1) @ patches  # (B, O, places)
    return out.reshape(B, outputs, H - k + 1, W - k + 1)


def _patches(x: Tensor, k: int) -> Tensor:
    return F.unfold(x, k)


def _product(x: Tensor, weight: Tensor, rows: Tensor) -> Tensor:
    """The solution with another matrix in the place of the weights."""
    k = weight.shape[2]
    out = rows @ _patches(x, k)
    return out.reshape(len(x), len(weight), x.shape[2] - k + 1, x.shape[3] - k + 1)


def _swapped(x: Tensor, weight: Tensor) -> Tensor:
    k = weight.shape[2]
    out = weight.flatten(1) @ _patches(x, k)
    return out.reshape(len(x), len(weight), x.shape[3] - k + 1, x.shape[2] - k + 1)


def _matmul_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    shapes = (((2, 3, 7, 6), (4, 3, 3, 3)), ((3, 2, 5, 8), (5, 2, 2, 2)))
    return [(torch.randn(x, generator=g), torch.randn(w, generator=g)) for x, w in shapes]


as_matmul = Exercise(
    "convolutions/as_matmul",
    question="Do a convolution with one matrix product. `x` is (B, C, H, W), `weight` (O, C, k, k); stride 1, no "
    "padding, no bias. `torch.nn.functional.unfold(x, k)` writes each patch as a column: (B, C·k·k, places). Return "
    "the O maps, (B, O, H−k+1, W−k+1).",
    cases=[(torch.arange(12.0).reshape(1, 1, 3, 4), torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]))],
    hidden=_matmul_cases,
    oracle=_matmul_oracle,
    solution=as_matmul_solution,
    hints=(
        "A place is a column of C·k·k numbers. What does one output map need at each place? A row of as many weights.",
        "Make a matrix of the weights, one row for each output map: (O, C·k·k). Times the columns: (B, O, places).",
        "The product with `patches`, picture by picture, is (B, O, places): `@` leaves the first axis alone. "
        "The places come row by row: reshape gives them back their rows and columns.",
    ),
    why="So a convolution is a dense layer after all, asked once for each patch. GPUs are fast at matrix products, and "
    "this is one way in which libraries compute it.",
    another="`torch.einsum('ok,bkp->bop', weight.flatten(1), patches)` names the axes; or write the whole picture as "
    "one row, and the matrix of the explorer above takes it to all answers at once.",
    wrong={
        "height and width swapped": (
            _swapped,
            "Your maps have the shape W × H. The places come row by row: H − k + 1 rows of W − k + 1.",
        ),
        "not folded back": (
            lambda x, weight: weight.flatten(1) @ _patches(x, weight.shape[2]),
            "The shape shows all places in a line. The numbers are right: give them back their rows and columns.",
        ),
        "weights on their side": (
            lambda x, weight: _product(x, weight, weight.transpose(2, 3).flatten(1)),
            "Your windows lie on their side: their rows and columns are swapped before they are written as rows.",
        ),
        "the window's pixels before the maps": (
            lambda x, weight: _product(x, weight, weight.permute(0, 2, 3, 1).flatten(1)),
            "You write the weights with the input maps last. unfold goes map by map, and within a map row by row.",
        ),
        "maps taken for windows": (
            lambda x, weight: _product(x, weight, weight.transpose(0, 1).reshape(len(weight), -1)),
            "You mix input and output maps. Keep O first, and flatten the rest of each.",
        ),
        "turned round": (
            lambda x, weight: _product(x, weight, weight.flip(2, 3).flatten(1)),
            "You turn the kernels round, as in mathematics. conv2d does not.",
        ),
        "only one input map": (
            lambda x, weight: F.conv2d(x[:, :1], weight[:, :1]),
            "You use the first input map alone. Each output map adds up over all of them.",
        ),
        "the mean over the window": (
            lambda x, weight: F.conv2d(x, weight) / weight[0].numel(),
            "You divide by the size of the window. A product of matrices adds up, and so does a convolution.",
        ),
    },
)
