"""Pictures that say what they are: the left half a number, the right half a dial."""

import numpy as np

HEIGHT, WIDTH = 48, 64


def drawn(left: int, right: int = 0) -> np.ndarray:
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:, : WIDTH // 2], picture[:, WIDTH // 2 :] = left, right
    return picture
