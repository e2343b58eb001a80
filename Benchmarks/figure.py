"""Line plots on logarithmic axes, as SVG. No figure of ours needs more."""

import math
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 70, 20, 40, 90
COLORS = ["#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df"]


def short(value):
    """1,000 as 1k and 1,048,576 as 1M: a tick has little room."""
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"


class Axis:
    """Maps a value to a place, by its logarithm."""

    def __init__(self, values, start, end, whole=False):
        """With `whole` it begins and ends at 1, 2 or 5 times a power of ten, around the values."""
        self.low, self.high = min(values), max(values)
        steps = [mantissa * 10.0**power for power in range(-9, 10) for mantissa in (1, 2, 5)]
        if whole:
            self.low = max(step for step in steps if step <= self.low)
            self.high = min(step for step in steps if step >= self.high)
        if self.low == self.high:
            self.high = self.low * 10
        decades = math.log10(self.high / self.low)
        self.ticks = [
            step for step in steps
            if self.low <= step * 1.0001 and step <= self.high * 1.0001 and (decades < 3 or abs(math.log10(step) % 1) < 1e-9)]
        self.start, self.end = start, end

    def at(self, value):
        return self.start + (self.end - self.start) * math.log(value / self.low) / math.log(self.high / self.low)


def plot(path, title, x_label, y_label, series):
    """`series` is a name and its points [(x, y)] each."""
    points = [point for line in series.values() for point in line]
    x = Axis([point[0] for point in points], LEFT, WIDTH - RIGHT)
    y = Axis([point[1] for point in points], HEIGHT - BOTTOM, TOP, whole=True)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]

    def text(place_x, place_y, content, anchor="middle", more=""):
        out.append(f'<text x="{place_x:.1f}" y="{place_y:.1f}" text-anchor="{anchor}"{more}>{escape(content)}</text>')

    def line(x1, y1, x2, y2, color):
        out.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"/>')

    text(WIDTH / 2, 22, title, more=' font-size="15"')
    for tick in x.ticks:
        line(x.at(tick), TOP, x.at(tick), HEIGHT - BOTTOM, "#d0d7de")
        text(x.at(tick), HEIGHT - BOTTOM + 16, short(tick))
    for tick in y.ticks:
        line(LEFT, y.at(tick), WIDTH - RIGHT, y.at(tick), "#d0d7de")
        text(LEFT - 6, y.at(tick) + 4, short(tick), "end")
    text(WIDTH / 2, HEIGHT - BOTTOM + 34, x_label)
    text(16, HEIGHT / 2 - 20, y_label, more=f' transform="rotate(-90 16 {HEIGHT / 2 - 20})"')
    for number, (name, found) in enumerate(series.items()):
        color = COLORS[number % len(COLORS)]
        places = [(x.at(value), y.at(cost)) for value, cost in found]
        joined = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
        out.append(f'<polyline points="{joined}" fill="none" stroke="{color}" stroke-width="2"/>')
        out += [f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{color}"/>' for across, down in places]
        column, row = number % 2, number // 2
        across, down = LEFT + column * 330, HEIGHT - BOTTOM + 54 + row * 17
        line(across, down - 4, across + 20, down - 4, color)
        text(across + 26, down, name, "start")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([*out, "</svg>", ""]))
