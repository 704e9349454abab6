"""Every kind of picture that cameras, phones and drawing programs write is read as it was meant, or refused by name."""

import pickle
import struct
import zlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from course_lib.picture import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    NotAPicture,
    as_bytes,
    check_picture,
    check_settings,
    normalise,
    read_picture,
)

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def quarters() -> Image.Image:
    """64 x 32 pixels: red and green above, blue and white below."""
    image = Image.new("RGB", (64, 32))
    for k, colour in enumerate([RED, GREEN, BLUE, WHITE]):
        image.paste(colour, (32 * (k % 2), 16 * (k // 2), 32 * (k % 2) + 32, 16 * (k // 2) + 16))
    return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours in the middle of the four quarters: above from left to right, then below."""
    width, height = image.size
    return [image.getpixel((width * x // 4, height * y // 4)) for y in (1, 3) for x in (1, 3)]


def near(colours, wanted, *, by=6):
    return all(abs(a - b) <= by for x, y in zip(colours, wanted, strict=True) for a, b in zip(x, y, strict=True))


def huge_png() -> bytes:
    """The beginning of a PNG that says it has 30,000 x 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("kind", "by"), [("png", 0), ("bmp", 0), ("jpg", 6), ("webp", 12)])
def test_formats_give_the_same_picture(tmp_path, kind, by):
    quarters().save(path := tmp_path / f"a.{kind}")
    image = read_picture(path)
    assert (image.mode, image.size) == ("RGB", (64, 32))
    assert near(corners(image), [RED, GREEN, BLUE, WHITE], by=by)


def test_content_decides_and_not_the_name(tmp_path):
    quarters().save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(path := tmp_path / "a.jpg")
    assert corners(read_picture(str(path))) == [RED, GREEN, BLUE, WHITE]


# What has to be done to a stored picture for each note of the camera, from the Exif standard 2.3, section 4.6.4: the
# stored row 0 and column 0 are this side of the scene. Written here as NumPy turns it, independently of Pillow.
TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
@pytest.mark.parametrize("orientation", TURNS)
def test_a_picture_is_turned_as_the_camera_noted(tmp_path, orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    quarters().save(path := tmp_path / f"a.{kind}", exif=exif, lossless=True)
    image = read_picture(path)
    upright = Image.fromarray(np.ascontiguousarray(TURNS[orientation](np.asarray(quarters()))))
    assert image.size == upright.size
    assert near(corners(image), corners(upright))
    assert image.getexif().get(0x0112, 1) == 1  # nobody turns it twice


def test_a_broken_note_leaves_the_picture_as_it_is(tmp_path):
    quarters().save(path := tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff nonsense")
    assert near(corners(read_picture(path)), [RED, GREEN, BLUE, WHITE])


def test_grey_and_black_and_white(tmp_path):
    Image.fromarray(np.array([[0, 100, 255]], dtype=np.uint8)).save(path := tmp_path / "grey.png")
    assert [read_picture(path).getpixel((k, 0)) for k in range(3)] == [BLACK, (100,) * 3, WHITE]
    Image.fromarray(np.array([[False, True]])).save(path := tmp_path / "bits.png")
    assert Image.open(path).mode == "1"
    assert [read_picture(path).getpixel((k, 0)) for k in range(2)] == [BLACK, WHITE]


def test_16_bits_of_grey_keep_their_upper_8(tmp_path):
    shades = np.array([[0, 257, 257 * 100, 257 * 100 + 120, 65_535]], dtype=np.uint16)
    Image.fromarray(shades).save(path := tmp_path / "deep.png")
    assert Image.open(path).mode.startswith("I")
    assert [read_picture(path).getpixel((k, 0))[0] for k in range(5)] == [0, 1, 100, 100, 255]


def test_cmyk_becomes_the_colours_that_were_printed(tmp_path):
    ink = Image.new("CMYK", (64, 32))  # no ink is white
    ink.paste((0, 255, 255, 0), (0, 0, 32, 16))  # magenta and yellow make red
    ink.paste((0, 0, 0, 255), (32, 0, 64, 16))
    ink.paste((255, 255, 0, 0), (0, 16, 32, 32))  # cyan and magenta make blue
    ink.save(path := tmp_path / "print.jpg", quality=95)
    assert Image.open(path).mode == "CMYK"
    assert near(corners(read_picture(path)), [RED, BLACK, BLUE, WHITE])


def transparent(mode: str) -> Image.Image:
    """Red above, and below black that nobody sees: alpha 0."""
    image = Image.new("RGBA", (64, 32), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 16, 64, 32))
    if mode != "P":
        return image.convert(mode)
    flat = Image.new("P", (64, 32), 0)
    flat.putpalette([*RED, *BLACK])
    flat.paste(1, (0, 16, 64, 32))
    return flat


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_what_is_transparent_becomes_white(tmp_path, kind):
    transparent("RGBA").save(path := tmp_path / f"a.{kind}", lossless=True)
    assert corners(read_picture(path)) == [RED, RED, WHITE, WHITE]


@pytest.mark.parametrize("note", [1, b"\xff\x00"], ids=["one colour", "a table"])
def test_palettes_may_be_transparent(tmp_path, note):
    transparent("P").save(path := tmp_path / "a.png", transparency=note)
    assert Image.open(path).mode == "P"
    assert corners(read_picture(path)) == [RED, RED, WHITE, WHITE]


def test_grey_and_plain_colour_may_be_transparent(tmp_path):
    transparent("LA").save(path := tmp_path / "a.png")
    assert corners(read_picture(path))[2:] == [WHITE, WHITE]
    quarters().save(path := tmp_path / "b.png", transparency=GREEN)
    assert corners(read_picture(path)) == [RED, WHITE, BLUE, WHITE]


def test_half_transparent_is_half_white(tmp_path):
    Image.new("RGBA", (4, 4), (0, 0, 0, 128)).save(path := tmp_path / "a.png")
    assert near([read_picture(path).getpixel((1, 1))], [(127, 127, 127)], by=1)


def test_a_cameras_picture_with_a_preview_gives_the_first(tmp_path):
    quarters().save(path := tmp_path / "a.jpg", "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    assert Image.open(path).format == "MPO"
    assert near(corners(read_picture(path)), [RED, GREEN, BLUE, WHITE])


def bmp_without_pixels() -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, 0, 9, 1, 24, 0, 0, 0, 0, 0, 0)  # 0 wide, 9 high
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


def jpeg(path) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.jpg", b"", r"empty \(0 bytes\)"),
        ("note.jpg", b"I am no picture at all", "that of no picture"),
        ("error.png", b"\n<!DOCTYPE html><html>404", "web page"),
        ("phone.jpg", b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC .* JPEG"),
        ("raw.tif", b"II*\0\x08\0\0\0", "TIFF .* PNG"),
        ("all.jpg", b"PK\x03\x04rest", "archive; unpack"),
        ("header.jpg", b"\xff\xd8\xff\xe0 and then nonsense", "broken"),
        ("header.png", b"\x89PNG\r\n\x1a\n and then nonsense", "broken"),
        ("none.bmp", bmp_without_pixels(), "broken"),
        ("huge.png", huge_png(), r"900 million pixels are more than the 80 million"),
    ],
    ids=lambda value: value if str(value)[-4:-3] == "." else "",
)
def test_what_is_no_picture_is_refused_with_its_name_and_why(tmp_path, name, content, words):
    (path := tmp_path / name).write_bytes(content)
    for look in (check_picture, read_picture):
        with pytest.raises(NotAPicture, match=words) as caught:
            look(path)
        assert name in str(caught.value) and caught.value.path == path and caught.value.why in str(caught.value)


def test_a_huge_picture_is_not_decoded(tmp_path):
    """9,000 x 9,000 is below the limit of Pillow itself, and is refused before its pixels take any memory."""
    Image.new("1", (9_000, 9_000)).save(path := tmp_path / "huge.png")
    with pytest.raises(NotAPicture, match="81 million pixels"):
        check_picture(path)


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_was_cut_off_passes_the_first_look_and_fails_the_second(tmp_path, kind, share):
    content = jpeg(path := tmp_path / f"half.{kind}")
    path.write_bytes(content[: int(share * len(content))])
    if kind != "webp":  # its decoder wants to see the whole file at once
        check_picture(path)
    with pytest.raises(NotAPicture, match=rf"half\.{kind}.*broken"):
        read_picture(path)


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_an_animation_is_refused(tmp_path, kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    frames[0].save(path := tmp_path / f"moves.{kind}", save_all=True, append_images=frames[1:])
    with pytest.raises(NotAPicture, match="GIF, made for" if kind == "gif" else "animation of 3 frames"):
        check_picture(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(NotAPicture, match=r"gone\.jpg.*no such file"):
        read_picture(tmp_path / "gone.jpg")
    with pytest.raises(NotAPicture, match="cannot be opened"):
        read_picture(tmp_path)


def test_the_error_survives_pickling(tmp_path):
    error = pickle.loads(pickle.dumps(NotAPicture(tmp_path / "a.jpg", "broken")))
    assert (error.path, error.why) == (tmp_path / "a.jpg", "broken")


@pytest.mark.parametrize("sides", [(300, 400), (400, 300), (64, 64), (1000, 90), (61, 203)])
@pytest.mark.parametrize("size", [32, 224])
def test_bytes_are_those_of_the_published_transform(sides, size):
    """Held against PyTorch's own antialiased resizing: shorter side to 256 / 224 of the size, then the middle."""
    height, width = sides
    rough = np.random.default_rng(1).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    image = Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC)
    short = {32: 37, 224: 256}[size]
    to = (short, int(short * width / height)) if height <= width else (int(short * height / width), short)
    x = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float()
    x = F.interpolate(x, to, mode="bilinear", antialias=True, align_corners=False)[0]
    top, left = (int(round((side - size) / 2)) for side in to)
    wanted = x[:, top : top + size, left : left + size]
    got = as_bytes(image, size=size)
    assert got.dtype == torch.uint8 and got.shape == (3, size, size)
    assert float((got.float() - wanted).abs().max()) <= 1.5  # Pillow rounds once for each direction


def test_a_long_strip_does_not_explode():
    image = Image.new("RGB", (200_000, 2), RED)
    assert (as_bytes(image, size=224).float().mean((1, 2)) == torch.tensor([255.0, 0, 0])).all()
    image.paste(GREEN, (99_990, 0, 100_010, 2))  # the middle stays the middle
    assert as_bytes(image, size=224)[1, 112, 112] == 255


def test_small_pictures_grow():
    assert as_bytes(Image.new("RGB", (1, 1), WHITE), size=8).shape == (3, 8, 8)


def test_a_tensor_is_normalised_as_imagenet_was():
    x = normalise(as_bytes(Image.new("RGB", (50, 40), (255, 0, 51)), size=16), IMAGENET_MEAN, IMAGENET_STD)
    wanted = [(v - m) / s for v, m, s in zip((1.0, 0.0, 0.2), IMAGENET_MEAN, IMAGENET_STD, strict=True)]
    assert (x.dtype, x.shape) == (torch.float32, (3, 16, 16))
    torch.testing.assert_close(x[:, 3, 5], torch.tensor(wanted))


def test_grey_nets_get_one_channel():
    image = Image.new("RGB", (40, 40), (255, 0, 0))
    assert as_bytes(image, size=32, channels=1).unique().tolist() == [76]  # 0.299 of 255, the luma of ITU-R 601
    x = normalise(as_bytes(image, size=32, channels=1), (0.5,), (0.25,))
    torch.testing.assert_close(x, torch.full((1, 32, 32), (76 / 255 - 0.5) / 0.25))
    with pytest.raises(ValueError, match=r"mean holds one number for each of 1 channels, as in \(0\.5,\)"):
        check_settings(224, IMAGENET_MEAN, IMAGENET_STD, 1)
    with pytest.raises(ValueError, match="not 2"):
        as_bytes(image, size=32, channels=2)


def test_normalise_takes_a_batch():
    pixels = torch.arange(2 * 3 * 4 * 4, dtype=torch.uint8).reshape(2, 3, 4, 4)
    x = normalise(pixels, (0.1, 0.2, 0.3), (1.0, 2.0, 4.0))
    assert x[1, 2, 3, 3].item() == pytest.approx((95 / 255 - 0.3) / 4)
