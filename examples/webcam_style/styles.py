"""Ways to draw a picture. Each takes an RGB picture and returns a new one of the same shape.

What depends on the size alone (paper, bricks, letters) is made once per size and kept. `STYLES`, at
the end, is what clients choose from.
"""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def none(picture: Picture) -> Picture:
    """Nothing at all."""
    return picture


def pencil(picture: Picture) -> Picture:
    """Graphite on rough paper: contours by colour dodge, shadows by two layers of hatching."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    around = small_blur(grey, 4)
    lines = cv2.divide(grey, cv2.max(around, 1), scale=250)
    lines = cv2.multiply(lines, lines, scale=1 / 255)  # a softer pencil
    paper, *hatching = drawing_paper(*grey.shape)
    for strokes, (dark, light) in zip(hatching, ((30, 150), (0, 90)), strict=True):
        needed = cv2.LUT(around, ramp(dark, light))
        lines = cv2.min(lines, cv2.max(needed, strokes))
    return cv2.multiply(cv2.cvtColor(lines, cv2.COLOR_GRAY2RGB), paper, scale=1 / 255)


def comic(picture: Picture) -> Picture:
    """Flat, loud colours in a few steps, printed dots in the shadows, ink along the contours."""
    height, width = picture.shape[:2]
    half = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    for _ in range(2):
        half = cv2.bilateralFilter(half, 5, 40, 4)
    smooth = cv2.resize(half, (width, height))
    flat = toned(smooth, LOUD, STEPS)
    smooth = cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY)
    dots = cv2.max(halftone(height, width), cv2.LUT(smooth, ramp(40, 110)))
    ink = cv2.subtract(small_blur(smooth, 2), cv2.GaussianBlur(smooth, (0, 0), 1.2))
    ink = cv2.LUT(ink, ramp(9, 4))
    return cv2.multiply(flat, cv2.cvtColor(cv2.min(ink, dots), cv2.COLOR_GRAY2RGB), scale=1 / 255)


def oil(picture: Picture) -> Picture:
    """Thick paint: each pixel joins the calmest of the four squares that touch it (Kuwahara)."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    size, reach = 7, 3
    mean = cv2.blur(picture, (size, size))
    calm = cv2.blur(grey * grey, (size, size)) - cv2.blur(grey, (size, size)) ** 2
    best, painted = shifted(calm, reach, reach), shifted(mean, reach, reach)
    for right, down in ((-reach, reach), (reach, -reach), (-reach, -reach)):
        rival = shifted(calm, right, down)
        better = cv2.compare(rival, best, cv2.CMP_LT)
        cv2.copyTo(shifted(mean, right, down), better, painted)
        best = cv2.min(best, rival)
    relief = cv2.filter2D(painted, -1, EMBOSS)  # light from the top left on the ridges of paint
    return cv2.multiply(toned(relief, RICH), canvas_weave(*grey.shape), scale=1 / 235)


