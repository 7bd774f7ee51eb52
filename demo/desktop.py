#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What draws on a desktop, and what looks at the sink; demo/desktop starts it.

    desktop.py card FILE WIDTH HEIGHT        writes the test card
    desktop.py show FILE [pointer]           fills the monitor that has the card's size with it, and hides
                                             the pointer over it, or does not
    desktop.py compare SINK CARD SHOWN SECONDS [turned|warm]
                                             until the sink with that process id, which writes SHOWN at
                                             SIGUSR1, shows CARD (turned: by a quarter; warm: with curves of
                                             its colours that make it less blue): at least 30 dB
    desktop.py pointer SINK CARD SHOWN SECONDS
                                             until it shows CARD with a pointer somewhere upon it
    desktop.py mouse                         a mouse, until its standard input ends, of which each line is
                                             right, left: to that end of the desktop, and back a little;
                                             moves N: some pixels to and fro
    desktop.py mutter get                    each monitor: connector, its modes, whether it is used
    desktop.py mutter mode CONNECTOR MODE [TRANSFORM]
                                             uses all monitors side by side, this one so
    desktop.py mutter mirror CONNECTOR MODE  all monitors show the same, in that mode
    desktop.py mutter gamma CONNECTOR BLUE   its curve of blue ends at this part of it
    desktop.py mutter power MODE             0: on, 3: off
"""
import fcntl
import math
import os
import signal
import struct
import sys
import time

MIN_PSNR = 30  # dB


def card(path, width, height):
    """No two quarters are alike, so that what is turned or moved shows; edges are soft."""
    import numpy
    from PIL import Image, ImageDraw, ImageFilter, ImageFont

    y, x = numpy.mgrid[0:height, 0:width].astype(float)
    base = numpy.stack(
        [40 + 120 * x / width, 50 + 110 * y / height, 150 - 90 * x / width], axis=2
    )
    picture = Image.fromarray(base.astype("uint8"))
    draw = ImageDraw.Draw(picture)
    unit = height // 10
    draw.rectangle([unit, unit, 3 * unit, 2 * unit], fill=(200, 60, 60))
    draw.ellipse([width - 4 * unit, unit, width - unit, 4 * unit], fill=(210, 200, 90))
    draw.polygon(
        [(unit, height - unit), (4 * unit, height - unit), (unit, height - 4 * unit)],
        fill=(70, 180, 110),
    )
    font = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", unit)
    draw.text((4 * unit, 4 * unit), f"{width} x {height}", font=font, fill=(235, 235, 235))
    picture.filter(ImageFilter.GaussianBlur(1.5)).save(path)


def psnr_of(difference):
    error = (difference**2).mean()
    return 99.0 if error == 0 else 10 * math.log10(255**2 / error)


def watch(sink, shown_path, seconds, judge):
    """Pictures of the sink's until judge says (True, ...); prints what it said of the last one."""
    import numpy
    from PIL import Image

    end = time.monotonic() + seconds
    said = "no picture"
    while time.monotonic() < end:
        try:
            os.kill(sink, signal.SIGUSR1)
        except ProcessLookupError:
            sys.exit("the sink has ended")
        time.sleep(0.7)
        try:
            shown = numpy.asarray(Image.open(shown_path).convert("RGB"), dtype=float)
        except (OSError, SyntaxError):  # not there yet, or half written
            continue
        good, said = judge(shown)
        if good:
            print(said)
            return
    sys.exit(said)


def pixels(path, size=None):
    """Of that width and height, or as it is."""
    import numpy
    from PIL import Image

    picture = Image.open(path).convert("RGB")
    if size:
        picture = picture.resize(size, Image.BICUBIC)
    return numpy.asarray(picture, dtype=float)


def judge_warm(shown, drawn):
    import numpy

    fitted = numpy.empty_like(drawn)
    for channel in range(3):
        curve = numpy.polyfit(drawn[..., channel].ravel(), shown[..., channel].ravel(), 3)
        fitted[..., channel] = numpy.polyval(curve, drawn[..., channel])
    psnr = psnr_of(shown - fitted)
    red, _, blue = shown.mean((0, 1)) / drawn.mean((0, 1))
    # A curve that is flat fits any picture without details.
    like = (fitted.std((0, 1)) > drawn.std((0, 1)) / 3).all()
    return psnr >= MIN_PSNR and like and blue < 0.9 * red, f"{psnr:.1f} dB, red {red:.2f}, blue {blue:.2f}"


