"""What is written on the pictures of a film."""

import numpy as np
from matplotlib.font_manager import FontProperties, findfont
from PIL import Image, ImageDraw, ImageFont

from mousearm.evaluate.moments import Course, Moment
from mousearm.render import TARGET_COLOURS

_INK = (40, 40, 40)
_ALARM = (180, 0, 0)
_LINE = 1.4  # heights of a letter from one line to the next
_SMALLEST_FONT = 9
_LINES_PER_PICTURE = 24

Colour = tuple[int, int, int]


class Caption:
    """Writes on pictures: whose they are, time and errors above; the reach, the speed and what the colours mean below.

    Names that are too long lose their middle.
    """

    def __init__(self, course: Course, title: str, muscles: bool, size: tuple[int, int], speed: str):
        """Prepare.

        Args:
            course: the reach.
            title: whose it is; empty for nothing.
            muscles: whether the arm has some.
            size: width and height of the pictures in pixels.
            speed: of the film, in words.
        """
        self._course, self._title, self._speed = course, title, speed
        self._legend = "spheres and lines: recorded" + ("; muscles: red when active" if muscles else "")
        height = max(_SMALLEST_FONT, size[1] // _LINES_PER_PICTURE)
        self._plain, self._bold = (
            ImageFont.truetype(findfont(FontProperties(family="DejaVu Sans", weight=weight)), size=height)
            for weight in ("normal", "bold")
        )
        self._step, self._margin = _LINE * height, size[1] // 30
        self._left, self._right = self._margin, size[0] - self._margin
        self._bottom = size[1] - self._margin

    def stamp(self, picture: np.ndarray, moment: Moment) -> np.ndarray:
        """Write on a copy of a (height, width, 3) picture."""
        image = Image.fromarray(picture)
        draw = ImageDraw.Draw(image)
        widest = self._write_errors(draw, moment)
        room = self._right - widest - self._margin - self._left
        if self._title:
            self._write(draw, self._shorten(self._title, self._bold, room), 0, font=self._bold)
        clock, colour = f"{1e3 * moment.time:.0f} of {1e3 * self._course.whole:.0f} ms", _INK
        if self._course.diverged and moment.time >= self._course.end:
            clock, colour = f"diverged after {1e3 * moment.time:.0f} ms", _ALARM
        self._write(draw, clock, 1 if self._title else 0, colour=colour)
        speed = f", {self._speed}"
        room = self._right - self._left - self._plain.getlength(speed)
        self._write(draw, self._shorten(self._course.name, self._plain, room) + speed, -2)
        self._write(draw, self._legend, -1)
        return np.asarray(image)

    def _write_errors(self, draw: ImageDraw.ImageDraw, moment: Moment) -> float:
        """In the upper right corner; returns the width in pixels."""
        texts = [f"{name} error {mm:.2f} mm" for name, mm in zip(("elbow", "paw"), moment.errors_mm, strict=True)]
        for row, text in enumerate(texts):
            red, green, blue = (round(255 * part) for part in TARGET_COLOURS[row])
            self._write(draw, text, row, "right", (red, green, blue))
        return max(self._plain.getlength(text) for text in texts)

    def _write(
        self,
        draw: ImageDraw.ImageDraw,
        text: str,
        row: int,
        side: str = "left",
        colour: Colour = _INK,
        font: ImageFont.FreeTypeFont | None = None,
    ) -> None:
        """One line, counted from the top or, below 0, from the bottom; its white rim keeps it readable on anything."""
        x = self._left if side == "left" else self._right
        y = self._margin + self._step * row if row >= 0 else self._bottom + self._step * (row + 1)
        anchor = side[0] + ("a" if row >= 0 else "d")
        draw.text(
            (x, y), text, font=font or self._plain, anchor=anchor, fill=colour, stroke_width=2, stroke_fill="white"
        )

    @staticmethod
    def _shorten(text: str, font: ImageFont.FreeTypeFont, room: float) -> str:
        """The text without so much of its middle that it fits into so many pixels."""
        kept = len(text)
        short = text
        while font.getlength(short) > room and kept > 2:
            kept -= 1
            short = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
        return short
