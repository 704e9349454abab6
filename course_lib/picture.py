"""One picture from a file, as it was meant to be seen, and as the tensor that a net reads.

Pillow decodes; this says what else has to be done. A camera writes its pictures lying on their side and notes how to
turn them, a drawing is transparent where the paper would be, 16-bit grey has 65,536 shades, and a download may be no
picture at all.

Introduced in lesson 08 (transfer_learning).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from course_lib.number_checks import whole_number

# Mean and standard deviation of the red, green and blue of ImageNet's training pictures, on a scale from 0 to 1.
# Source: torchvision's reference training, with which its published weights were made.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

PIXELS = 80_000_000  # a picture may have; in RGB that is 240 MB
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")  # Pillow's other decoders are rare, and so are those who look after them
_LONG = 64  # times the shorter side; what is longer loses its ends before it is made smaller

# How files begin that are taken for pictures, and what to say about them. Read from top to bottom.
_BEGINNINGS = (
    (rb"\xff\xd8|\x89PNG|RIFF....WEBP|BM", "broken: it begins like a picture, but what follows makes no sense"),
    (rb"GIF8", "a GIF, made for drawings and animations; save it as PNG or JPEG"),
    (rb"....ftyp(heic|heix|mif1|msf1|avif)", "HEIC or AVIF, which this course does not read; save it as JPEG"),
    (rb"II\*\0|MM\0\*", "a TIFF or raw file; save it as JPEG or PNG"),
    (rb"(?i)\s*<(!doctype|html|\?xml|svg)", "a web page (or a drawing as text), saved under the name of a picture"),
    (rb"PK\x03\x04|\x1f\x8b", "an archive; unpack it first"),
    (rb"%PDF", "a PDF document"),
)  # fmt: skip


class NotAPicture(ValueError):
    """A file that cannot be read as a picture.

    Attributes:
        path: which file.
        why: the reason, as the end of a sentence.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{str(path)!r} cannot be read as a picture: {why}.")
        self.path, self.why = path, why

    def __reduce__(self) -> tuple[Any, ...]:  # two arguments, not the one sentence: so that it survives pickling
        return type(self), (self.path, self.why)


def read_picture(path: str | Path) -> Image.Image:
    """Return the picture in a file, upright and in RGB.

    JPEG, PNG, WebP and BMP, known by their content, whatever the name ends in. Turned as the camera noted (EXIF); grey,
    black and white, palette and CMYK become RGB; of 16 bits the upper 8 are kept; what is transparent becomes white.
    Colour profiles are not applied. A picture of several frames is refused, because nobody said which frame is meant;
    a camera's picture that carries a second one as a preview (MPO) gives the first.

    Raises:
        NotAPicture: the file is missing, empty, broken, cut off, no picture, a GIF, an animation, or has more than 80
            million pixels, which is found before any is decoded.
    """
    with _opened(path) as image:
        image.load()
        try:
            image = ImageOps.exif_transpose(image)
        except Exception:  # the note is broken, the picture is not
            pass
        return _rgb(image)


def check_picture(path: str | Path) -> None:
    """Look at the beginning of a file only: format and size. What is broken further on shows when it is read.

    Raises:
        NotAPicture: as ``read_picture``, as far as the beginning tells.
    """
    with _opened(path):
        pass


def as_bytes(image: Image.Image, *, size: int, channels: int = 3) -> torch.Tensor:
    """Return the middle of a picture: (channels, size, size) uint8.

    The shorter side becomes ``size * 256 / 224`` pixels, then a square is cut from the middle: of each picture the same
    share is seen, whatever the size. Bilinear, and averaging where the picture shrinks (antialiased).

    Args:
        image: in RGB, as ``read_picture`` gives it.
        size: height and width of the square, in pixels.
        channels: 3 for colour, 1 for grey.

    Source: the evaluation transform of torchvision's ResNet weights: resize to 256, then cut 224.
    """
    if channels not in (1, 3):
        raise ValueError(f"channels is 3 for colour or 1 for grey, not {channels!r}.")
    image = _without_ends(image.convert("L" if channels == 1 else "RGB"))
    short = round(size * 256 / 224)
    width, height = (int(short * side / min(image.size)) for side in image.size)
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = round((width - size) / 2), round((height - size) / 2)
    pixels = np.array(image.crop((left, top, left + size, top + size)))  # (size, size, 3) or (size, size)
    return torch.from_numpy(pixels).reshape(size, size, channels).permute(2, 0, 1).contiguous()


