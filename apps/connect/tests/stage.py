# SPDX-License-Identifier: GPL-2.0-or-later
"""A screen, buses, and the window on them, seen and used as a screen reader and a keyboard do."""
import ctypes
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from gi.repository import GLib

WIDTH, HEIGHT = 420, 720
SCREEN = "600x1100x24"
BORDER = 5
# Roles below which there is nothing of interest: each question is a message to the program.
LEAVES = ("push button", "label", "image", "check box", "text", "scroll bar")
# Of each wait; a machine with much to do and ASan take their time, an emulated one far more.
LIMIT_S = int(os.environ.get("LIMIT_S", "30"))


def wait(what, check, limit=LIMIT_S):
    """What check() comes to, when that is true."""
    end = time.monotonic() + limit
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit} s")
        time.sleep(0.2)


class Stage:
    """Made before Atspi is imported: that reads the addresses from the environment.

    @system_bus: the address of one that is there; else there will be one of its own.
    """

    def __init__(self, system_bus=None):
        self.folder = tempfile.mkdtemp(prefix="miracast-connect-")
        self.processes = []
        os.environ.update(HOME=self.folder, XDG_RUNTIME_DIR=self.folder, GSETTINGS_BACKEND="memory",
                          XDG_CONFIG_HOME=self.folder + "/config", NO_AT_BRIDGE="0",
                          XDG_DATA_HOME=self.folder + "/data", ADW_DISABLE_PORTAL="1",
                          GDK_BACKEND="x11", GSK_RENDERER="cairo", GTK_USE_PORTAL="0")
        os.environ.pop("WAYLAND_DISPLAY", None)
        os.makedirs(self.folder + "/config/gtk-4.0")
        with open(self.folder + "/config/gtk-4.0/settings.ini", "w") as settings:
            settings.write("[Settings]\ngtk-font-name=Cantarell 11\n")
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = self.start_bus()
        self.system_bus = system_bus or self.start_bus()
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = self.system_bus
        self.start_screen()

    def start(self, *argv, **options):
        process = subprocess.Popen(argv, **options)
        self.processes.append(process)
        return process

    def start_bus(self):
        bus = self.start("dbus-daemon", "--session", "--nofork", "--print-address=1",
                         stdout=subprocess.PIPE, text=True)
        return bus.stdout.readline().strip()

    def start_screen(self):
        screen = self.start("Xvfb", "-displayfd", "1", "-screen", "0", SCREEN,
                            "-fbdir", self.folder, "-nolisten", "tcp", "-noreset", "-nocursor",
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        os.environ["DISPLAY"] = ":" + screen.stdout.readline().strip()
        # Windows of no manager are in the corner, and the keys are theirs who have the pointer.
        self.x = ctypes.CDLL("libX11.so.6")
        self.xtst = ctypes.CDLL("libXtst.so.6")
        self.x.XStringToKeysym.restype = ctypes.c_ulong
        self.x.XOpenDisplay.restype = ctypes.c_void_p
        self.display = ctypes.c_void_p(self.x.XOpenDisplay(None))
        self.root = ctypes.c_ulong(self.x.XDefaultRootWindow(self.display))

    def toplevels(self):
        """The windows that are mapped, the highest last."""
        root, parent = ctypes.c_ulong(), ctypes.c_ulong()
        children, n = ctypes.POINTER(ctypes.c_ulong)(), ctypes.c_uint()
        self.x.XQueryTree(self.display, self.root, ctypes.byref(root), ctypes.byref(parent),
                          ctypes.byref(children), ctypes.byref(n))
        mapped = []
        for i in range(n.value):
            attributes = (ctypes.c_int * 64)()
            self.x.XGetWindowAttributes(self.display, ctypes.c_ulong(children[i]), attributes)
            # XWindowAttributes: x, y, width, height, ... and map_state, 2 is viewable
            if attributes[2] > 100 and attributes[23] == 2:
                mapped.append((children[i], attributes[2], attributes[3]))
        return mapped

    def resize(self, width, height):
        """As a window manager would, which gives it the keyboard, too."""
        window = ctypes.c_ulong(wait("a window", self.toplevels)[0][0])
        self.x.XMoveResizeWindow(self.display, window, 0, 0, width, height)
        self.x.XSetInputFocus(self.display, window, 1, 0)
        self.x.XSync(self.display, 0)

    def set_state(self, name, wanted):
        """As a window manager does, which this screen has not; @name: of the only state."""
        self.x.XInternAtom.restype = ctypes.c_ulong
        state, atom = (self.x.XInternAtom(self.display, n.encode(), 0)
                       for n in ("_NET_WM_STATE", name))
        self.x.XChangeProperty(self.display, ctypes.c_ulong(self.toplevels()[0][0]),
                               ctypes.c_ulong(state), ctypes.c_ulong(4), 32, 0,
                               (ctypes.c_ulong * 1)(atom), int(wanted))
        self.x.XSync(self.display, 0)

    def send_key(self, name, pressed):
        code = self.x.XKeysymToKeycode(
            self.display, ctypes.c_ulong(self.x.XStringToKeysym(name.encode())))
        self.xtst.XTestFakeKeyEvent(self.display, code, int(pressed), ctypes.c_ulong(0))
        self.x.XSync(self.display, 0)

    def least_width(self):
        """What the window asks its manager not to go below."""
        hints, supplied = (ctypes.c_long * 18)(), ctypes.c_long()
        window = self.toplevels()[0][0]
        self.x.XGetWMNormalHints(self.display, ctypes.c_ulong(window), hints,
                                 ctypes.byref(supplied))
        # XSizeHints: flags (a long), then ints: x, y, width, height, min_width
        return struct.unpack_from("q4ii", bytes(hints))[5]

    def screenshot(self, path):
        """The highest window as PNG; the X server keeps the screen in a file, in XWD's form."""
        from PIL import Image
        with open(self.folder + "/Xvfb_screen0", "rb") as file:
            data = file.read()
        header, _, _, _, w, h = struct.unpack_from(">6I", data)
        bytes_per_line, n_colours = struct.unpack_from(">I", data, 48)[0], \
            struct.unpack_from(">I", data, 76)[0]
        image = Image.frombuffer("RGB", (w, h), data[header + 12 * n_colours:], "raw", "BGRX",
                                 bytes_per_line, 1)
        _, width, height = self.toplevels()[-1]
        # Without a compositor GTK draws a border of its own.
        image.crop((BORDER, BORDER, width - BORDER, height - BORDER)).save(path)

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class App:
    """The program, from its start to its end."""

    def __init__(self, stage, program, width=WIDTH, **environment):
        from gi.repository import Atspi
        self.atspi = Atspi
        self.stage = stage
        self.errors = tempfile.TemporaryFile("w+")
        self.process = stage.start(program, stderr=self.errors,
                                   env={**os.environ, **environment})
        self.root = wait("the window", self._find_root)
        stage.resize(width, HEIGHT)

    def _find_root(self):
        if self.process.poll() is not None:
            self.errors.seek(0)
            raise AssertionError("it has ended: " + self.errors.read())
        desktop = self.atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            app = desktop.get_child_at_index(i)
            if app and app.get_process_id() == self.process.pid:
                app.set_cache_mask(self.atspi.Cache.NONE)
                return app
        return None

    def everything(self, node=None, depth=0):
        """(role, name, node) of all that is to be seen now, one after the other as it is asked for."""
        node = node or self.root
        try:
            # The program itself is none that is visible.
            if depth and not node.get_state_set().contains(self.atspi.StateType.VISIBLE):
                return
            role = node.get_role_name()
            yield role, node.get_name() or "", node
            if role not in LEAVES:
                for i in range(node.get_child_count()):
                    child = node.get_child_at_index(i)
                    if child:
                        yield from self.everything(child, depth + 1)
        except GLib.Error:  # it has gone since
            return

    def find(self, role, name, limit=LIMIT_S):
        """The first one; both are regular expressions, @role a whole one."""
        return wait(f"{role} {name!r} in {self.root.get_name()}", lambda: next(
            (n for r, text, n in self.everything()
             if re.fullmatch(role, r) and re.search(name, text)), None), limit)

    def has_text(self, text):
        return any(text in name for _, name, _ in self.everything())

    def wait_text(self, text, limit=LIMIT_S):
        try:
            wait(f"the text {text!r}", lambda: self.has_text(text), limit)
        except AssertionError as error:
            seen = "\n".join(f"  {r}: {n}" for r, n, _ in self.everything() if n)
            raise AssertionError(f"{error}; there is:\n{seen}") from None

    def wait_no_text(self, text):
        wait(f"that {text!r} goes", lambda: not self.has_text(text))

    def press(self, name, role="push button"):
        """A button, as a screen reader presses it."""
        node = self.find(role, name)
        wait(f"{name} can be pressed",
             lambda: node.get_state_set().contains(self.atspi.StateType.SENSITIVE))
        assert node.do_action(0), f"{name} cannot be pressed"

    def key(self, *names):
        """Keys by their X names, one after the other, with <Control> and <Alt> before them."""
        for name in names:
            held = []
            for prefix, key in (("<Control>", "Control_L"), ("<Alt>", "Alt_L")):
                if name.startswith(prefix):
                    name = name[len(prefix):]
                    held.append(key)
            for key in held:
                self.stage.send_key(key, True)
            self.stage.send_key(name, True)
            self.stage.send_key(name, False)
            for key in held:
                self.stage.send_key(key, False)
            time.sleep(0.05)

    def type(self, text):
        """Letters of an address."""
        self.key(*({".": "period"}.get(c, c) for c in text))

    def focused(self):
        """(role, name) of what the keyboard acts on."""
        for role, name, node in self.everything():
            if node.get_state_set().contains(self.atspi.StateType.FOCUSED):
                return role, name
        return None

    def tab_to(self, name, limit=40):
        """By the tabulator alone."""
        for _ in range(limit):
            focused = self.focused()
            if focused and re.search(name, focused[1]):
                return
            self.key("Tab")
        raise AssertionError(f"the tabulator does not come to {name!r}, only to {self.focused()}")

    def close(self):
        """The window, by its keys; what the program has said goes with it."""
        if self.process.poll() is None:
            self.key("<Control>q")
            try:
                self.process.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise AssertionError("it does not end when its window is closed") from None
        self.check_errors()

    def check_errors(self):
        self.errors.seek(0)
        text = self.errors.read()
        bad = [line for line in text.splitlines()
               if re.search(r"WARNING|CRITICAL|ERROR|Sanitizer|runtime error", line)]
        if bad or self.process.returncode:
            raise AssertionError(f"it ended with {self.process.returncode} and said:\n{text}")


def tap(tests):
    """Runs @tests, functions, one after the other; the exit status."""
    import traceback
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    for n, test in enumerate(tests, 1):
        name = test.__doc__.split("\n")[0]
        try:
            test()
            print(f"ok {n} {name}", flush=True)
        except Exception:
            failed += 1
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            print(f"not ok {n} {name}", flush=True)
    sys.stdout.flush()
    return 1 if failed else 0
