#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What demo/rate recorded.

demo/rate.py record FILE            writes a session's figures there, twice a second, until it is ended
demo/rate.py rate|pictures PREFIX   what came a second, between begin and end: kbit, pictures
demo/rate.py judge FOLDER SCENE...  TAP of what the scenes show
demo/rate.py plot FOLDER SVG        the scenes of steps as a plot: link, rate, what came, what was lost
"""
import json
import os
import signal
import sys
import time

BUS = "io.github.linux_miracast"
GRACE = 1.0  # seconds that an emulated machine adds


def record(path):
    from gi.repository import Gio

    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)

    def call(where, interface, method):
        return bus.call_sync(BUS, where, interface, method, None, None, 0, 60000, None).unpack()[0]

    objects = call("/io/github/linux_miracast", "org.freedesktop.DBus.ObjectManager",
                   "GetManagedObjects")
    session, = [where for where, interfaces in objects.items()
                if interfaces.get(BUS + ".Session1", {}).get("State") == "streaming"]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with open(path, "w", encoding="ascii") as file:
        while True:
            figures = call(session, BUS + ".Session1", "GetStatistics")
            json.dump({"real_us": int(time.time() * 1e6)} |
                      {key: value for key, value in figures.items() if isinstance(value, int)}, file)
            file.write("\n")
            file.flush()
            time.sleep(0.5)


def read(path):
    """The lines of a record, without one that was cut short."""
    lines = []
    with open(path, encoding="ascii") as file:
        for line in file:
            try:
                lines.append(json.loads(line))
            except ValueError:
                break
    return lines


class Scene:
    """One scene; times are seconds since its mark "begin"."""

    def __init__(self, prefix):
        self.marks = read(prefix + ".marks")
        begin, = [mark["real_us"] for mark in self.marks if mark["what"] == "begin"]
        self.sink, self.session = read(prefix + ".sink"), read(prefix + ".session")
        for line in self.marks + self.sink + self.session:
            line["t"] = (line["real_us"] - begin) / 1e6
        self.at = {mark["what"]: mark["t"] for mark in self.marks}

    def grown(self, what, begin, end):
        """How much more of it the sink had at the end."""
        values = [line[what] for line in self.sink if begin <= line["t"] <= end]
        return values[-1] - values[0] if values else 0

    def rate(self):
        """kbit/s that came."""
        end = self.at["end"]
        return self.grown("rtp_bytes", 0, end) * 8 / 1000 / end

    def pictures(self):
        """Pictures a second that were decoded."""
        end = self.at["end"]
        return self.grown("frames_decoded", 0, end) / end

    def losses(self, begin, end):
        """[(when, packets)] in which more was lost than before."""
        lines = [line for line in self.sink if begin <= line["t"] <= end]
        return [(after["t"], after["rtp_lost"] - before["rtp_lost"])
                for before, after in zip(lines, lines[1:])
                if after["rtp_lost"] > before["rtp_lost"]]

    def calm_after(self, begin, end):
        """Seconds from begin until nothing is lost for one."""
        calm = begin
        for when, _ in self.losses(begin, end):
            if when - calm > 1:
                break
            calm = when
        return calm - begin

    def most(self):
        """kbit/s that the encoder is told at best."""
        return max(line["encoder-kbit"] for line in self.session)

    def told(self, begin, end):
        """kbit/s that the encoder is told, mean."""
        values = [line["encoder-kbit"] for line in self.session if begin <= line["t"] <= end]
        return sum(values) / len(values) if values else 0

    def back_after(self, begin):
        """Seconds from begin until the encoder is told 80 % of the best; None: it never is."""
        for line in self.session:
            if line["t"] >= begin and line["encoder-kbit"] >= 0.8 * self.most():
                return line["t"] - begin
        return None

    def low(self):
        """(packets lost in a thousand, pictures, of these damaged) while the link is narrow."""
        begin, end = self.at["down"], self.at["up"]
        lost, came = (self.grown(what, begin, end) for what in ("rtp_lost", "rtp_packets"))
        return (1000 * lost / max(lost + came, 1), self.grown("frames_decoded", begin, end),
                self.grown("frames_damaged", begin, end))


class Tap:
    n = failed = 0

    def check(self, good, name):
        self.n += 1
        self.failed += not good
        print(("ok" if good else "not ok"), self.n, name)


def judge_steps(tap, name, scene):
    calm, back = scene.calm_after(scene.at["down"], scene.at["up"]), scene.back_after(scene.at["up"])
    lost, pictures, damaged = scene.low()
    print(f"# {name}: while narrow, {lost:.1f} of 1000 packets lost, {pictures} pictures decoded, "
          f"{damaged} of them damaged")
    tap.check(calm <= 2 + GRACE, f"{name}: free of loss soon after the step down # 2 s; after {calm:.1f} s")
    tap.check(back is not None and back <= 10 + GRACE,
              f"{name}: back at 80 % of the rate # 10 s; after {back if back is None else round(back, 1)} s")


def judge(folder, names):
    scenes = {name: Scene(os.path.join(folder, name)) for name in names}
    tap = Tap()
    for name in ("own", "beyond"):
        if name in scenes:
            judge_steps(tap, name, scenes[name])
    if "fixed" in scenes:
        lost, pictures, damaged = scenes["fixed"].low()
        print(f"# fixed: while narrow, {lost:.1f} of 1000 packets lost, {pictures} pictures decoded, "
              f"{damaged} of them damaged")
        if "beyond" in scenes:
            _, others, others_damaged = scenes["beyond"].low()
            tap.check(others - others_damaged > 2 * (pictures - damaged),
                      "the link is narrow: more than twice the whole pictures of a fixed rate "
                      f"# {others - others_damaged}, {pictures - damaged}")
    if "air" in scenes:
        air = scenes["air"]
        for what, end in (("loss", "jitter"), ("jitter", "end")):
            part = air.told(air.at[end] - 10, air.at[end]) / air.most()
            tap.check(part >= 0.6, f"{what} of the air's own leaves the rate # at {100 * part:.0f} %")
    print(f"1..{tap.n}")
    return tap.failed > 0


PLOTS = (("own", "the source's own link"), ("beyond", "a link beyond a router"),
         ("fixed", "the same, with a fixed rate"))
LEFT, WIDTH, HEIGHT, GAP = 60, 640, 150, 70
STEP = 0.5  # seconds of a bar


def plot_scene(scene, title, top):
    """SVG of one scene: lines of kbit/s, and bars of what was lost."""
    begin, end = 0, scene.at["end"]
    most = 1.1 * max(mark["kbit"] for mark in scene.marks)
    bottom = top + HEIGHT

    def x(t):
        return LEFT + WIDTH * (t - begin) / (end - begin)

    def y(kbit):
        return bottom - HEIGHT * min(kbit / most, 1)

    def line(points, colour, more=""):
        path = " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in points)
        return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5" {more}/>'

    def text(at_x, at_y, words, more=""):
        return f'<text x="{at_x:.1f}" y="{at_y:.1f}" {more}>{words}</text>'

    parts = [text(LEFT, top - 12, title, 'font-weight="bold"')]
    limits = [mark for mark in scene.marks if mark["kbit"]]
    link = []
    for mark, after in zip(limits, limits[1:] + [{"t": end}]):
        link += [(mark["t"], mark["kbit"]), (after["t"], mark["kbit"])]
    steps = [begin + STEP * n for n in range(int((end - begin) / STEP))]
    for t in steps:
        lost, came = (scene.grown(what, t, t + STEP) for what in ("rtp_lost", "rtp_packets"))
        part = lost / max(lost + came, 1)
        if part > 0:
            parts.append(f'<rect x="{x(t):.1f}" y="{bottom - HEIGHT * part:.1f}" '
                         f'width="{x(STEP) - x(0):.1f}" height="{HEIGHT * part:.1f}" '
                         'fill="#dc2626" fill-opacity="0.45"/>')
    # What the encoder is told is for 30 pictures a second: as much of it as comes when nothing limits.
    share = scene.free / scene.most()
    parts += [line(link, "#64748b", 'stroke-dasharray="4 3"'),
              line([(max(s["t"], begin), s["encoder-kbit"] * share) for s in scene.session
                    if s["t"] <= end], "#1d4ed8"),
              line([(t + STEP / 2, scene.grown("rtp_bytes", t, t + STEP) * 8 / 1000 / STEP)
                    for t in steps], "#0f766e")]
    for t in range(0, int(end) + 1, 10):
        parts.append(text(x(t), bottom + 16, f"{t} s", 'text-anchor="middle"'))
    for part in (0, 0.5, 1):
        parts.append(text(LEFT - 6, y(most * part) + 4, f"{most * part / 1000:.1f}",
                          'text-anchor="end"'))
    lost, pictures, damaged = scene.low()
    parts.append(text(LEFT + WIDTH, top - 12, f"while narrow: {pictures} pictures, {damaged} damaged",
                      'text-anchor="end"'))
    return parts


def plot(folder, path):
    free = Scene(os.path.join(folder, "free")).rate()
    names = [(name, title) for name, title in PLOTS
             if os.path.exists(os.path.join(folder, name + ".marks"))]
    height = 60 + len(names) * (HEIGHT + GAP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 30}" height="{height}" '
             'font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="white"/>']
    for i, (name, title) in enumerate(names):
        scene = Scene(os.path.join(folder, name))
        scene.free = free
        parts += plot_scene(scene, title, 40 + i * (HEIGHT + GAP))
    for i, (colour, words) in enumerate((("#64748b", "the link, Mbit/s"), ("#1d4ed8", "the encoder is told"),
                                         ("#0f766e", "comes to the sink"), ("#dc2626", "part lost"))):
        parts += [f'<rect x="{LEFT + 165 * i}" y="{height - 30}" width="12" height="12" fill="{colour}"/>',
                  f'<text x="{LEFT + 165 * i + 18}" y="{height - 20}">{words}</text>']
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(parts + ["</svg>", ""]))
    return 0


def main():
    what, *rest = sys.argv[1:]
    if what == "record":
        return record(*rest)
    if what in ("rate", "pictures"):
        print(round(getattr(Scene(*rest), what)()))
        return 0
    if what == "judge":
        return judge(rest[0], rest[1:])
    if what == "plot":
        return plot(*rest)
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main())
