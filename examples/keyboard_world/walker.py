"""Who walks on the island: turns, walks, is stopped by walls, and finds orbs."""

import math
from dataclasses import dataclass, field

from island import Island
from view import EYES, Eye

WALKING, RUNNING = 4.0, 8.0  # metres in a second
STRIDE = 0.8
UP = math.radians(40)
ARM = 1.6  # metres from which an orb is taken


@dataclass
class Walker:
    """One walker. After `walk`: whether a foot came down (`stepped`), or an orb was `reached`."""

    island: Island
    heading: float = 0.0
    pitch: float = 0.0
    stepped: bool = False
    reached: bool = False
    foot: int = 0
    x: float = field(init=False)
    y: float = field(init=False)
    orbs: list[tuple[float, float]] = field(init=False)

    def __post_init__(self) -> None:
        self.x, self.y = self.island.start
        self.orbs = list(self.island.orbs)
        self.level = self.ground
        self.east = self.south = self.stride = 0.0

    @property
    def ground(self) -> float:
        return self.island.height(self.x, self.y)

    @property
    def underfoot(self) -> str:
        return "sand" if self.ground < 1.3 else "rock" if self.ground > 28 else "grass"

    def eye(self) -> Eye:
        """Return where the walker looks from; the head bobs with each stride."""
        bob = 0.035 * math.sin(2 * math.pi * self.stride / STRIDE)
        return Eye(self.x, self.y, self.level + EYES + bob, self.heading, self.pitch)

    def turn(self, right: float, up: float) -> None:
        """Turn the head, in radians."""
        self.heading = math.remainder(self.heading + right, math.tau)
        self.pitch = min(max(self.pitch + up, -UP), UP)

    def walk(self, keys: frozenset[str], seconds: float) -> None:
        """Go on for a moment, as the keys say."""
        ahead = ("w" in keys) - ("s" in keys)
        right = ("d" in keys) - ("a" in keys)
        speed = RUNNING if "shift" in keys else WALKING
        speed *= 0.5 if self.ground < 0 else 1.0
        speed /= math.hypot(ahead, right) or 1.0
        sin, cos = math.sin(self.heading), math.cos(self.heading)
        ease = min(1.0, 12 * seconds)
        self.east += ease * (speed * (ahead * sin + right * cos) - self.east)
        self.south += ease * (speed * (right * sin - ahead * cos) - self.south)
        self._go(self.east * seconds, self.south * seconds)
        self.level += ease * (self.ground - self.level)
        near = [orb for orb in self.orbs if math.hypot(orb[0] - self.x, orb[1] - self.y) < ARM]
        self.orbs = [orb for orb in self.orbs if orb not in near]
        self.reached = bool(near)

    def _go(self, east: float, south: float) -> None:
        """Move as far as walls allow: along one, if only one direction is barred."""
        before = self.x, self.y
        if self.island.open(self.x, self.y, math.copysign(1.0, east), 0):
            self.x += east
        if self.island.open(self.x, self.y, 0, math.copysign(1.0, south)):
            self.y += south
        self.stride += math.hypot(self.x - before[0], self.y - before[1])
        self.stepped = self.stride > STRIDE
        if self.stepped:
            self.stride -= STRIDE
            self.foot = 1 - self.foot