def neon(picture: Picture) -> Picture:
    """Glass tubes at night: contours glow in the colour of their direction."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 1.6)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *way, scale=0.5) for way in ((1, 0), (0, 1)))
    force, angle = cv2.cartToPolar(across, down, angleInDegrees=True)
    bright = cv2.LUT(cv2.convertScaleAbs(force, alpha=2.2), ramp(14, 120))
    hue = cv2.convertScaleAbs(angle, alpha=0.5)
    tube = cv2.cvtColor(cv2.merge((hue, np.full_like(hue, 210), bright)), cv2.COLOR_HSV2RGB)
    night = cv2.LUT(picture, NIGHT)
    power = min(1.0, 24 / (1 + cv2.mean(bright)[0]))  # a street full of tubes would be all white
    glow = cv2.addWeighted(small_blur(tube, 2), 0.8 * power, small_blur(tube, 8), 1.3 * power, 0)
    core = cv2.cvtColor(
        cv2.LUT(bright, (power * ramp(150, 255)).astype(np.uint8)), cv2.COLOR_GRAY2RGB
    )
    return cv2.add(cv2.add(night, glow), cv2.add(tube, core))


def thermal(picture: Picture) -> Picture:
    """An infrared camera: few, slightly blurred sensor points, and a palette for warmth."""
    height, width = picture.shape[:2]
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    sensor = cv2.resize(grey, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    sensor = stretched(sensor)
    seen = cv2.resize(sensor, (width, height), interpolation=cv2.INTER_CUBIC)
    scale = np.linspace(255, 0, height * 2 // 3).astype(np.uint8)[:, None]
    top = height // 6
    seen[top : top + len(scale), width - 26 : width - 14] = scale
    return HEAT[seen]


def bricks(picture: Picture) -> Picture:
    """A mosaic of toy bricks, one stud each, in a few dozen colours."""
    height, width = picture.shape[:2]
    rows, columns = -(-height // BRICK), -(-width // BRICK)
    colours = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
    colours = cv2.LUT(toned(colours, RICH), PLASTIC)
    built = colours.repeat(BRICK, axis=0).repeat(BRICK, axis=1)[:height, :width]
    light, shade = brick_relief(height, width)
    return cv2.add(cv2.multiply(built, shade, scale=1 / 255), light)


def letters(picture: Picture) -> Picture:
    """A green terminal: every cell becomes the letter that is as bright as it."""
    height, width = picture.shape[:2]
    glyphs = typeface()
    count, tall, wide = glyphs.shape
    rows, columns = -(-height // tall), -(-width // wide)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    cells = stretched(cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_AREA))
    page = glyphs[cells.astype(int) * count // 256]
    page = page.transpose(0, 2, 1, 3).reshape(rows * tall, columns * wide)[:height, :width]
    level = cv2.resize(cells, (width, height), interpolation=cv2.INTER_NEAREST)
    ink = cv2.multiply(page, cv2.LUT(level, BEAM), scale=1 / 255)
    return PHOSPHOR[cv2.add(ink, small_blur(ink, 4))]


def small_blur(picture: Picture, factor: int) -> Picture:
    """Blur as wide as `factor` pixels, at the price of a picture that much smaller."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), 1.5), (width, height))


def shifted(picture: NDArray, right: int, down: int) -> NDArray:
    """Move a picture by a few pixels; what comes in is the border, mirrored."""
    height, width = picture.shape[:2]
    reach = max(abs(right), abs(down))
    wide = cv2.copyMakeBorder(picture, *[reach] * 4, cv2.BORDER_REFLECT)
    return wide[reach - down :, reach - right :][:height, :width].copy()


def toned(picture: Picture, colours: Picture, lights: Picture | None = None) -> Picture:
    """Send the saturation of a picture, and perhaps its brightness, through a table."""
    hue, saturation, value = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV))
    value = value if lights is None else cv2.LUT(value, lights)
    toned = cv2.merge((hue, cv2.LUT(saturation, colours), value))
    return cv2.cvtColor(toned, cv2.COLOR_HSV2RGB)


def stretched(grey: Picture) -> Picture:
    """Use all levels from black to white, but for a few outliers."""
    low, high = np.percentile(grey, (2, 98))
    return cv2.convertScaleAbs(cv2.subtract(grey, low), alpha=255 / max(high - low, 32))


def ramp(black: int, white: int) -> Picture:
    """A table from 0 at `black` to 255 at `white`."""
    levels = (np.arange(256) - black) / (white - black)
    return (255 * levels.clip(0, 1)).astype(np.uint8)


def curve(*levels: int) -> Picture:
    """A table through levels that are evenly spaced."""
    return np.interp(np.arange(256), np.linspace(0, 255, len(levels)), levels).astype(np.uint8)


def palette(*colours: tuple[int, int, int]) -> Picture:
    """256 colours through a few that are evenly spaced."""
    return np.stack([curve(*channel) for channel in zip(*colours, strict=True)], axis=1)