def compare(sink, card_path, shown_path, seconds, how):
    import numpy

    turned = how == "turned"

    def judge(shown):
        # The session's size stays as it was agreed with the sink; other modes are scaled to it.
        height, width = shown.shape[:2]
        drawn = pixels(card_path, (height, width) if turned else (width, height))
        if how == "warm":
            return judge_warm(shown, drawn)
        # Desktops do not agree which way is right.
        wanted = [numpy.rot90(drawn), numpy.rot90(drawn, 3)] if turned else [drawn]
        psnr = max(psnr_of(shown - one) for one in wanted)
        return psnr >= MIN_PSNR, f"{psnr:.1f} dB"

    watch(sink, shown_path, seconds, judge)


def pointer(sink, card_path, shown_path, seconds):
    drawn = pixels(card_path)

    def judge(shown):
        if shown.shape != drawn.shape:
            return False, f"the picture is {shown.shape[1]}x{shown.shape[0]}"
        difference = shown - drawn
        rows, columns = (abs(difference).max(axis=2) > 60).nonzero()
        if not len(rows):
            return False, f"no pointer, {psnr_of(difference):.1f} dB"
        top, left, bottom, right = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
        what = f"{right - left}x{bottom - top} at {left},{top}"
        # What the encoder makes of its edges is around it.
        difference[max(top - 16, 0) : bottom + 16, max(left - 16, 0) : right + 16] = 0
        psnr = psnr_of(difference)
        good = bottom - top <= 64 and right - left <= 64 and psnr >= MIN_PSNR
        return good, f"{what}, {psnr:.1f} dB around it"

    watch(sink, shown_path, seconds, judge)


class Mouse:
    """A relative one of uinput's."""

    EV_SYN, EV_KEY, EV_REL = 0, 1, 2
    SET_EVBIT, SET_KEYBIT, SET_RELBIT, CREATE = 0x40045564, 0x40045565, 0x40045566, 0x5501
    BTN_LEFT = 0x110

    def __init__(self):
        self.file = open("/dev/uinput", "wb", buffering=0)
        for request, value in (
            (self.SET_EVBIT, self.EV_KEY),
            (self.SET_KEYBIT, self.BTN_LEFT),
            (self.SET_KEYBIT, self.BTN_LEFT + 1),
            (self.SET_EVBIT, self.EV_REL),
            (self.SET_RELBIT, 0),
            (self.SET_RELBIT, 1),
        ):
            fcntl.ioctl(self.file, request, value)
        self.file.write(struct.pack("80s4HI256i", b"check-desktops mouse", 3, 1, 1, 1, 0, *[0] * 256))
        fcntl.ioctl(self.file, self.CREATE)

    def move(self, x, y):
        for kind, code, value in ((self.EV_REL, 0, x), (self.EV_REL, 1, y), (self.EV_SYN, 0, 0)):
            self.file.write(struct.pack("llHHi", 0, 0, kind, code, value))
        time.sleep(0.05)

    def obey(self, line):
        match line.split():
            case ["right" | "left" as side]:
                sign = 1 if side == "right" else -1
                # One after the other: some let it pass from monitor to monitor by the shared edge only.
                for _ in range(20):
                    self.move(0, -100)
                for _ in range(40):
                    self.move(sign * 100, 0)
                for _ in range(20):
                    self.move(sign * -6, 6)
            case ["moves", count]:
                for n in range(int(count)):
                    self.move(3 if n % 20 < 10 else -3, 1)


def mouse():
    one = Mouse()
    for line in sys.stdin:
        one.obey(line)


