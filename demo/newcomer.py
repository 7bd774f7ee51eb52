#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the person of demo/newcomer does: with a keyboard and a mouse, and seeing as a screen reader does.

    newcomer.py open                      the window, by its entry in the menu
    newcomer.py found NAME                until the window lists that display
    newcomer.py choose NAME LOG FILE      goes to it by the tabulator, connects, and types the PIN that the
                                          sink with that log shows; a picture before that is confirmed
    newcomer.py connected                 until it says so, and shows what is sent
    newcomer.py terminal SHELL            opens one on the monitor at the right, and waits until it says card-is-shown
    newcomer.py disconnect
    newcomer.py in-reach                  until that display can be connected to again
    newcomer.py close                     the window
    newcomer.py tell                      all that is in it
    newcomer.py picture FILE [WxH]        of the whole desktop; with a size, its right end of that size, too,
                                          as monitor.png beside it
"""
import glob
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, "apps/connect/tests")
sys.dont_write_bytecode = True
os.environ.update(NO_AT_BRIDGE="0", LIMIT_S="240")
import evdev  # noqa: E402 after the environment is made
import gi  # noqa: E402
from evdev import ecodes  # noqa: E402

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, Gio  # noqa: E402

from stage import App, wait  # noqa: E402

ENTRY = "io.github.linux_miracast.Connect.desktop"
TITLE = "Wireless Displays"
BUTTON = "(push )?button"  # by older and newer libraries


class Keyboard:
    """What stage.App types with."""

    KEYS = {"Return": "ENTER", "Control_L": "LEFTCTRL", "Super_L": "LEFTMETA"}

    def __init__(self):
        self.device = evdev.UInput(name="keyboard")
        time.sleep(5)  # until the desktop has found it

    def send_key(self, name, pressed):
        code = ecodes.ecodes["KEY_" + self.KEYS.get(name, name.upper())]
        self.device.write(ecodes.EV_KEY, code, int(pressed))
        self.device.syn()
        time.sleep(0.05)


class Window(App):
    """The one that is there."""

    def __init__(self, stage=None):
        self.atspi = Atspi
        self.stage = stage
        self.root = wait("the window", self._find_root)

    def _find_root(self):
        desktop = Atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            app = desktop.get_child_at_index(i)
            if app and any(app.get_child_at_index(n).get_name() == TITLE
                           for n in range(app.get_child_count())):
                app.set_cache_mask(Atspi.Cache.NONE)
                return app
        return None


def choose(name, log, path):
    """In one go, because the service waits a minute for the PIN."""
    keyboard = Keyboard()
    window = Window(keyboard)
    row = window.find("list item", name)
    for _ in range(20):
        window.key("Tab")
        time.sleep(1)
        if row.get_state_set().contains(Atspi.StateType.FOCUSED):
            break
    window.key("Return")
    window.press("^Connect$", BUTTON)
    window.find("text", "^PIN$")
    with open(log) as sink:
        pin = wait("the sink's PIN", lambda: re.search(r"the PIN is (\d{8})", sink.read()))
    window.type(pin.group(1))
    picture(keyboard, path)
    window.key("Return")


def picture(keyboard, path, size=None):
    """Weston's own key makes it, in XDG_PICTURES_DIR."""
    from PIL import Image

    folder = os.path.dirname(path)
    before = set(glob.glob(folder + "/wayland-screenshot-*"))
    for name, pressed in (("Super_L", 1), ("s", 1), ("s", 0), ("Super_L", 0)):
        keyboard.send_key(name, pressed)

    def new():
        for file in set(glob.glob(folder + "/wayland-screenshot-*")) - before:
            try:
                return Image.open(file).convert("RGB")
            except (OSError, SyntaxError):  # half written
                pass
        return None

    whole = wait("the desktop's picture", new)
    if size:
        width, height = map(int, size.split("x"))
        monitor = whole.crop((whole.width - width, 0, whole.width, height))
        monitor.save(folder + "/monitor.png")
        black = sum(monitor.convert("L").histogram()[:8]) / (width * height)
        assert black > 0.2, "no terminal is on that monitor"
    whole.thumbnail((900, 900))
    whole.save(path, optimize=True)


def terminal(shell):
    """New windows come where the pointer is."""
    mouse = evdev.UInput({ecodes.EV_REL: [ecodes.REL_X, ecodes.REL_Y], ecodes.EV_KEY: [ecodes.BTN_LEFT]},
                         name="mouse")
    time.sleep(5)
    for x, y in [(0, -100)] * 20 + [(100, 0)] * 40 + [(0, 20)] * 10:
        mouse.write(ecodes.EV_REL, ecodes.REL_X, x)
        mouse.write(ecodes.EV_REL, ecodes.REL_Y, y)
        mouse.syn()
        time.sleep(0.05)
    subprocess.Popen(["weston-terminal", "--shell=" + shell])
    wait("a terminal", lambda: os.path.exists(os.environ["XDG_RUNTIME_DIR"] + "/card-is-shown"))
    time.sleep(10)


def main(args):
    match args:
        case ["open"]:
            Gio.DesktopAppInfo.new(ENTRY).launch()
            Window().find("frame|window", TITLE)
            time.sleep(5)
        case ["found", name]:
            Window().find("list item", name)
        case ["choose", name, log, path]:
            choose(name, log, path)
        case ["connected"]:
            window = Window()
            window.wait_text("Connected")
            window.find("image", r"Bitrate: \d+\.\d Mbit/s")
            window.find("image", "^The picture that is being sent$")
        case ["terminal", shell]:
            terminal(shell)
        case ["disconnect"]:
            window = Window()
            window.press("^Disconnect$", BUTTON)
            window.find(BUTTON, "^Forget")
        case ["in-reach"]:
            connect = Window().find(BUTTON, "^Connect$")
            wait("it", lambda: connect.get_state_set().contains(Atspi.StateType.SENSITIVE))
        case ["close"]:
            Window(Keyboard()).key("<Control>q")
        case ["tell"]:
            for role, name, _ in Window().everything():
                print(f"{role}: {name}")
        case ["picture", path, *size]:
            picture(Keyboard(), path, *size)
        case _:
            sys.exit(__doc__)


main(sys.argv[1:])
