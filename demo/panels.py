# SPDX-License-Identifier: GPL-2.0-or-later
"""panels.py PNG PANELS CONNECTOR SINK SECONDS

Whether a sink shows what selftests/display/panels draws on a connector. SINK is the process of
miracast-sink that writes PNG, PANELS what panels has said so far. The colour of another connector is a
failure at once; the number may take its time to arrive.
"""
import os
import signal
import sys
import time

from PIL import Image, ImageStat

# As in panels.c.
COLOURS = [0xc03030, 0x30a040, 0x3050c0, 0xa0a030, 0xa040a0, 0x30a0a0, 0xd07030, 0x707070]
FIELDS = 8
BLACK = 24
NEAR = 48


def expected(panels, connector):
    """The mode and the number that were said last, or None."""
    last = None
    with open(panels) as said:
        for words in map(str.split, said):
            if words[0] == connector and len(words) == 3:
                last = words[1], int(words[2])
    return last


def mean(picture, x, y):
    """The colour around a place, whose coordinates are parts of the size."""
    x, y = round(x * picture.width), round(y * picture.height)
    return ImageStat.Stat(picture.crop((x - 4, y - 4, x + 4, y + 4))).mean


def look(png):
    """(connectors whose colour is seen, the number), or None for a black picture."""
    picture = Image.open(png).convert("RGB")
    inside = picture.convert("L").point(lambda value: 255 if value > BLACK else 0).getbbox()
    if not inside:
        return None
    picture = picture.crop(inside)
    seen = set()
    for x, y in ((0.1, 0.1), (0.5, 0.1), (0.9, 0.1), (0.1, 0.9), (0.5, 0.9), (0.9, 0.9)):
        colour = mean(picture, x, y)
        errors = [max(abs(colour[i] - (c >> (16 - 8 * i) & 255)) for i in range(3)) for c in COLOURS]
        seen.add(errors.index(min(errors)) if min(errors) < NEAR else -1)
    number = 0
    for field in range(FIELDS):
        number = number * 2 + (mean(picture, (field + 0.5) / FIELDS, 3 / 8)[1] > 0xa0)
    return seen, number


def main(png, panels, connector, sink, seconds):
    end = time.monotonic() + float(seconds)
    wanted = seen = None
    while time.monotonic() < end:
        os.kill(int(sink), signal.SIGUSR1)
        time.sleep(0.5)
        try:
            seen = look(png)
        except (OSError, SyntaxError):
            continue  # not there, or not all of it
        if seen and seen[0] - {-1, int(connector)}:
            sys.exit(f"the colours of connectors {seen[0]}")
        wanted = expected(panels, connector)
        if seen and wanted and seen == ({int(connector)}, wanted[1]):
            print(f"{wanted[0]}, number {wanted[1]}")
            return
    sys.exit(f"{seen}, not {wanted}")


main(*sys.argv[1:])