def show(path, hidden):
    import gi

    gi.require_version("Gtk", "3.0")
    gi.require_version("Gdk", "3.0")
    from gi.repository import Gdk, GLib, Gtk

    picture = Gtk.Image.new_from_file(path)
    size = picture.get_pixbuf().get_width(), picture.get_pixbuf().get_height()
    window = Gtk.Window()
    # GTK's own make it larger than the monitor; but KWin and GTK never agree on one that wants none.
    window.set_decorated("KWIN" in os.environ)
    window.add(picture)
    display = Gdk.Display.get_default()
    waited = 0

    def keep():
        """Some forget it with the monitors that come and go."""
        if not window.get_window().get_state() & Gdk.WindowState.FULLSCREEN:
            window.unfullscreen()
            GLib.timeout_add(200, place)
            return False
        return True

    def place():
        nonlocal waited
        for number in range(display.get_n_monitors()):
            where = display.get_monitor(number).get_geometry()
            if (where.width, where.height) != size:
                continue
            window.move(where.x, where.y)
            window.set_default_size(where.width, where.height)
            # Before it is there: what is placed elsewhere first may stay there.
            window.fullscreen_on_monitor(display.get_default_screen(), number)
            window.show_all()
            if hidden:
                blank = Gdk.Cursor.new_for_display(display, Gdk.CursorType.BLANK_CURSOR)
                window.get_window().set_cursor(blank)
            GLib.timeout_add(5000, keep)
            return False
        waited += 1
        if waited > 100:
            sizes = [display.get_monitor(n).get_geometry() for n in range(display.get_n_monitors())]
            print("no monitor of that size:", [(s.width, s.height) for s in sizes], file=sys.stderr)
            Gtk.main_quit()
        return True

    GLib.timeout_add(200, place)
    Gtk.main()


class Mutter:
    """org.gnome.Mutter.DisplayConfig."""

    NAME = "org.gnome.Mutter.DisplayConfig"

    def __init__(self):
        from gi.repository import Gio, GLib

        self.variant = GLib.Variant
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        self.call_sync = lambda interface, method, arguments: self.bus.call_sync(
            self.NAME, "/org/gnome/Mutter/DisplayConfig", interface, method, arguments, None, 0, 20000
        ).unpack()

    def state(self):
        return self.call_sync(self.NAME, "GetCurrentState", None)

    def get(self):
        _, monitors, logical, _ = self.state()
        used = {monitor[0] for one in logical for monitor in one[5]}
        for (connector, _, product, _), modes, _ in monitors:
            names = " ".join(mode[0] for mode in modes)
            print(connector, "used" if connector in used else "unused", product, names)

    def mode(self, connector, mode, transform=0):
        serial, monitors, _, _ = self.state()
        logical = []
        x = 0
        for (name, *_), modes, _ in monitors:
            # Not its current one, which a mirror may have made as small as ours.
            chosen = next((m for m in modes if m[6].get("is-preferred")), modes[0])
            turned = 0
            if name == connector:
                chosen = next(m for m in modes if m[0].startswith(mode))
                turned = int(transform)
            logical.append((x, 0, 1.0, turned, x == 0, [(name, chosen[0], {})]))
            x += chosen[2] if turned % 2 else chosen[1]
        self.apply(serial, logical)

    def mirror(self, connector, mode):
        serial, monitors, _, _ = self.state()
        shown = [(name, next(m for m in modes if m[0].startswith(mode))[0], {})
                 for (name, *_), modes, _ in sorted(monitors, key=lambda m: m[0][0] == connector)]
        self.apply(serial, [(0, 0, 1.0, 0, True, shown)])

    def apply(self, serial, logical):
        arguments = self.variant(
            "(uua(iiduba(ssa{sv}))a{sv})", (serial, 1, logical, {})
        )
        self.call_sync(self.NAME, "ApplyMonitorsConfig", arguments)

    def gamma(self, connector, blue):
        serial, _, outputs, *_ = self.call_sync(self.NAME, "GetResources", None)
        crtc = next(output[2] for output in outputs if output[4] == connector)
        line = [n * 257 for n in range(256)]
        self.call_sync(self.NAME, "SetCrtcGamma", self.variant(
            "(uuaqaqaq)", (serial, crtc, line, line, [int(n * float(blue)) for n in line])))

    def power(self, mode):
        arguments = self.variant(
            "(ssv)", (self.NAME, "PowerSaveMode", self.variant("i", int(mode)))
        )
        self.call_sync("org.freedesktop.DBus.Properties", "Set", arguments)


def main(args):
    match args:
        case ["card", path, width, height]:
            card(path, int(width), int(height))
        case ["show", path, *rest] if rest in ([], ["pointer"]):
            show(path, not rest)
        case ["pointer", sink, card_path, shown_path, seconds]:
            pointer(int(sink), card_path, shown_path, float(seconds))
        case ["mouse"]:
            mouse()
        case ["compare", sink, card_path, shown_path, seconds, *how] if how in ([], ["turned"], ["warm"]):
            compare(int(sink), card_path, shown_path, float(seconds), *how or [""])
        case ["mutter", method, *rest] if method in ("get", "mode", "mirror", "gamma", "power"):
            getattr(Mutter(), method)(*rest)
        case _:
            sys.exit(__doc__)


main(sys.argv[1:])
