"""What there is to see until somebody publishes a webcam: a small scene that moves."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
SKY_TOP, SKY_BOTTOM = np.array((58, 96, 168)), np.array((255, 196, 150))
HILLS = (
    ((150, 130, 170), 0.56),
    ((96, 108, 140), 0.66),
    ((52, 84, 88), 0.76),
    ((28, 52, 46), 0.87),
)
STRIPES = ((214, 62, 58), (250, 220, 180), (238, 150, 50), (250, 220, 180))


def scene(moment: float, height: int, width: int) -> Picture:
    """Draw the scene at a moment in seconds: a balloon over hills at dawn."""
    picture = landscape(height, width).copy()
    middle = int(width * (0.5 + 0.27 * np.sin(moment * 0.35)))
    up = int(height * (0.33 + 0.035 * np.sin(moment * 0.9)))
    balloon(picture, middle, up, height * 74 // 480)
    return picture


def invite(picture: Picture, moment: float) -> Picture:
    """Write onto a picture what it waits for, and return it."""
    text = "waiting for a webcam" + "." * (int(moment * 2) % 4)
    height, width = picture.shape[:2]
    face, size = cv2.FONT_HERSHEY_DUPLEX, height / 500
    (wide, _), _ = cv2.getTextSize(text.rstrip("."), face, size, 1)
    place = ((width - wide) // 2, int(height * 0.94))
    for colour, thick in (((20, 24, 30), 5), ((255, 246, 228), 1.5)):
        thick = max(1, round(thick * size))
        cv2.putText(picture, text, place, face, size, colour, thick, cv2.LINE_AA)
    return picture


@lru_cache(2)
def landscape(height: int, width: int) -> Picture:
    """Draw what does not move."""
    down = np.linspace(0, 1, height)[:, None, None]
    picture = np.repeat(SKY_TOP + (SKY_BOTTOM - SKY_TOP) * np.clip(down * 1.7, 0, 1), width, axis=1)
    across = np.arange(width) / width
    far = np.hypot(np.arange(height)[:, None] - height * 0.52, np.arange(width) - width * 0.72)
    picture += 130 * np.exp(-far / (height * 0.16))[..., None] * (1.0, 0.85, 0.5)
    picture[far < height * 0.055] = (255, 244, 214)
    for number, (colour, ridge) in enumerate(HILLS):
        waves = np.sin(across * (5 + 3 * number) + number * 2.2) * 0.045
        waves += np.sin(across * (17 + 9 * number) + number) * 0.011
        hill = np.arange(height)[:, None] / height > ridge + waves
        picture[hill] = colour
    return np.clip(picture, 0, 255).astype(np.uint8)


def balloon(picture: Picture, x: int, y: int, size: int) -> None:
    """Draw a striped hot-air balloon around a point."""
    mouth, smooth = y + int(size * 1.28), cv2.LINE_AA
    for share, colour in zip((1.0, 0.74, 0.44, 0.14), STRIPES, strict=True):
        wide, narrow = max(1, int(size * share)), int(size * share / 4)
        cv2.ellipse(picture, (x, y), (wide, size), 0, 180, 360, colour, -1, smooth)
        skirt = [(x - wide, y), (x + wide, y), (x + narrow, mouth), (x - narrow, mouth)]
        cv2.fillConvexPoly(picture, np.array(skirt), colour, smooth)
    basket = mouth + int(size * 0.3)
    for side in (-1, 1):
        rope = (x + side * size // 5, mouth), (x + side * size // 7, basket)
        cv2.line(picture, *rope, (60, 44, 36), 1, smooth)
    corners = (x - size // 6, basket), (x + size // 6, basket + int(size * 0.22))
    cv2.rectangle(picture, *corners, (112, 74, 42), -1, smooth)