def normalise(pixels: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Return bytes (..., C, H, W) as float32: a channel at ``mean`` becomes 0, at ``mean + std`` 1.

    Args:
        pixels: uint8.
        mean, std: a number for each channel, on a scale where 0 is black and 1 is white.
    """
    mean, std = (torch.tensor(list(v), device=pixels.device)[:, None, None] for v in (mean, std))  # (C, 1, 1)
    return (pixels.float() / 255 - mean) / std


def check_settings(size: int, mean: Sequence[float], std: Sequence[float], channels: int) -> None:
    """Refuse settings with which no picture can be made into a tensor.

    Raises:
        ValueError: with the one that is wrong.
    """
    whole_number("size", size, least=1)
    if channels not in (1, 3):
        raise ValueError(f"channels is 3 for colour or 1 for grey, not {channels!r}.")
    for name, values in (("mean", mean), ("std", std)):
        if not isinstance(values, Sequence) or len(values) != channels:
            example = "(0.5,)" if channels == 1 else "(0.5, 0.5, 0.5)"
            raise ValueError(
                f"{name} holds one number for each of {channels} channels, as in {example}, not {values!r}."
            )
    if not all(value > 0 for value in std):
        raise ValueError(f"std is divided by, so each number is above 0, not {std!r}.")


@contextmanager
def _opened(path: str | Path) -> Iterator[Image.Image]:
    """Open a picture, decode nothing yet; whatever fails inside the block, too, becomes ``NotAPicture``."""
    path = Path(path)
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of sizes, notes and palettes; each is dealt with here
            image = _image(path, file)
            _check_size(path, image.width * image.height)
            if getattr(image, "is_animated", False) and image.format != "MPO":
                raise NotAPicture(path, f"an animation of {image.n_frames} frames; save the one that you mean as PNG")
            yield image
    except NotAPicture:
        raise
    except FileNotFoundError:
        raise NotAPicture(path, "there is no such file") from None
    except (PermissionError, IsADirectoryError) as error:
        raise NotAPicture(path, f"it cannot be opened ({error.strerror})") from error
    except Exception as error:  # a broken file fails in whatever place of a decoder it happens to reach
        why = "broken: the file ends too early" if "truncated" in str(error) else f"broken: {error}".rstrip(". ")
        raise NotAPicture(path, why) from error


def _image(path: Path, file: BinaryIO) -> Image.Image:
    beginning = file.read(64)
    if not beginning:
        raise NotAPicture(path, "the file is empty (0 bytes)")
    file.seek(0)
    try:
        return Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError as error:  # above Pillow's own limit, which is the higher one
        _check_size(path, int(re.search(r"\d+", str(error))[0]))
        raise
    except UnidentifiedImageError:
        for pattern, why in _BEGINNINGS:
            if re.match(pattern, beginning, re.DOTALL):
                raise NotAPicture(path, why) from None
        raise NotAPicture(path, "its content is that of no picture, whatever its name says") from None


def _check_size(path: Path, pixels: int) -> None:
    if pixels > PIXELS:
        raise NotAPicture(
            path,
            f"{pixels / 1e6:,.0f} million pixels are more than the {PIXELS / 1e6:.0f} million that are read here; "
            f"save it smaller",
        )


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):  # Pillow's own conversion makes every shade above 255 white
        image = Image.fromarray((np.asarray(image) / 257).round().clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _without_ends(image: Image.Image) -> Image.Image:
    """Shorten what is very long: a strip of 1 x 10,000 pixels would otherwise become one of 256 x 2,560,000."""
    width, height = image.size
    keep = _LONG * min(width, height)
    if max(width, height) <= keep:
        return image
    left, top = max(0, (width - keep) // 2), max(0, (height - keep) // 2)
    return image.crop((left, top, min(width, left + keep), min(height, top + keep)))