@lru_cache(4)
def drawing_paper(height: int, width: int) -> tuple[Picture, Picture, Picture]:
    """Warm paper with a grain, and two layers of hatching across each other."""
    rng = np.random.default_rng(1)
    grain = cv2.GaussianBlur(rng.normal(0, 26, (height, width)).astype(np.float32), (0, 0), 1.1)
    paper = np.clip(grain[..., None] + (250, 245, 233), 0, 255).astype(np.uint8)
    down, across = np.mgrid[:height, :width]
    layers = []
    for way, apart in ((down + across, 7), (down - across * 0.6, 6)):
        wobble = cv2.GaussianBlur(rng.normal(0, 30, (height, width)), (0, 0), 9)
        strokes = 150 + 105 * np.sin((way + wobble) * 2 * np.pi / apart) + 3 * grain
        layers.append(np.clip(strokes, 90, 255).astype(np.uint8))
    return paper, layers[0], layers[1]


@lru_cache(4)
def halftone(height: int, width: int) -> Picture:
    """A grid of soft round dots, turned by 45 degrees."""
    down, across = np.mgrid[:height, :width] * (2 * np.pi / 8)
    return np.clip(150 + 190 * np.sin(down + across) * np.sin(down - across), 60, 255).astype(
        np.uint8
    )


@lru_cache(4)
def canvas_weave(height: int, width: int) -> Picture:
    down, across = np.mgrid[:height, :width]
    weave = 235 + 9 * np.sin(down * 2.1) * np.sin(across * 2.1)
    return weave[..., None].repeat(3, axis=2).astype(np.uint8)


@lru_cache(4)
def brick_relief(height: int, width: int) -> tuple[Picture, Picture]:
    """What the light adds to a wall of bricks, and what the shadows take."""
    down, across = (np.mgrid[:BRICK, :BRICK] + 0.5) / BRICK - 0.5
    far = np.hypot(down, across)
    slope = (-down - across) / np.maximum(far, 0.1)
    rim = np.exp(-(((far - 0.31) / 0.07) ** 2))
    level = 1 + 0.28 * rim * slope - 0.25 * (np.maximum(abs(down), abs(across)) > 0.44)
    level -= 0.18 * np.exp(-((np.hypot(down - 0.1, across - 0.1) - 0.33) ** 2) / 0.006)
    tiles = np.tile(level, (-(-height // BRICK), -(-width // BRICK)))[:height, :width, None]
    light = np.clip((tiles - 1) * 200, 0, 255).repeat(3, axis=2)
    return light.astype(np.uint8), (np.clip(tiles, 0, 1) * 255).repeat(3, axis=2).astype(np.uint8)


@lru_cache(1)
def typeface() -> Picture:
    """Letters as (count, height, width), from the darkest to the brightest."""
    drawn = []
    for letter in " .:-=+*oxaehkbdXOAQ0R8#M@W%&$":
        glyph = np.zeros((40, 32), np.uint8)
        cv2.putText(glyph, letter, (4, 31), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 255, 4, cv2.LINE_AA)
        drawn.append(cv2.resize(glyph, (8, 10), interpolation=cv2.INTER_AREA))
    return np.stack(sorted(drawn, key=np.mean))


BRICK = 16
EMBOSS = np.array([[-0.7, -0.35, 0], [-0.35, 1, 0.35], [0, 0.35, 0.7]], np.float32)
LOUD = curve(0, 110, 200, 240, 255)
RICH = curve(0, 90, 165, 220, 255)
BEAM = curve(40, 170, 230, 255)
NIGHT = curve(0, 8, 24, 52)
STEPS = np.array([40, 105, 160, 205, 240, 255], np.uint8)[np.arange(256) * 6 // 256]
PLASTIC = np.clip(np.round(np.arange(256) / 42.5) * 42.5, 18, 240).astype(np.uint8)
HEAT = palette(
    (4, 2, 30), (60, 0, 120), (170, 20, 130), (240, 90, 40), (255, 190, 30), (255, 255, 235)
)
PHOSPHOR = palette((2, 12, 6), (10, 110, 40), (60, 230, 100), (200, 255, 210))

STYLES: dict[str, Callable[[Picture], Picture]] = {
    style.__name__: style for style in (none, pencil, comic, oil, neon, thermal, bricks, letters)
}
