#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test-viewer.py FOLDER: the sink's window in each of its states; a picture of each goes to FOLDER.

From the environment: MIRACAST_SINK_WINDOW and MIRACAST_SINK, the programs; FAKE_SINK_PROGRAM.
"""
import ctypes
import json
import os
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True  # beside the sources

from PIL import Image  # noqa: E402

from stage import BORDER, App, Stage, tap, wait  # noqa: E402

stage = Stage()
import gi  # noqa: E402 after the environment is made

gi.require_version("Atspi", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

WINDOW = os.environ["MIRACAST_SINK_WINDOW"]
PINK, GREEN = [255, 0, 255], [0, 255, 0]  # blue, green, red


def make_program(name, text):
    path = f"{stage.folder}/{name}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as program:
        program.write(text)
    os.chmod(path, 0o755)
    return path


class Sink:
    """The fake one, and the window."""

    def __init__(self, arguments="--name 'Living room'", **environment):
        self.folder = f"{stage.folder}/fake"
        os.makedirs(self.folder, exist_ok=True)
        for name in ("commands", "heard"):
            if os.path.exists(f"{self.folder}/{name}"):
                os.remove(f"{self.folder}/{name}")
        os.mkfifo(f"{self.folder}/commands")
        make_program("bin/miracast-sink",
                     f'#!/bin/sh\nexec python3 {os.environ["FAKE_SINK_PROGRAM"]} "$@"\n')
        self.program = make_program("viewer", f'#!/bin/sh\nexec {WINDOW} {arguments}\n')
        self.environment = {"FAKE_SINK": self.folder,
                            "PATH": f'{stage.folder}/bin:{os.environ["PATH"]}', **environment}

    def __enter__(self):
        self.app = App(stage, self.program, 800, **self.environment)
        wait("the sink", lambda: self.count("started") == 1)
        self.commands = open(f"{self.folder}/commands", "w", buffering=1)
        return self, self.app

    def __exit__(self, kind, value, trace):
        if kind:
            self.app.process.kill()
            self.app.process.wait()
            self.app.errors.seek(0)
            print("# " + self.app.errors.read().replace("\n", "\n# "))
        else:
            self.app.close()
        self.commands.close()

    def say(self, *words):
        self.commands.write(json.dumps(words) + "\n")

    def heard(self):
        try:
            with open(f"{self.folder}/heard") as heard:
                return heard.read().splitlines()
        except FileNotFoundError:
            return []

    def count(self, word):
        return sum(line.split(" ")[0] == word for line in self.heard())


class SessionManager:
    """A desktop's, which is asked to keep the screen on."""

    XML = """<node><interface name="org.gnome.SessionManager">
    <method name="RegisterClient"><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="o" direction="out"/></method>
    <method name="Inhibit"><arg type="s" direction="in"/><arg type="u" direction="in"/>
    <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="u" direction="out"/></method>
    <method name="Uninhibit"><arg type="u" direction="in"/></method>
    </interface></node>"""
    PATH = "/org/gnome/SessionManager"
    IDLE = 8

    def __init__(self):
        self.context = GLib.MainContext()
        self.loop = GLib.MainLoop(self.context)
        self.inhibitors = {}
        self.n_inhibited = 0
        started = threading.Event()
        threading.Thread(target=self.run, args=(started,), daemon=True).start()
        assert started.wait(20)

    def run(self, started):
        self.context.push_thread_default()
        self.bus = Gio.DBusConnection.new_for_address_sync(
            os.environ["DBUS_SESSION_BUS_ADDRESS"],
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        interface = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces[0]
        self.bus.register_object(self.PATH, interface, self.on_call, None, None)
        self.bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                           "RequestName", GLib.Variant("(su)", (interface.name, 0)), None,
                           Gio.DBusCallFlags.NONE, 10000, None)
        started.set()
        self.loop.run()

    def on_call(self, bus, sender, path, interface, method, arguments, invocation):
        if method == "RegisterClient":
            answer = GLib.Variant("(o)", (self.PATH + "/Client1",))
        elif method == "Inhibit":
            self.n_inhibited += 1
            self.inhibitors[self.n_inhibited] = arguments.unpack()
            answer = GLib.Variant("(u)", (self.n_inhibited,))
        else:
            del self.inhibitors[arguments.unpack()[0]]
            answer = None
        invocation.return_value(answer)

    def close(self):
        self.loop.quit()
        self.bus.close_sync(None)


def shot(name):
    time.sleep(0.5)
    stage.screenshot(f"{sys.argv[1]}/{name}.png")


def pixels_of(colour):
    """How many pixels of the window have it; @colour: blue, green, red."""
    name = f"{stage.folder}/screen.png"
    stage.screenshot(name)
    return sum(n for n, c in Image.open(name).convert("RGB").getcolors(1 << 24)
               if list(c) == colour[::-1])


def test_waiting():
    """its name is shown, the PIN large, and who is connected"""
    with Sink() as (sink, app):
        assert sink.heard()[0] == "started --viewer=3 --name Living room --mice", sink.heard()
        sink.say("waiting", "Living room")
        app.find("label", "^Living room$")
        app.wait_text("Choose this display on the other device")
        shot("waiting")
        sink.say("pin", "49510836")
        app.wait_text("49510836")
        shot("pin")
        sink.say("left")
        app.wait_no_text("49510836")
        sink.say("source", "Anna's <b>laptop</b>")
        app.wait_text("Shows Anna's <b>laptop</b>")
        app.wait_text("The picture is on its way")


def test_announced():
    """it has the name that others see, and says when nobody can see it"""
    with Sink() as (sink, app):
        sink.say("waiting", "Living room")
        sink.say("not-announced", "Avahi does not run")
        app.wait_text("Other devices cannot find this display.\nAvahi does not run")
        shot("not-announced")
        sink.say("announced", "Living room")
        app.wait_no_text("Other devices cannot find this display")
        sink.say("announced", "Living room #2")
        app.find("label", "^Living room #2$")
        app.wait_text("Another display is called “Living room” already.")
        sink.say("announced", "Living room #2")
        time.sleep(0.5)
        assert not app.has_text("is called “Living room #2”")


def test_typing():
    """a PIN that the other device shows is typed, and typed again if it is none"""
    with Sink() as (sink, app):
        sink.say("waiting", "Living room")
        sink.say("pin-wanted")
        app.wait_text("Type the PIN that the other device shows")
        app.find("text", "^Type the PIN that the other device shows$")
        app.press("^Connect$")
        shot("typing")
        app.type("12345678")
        app.press("^Connect$")
        wait("that it is told", lambda: sink.heard()[-1] == "pin 12345678")
        app.wait_text("The picture is on its way")
        sink.say("pin-wanted", "again")
        app.wait_text("That is no PIN: look again.")
        app.type("12345670")
        app.key("Return")
        wait("that the next is told", lambda: sink.heard()[-1] == "pin 12345670")
        # Nothing was told while nothing was typed.
        assert sink.count("pin") == 2
        sink.say("left")
        app.wait_text("Choose this display on the other device")


def test_picture():
    """pictures are shown, one after the other; who does not look gets none"""
    with Sink() as (sink, app):
        sink.say("waiting", "Living room")
        sink.say("source", "laptop")
        sink.say("picture", 64, 36, PINK)
        app.find("image", "^What the other device shows$")
        wait("the picture", lambda: pixels_of(PINK) > 100000)
        wait("that it is told", lambda: sink.count("drawn") == 1)
        sink.say("picture", 64, 48, GREEN)
        wait("the next one", lambda: pixels_of(GREEN) > 100000 and not pixels_of(PINK))
        shot("picture")
        # The bars beside it are black.
        assert pixels_of([0, 0, 0]) > 1000
        wait("that it is told", lambda: sink.count("drawn") == 2)
        for i in range(50):
            sink.say("picture", 64, 48, PINK if i % 2 else GREEN)
            wait("that it is told", lambda: sink.count("drawn") == 3 + i)


def test_awake():
    """while pictures are shown the screen stays on, and no longer"""
    desktop = SessionManager()
    try:
        with Sink() as (sink, app):
            sink.say("waiting", "Living room")
            app.find("label", "^Living room$")
            assert not desktop.inhibitors
            sink.say("picture", 64, 36, PINK)
            wait("that the screen is kept on", lambda: desktop.inhibitors)
            sink.say("picture", 64, 36, GREEN)
            wait("the next one", lambda: pixels_of(GREEN) > 100000)
            (_, _, why, what), = desktop.inhibitors.values()
            assert (why, what) == ("Another device shows its screen", desktop.IDLE)
            sink.say("ended", "source-teardown The source sent the trigger TEARDOWN.")
            sink.say("exit", 0)
            wait("that it may go dark", lambda: not desktop.inhibitors)
    finally:
        desktop.close()


def test_bad_pictures():
    """whatever is no picture is not shown, and the next one is"""
    with Sink() as (sink, app):
        sink.say("picture", 64, 48, GREEN)
        wait("the picture", lambda: pixels_of(GREEN) > 100000)
        bad = (("unsealed", 64, 48), ("short", 64, 48), ("no-file", 64, 48), ("huge", 99999, 99999),
               ("many", 9000, 1), ("huge", 0, 0))
        for how, width, height in bad:
            before = sink.count("drawn")
            sink.say("picture", width, height, PINK, how)
            wait(f"the answer to {how}", lambda: sink.count("drawn") == before + 1)
            assert not pixels_of(PINK), how
        for text in ("", "picture", "picture x y", "\xff\xfe\xfd", "source", "pin", "ended",
                     "waiting " + "\xff" * 4000, "x" * 9000):
            if text:
                sink.say("raw", text)
        sink.say("waiting", "Living room")
        app.find("label", "^Living room$")
        sink.say("picture", 64, 48, PINK)
        wait("the picture", lambda: pixels_of(PINK) > 100000)


def test_fullscreen():
    """in full screen there is the picture alone; the volume is told"""
    with Sink() as (sink, app):
        sink.say("waiting", "Living room")
        sink.say("picture", 64, 36, PINK)
        wait("the picture", lambda: pixels_of(PINK) > 100000)
        assert "volume 100" in sink.heard()
        app.key("F11")
        app.press("Full screen")
        stage.set_state("_NET_WM_STATE_FULLSCREEN", True)
        app.wait_no_text("Full screen")  # the bar is gone
        stage.set_state("_NET_WM_STATE_FULLSCREEN", False)
        app.wait_text("Full screen")
        app.find("slider", "^Volume$")
        app.tab_to("^Volume$")
        app.key("Left", "Left")
        wait("the volume", lambda: "volume 90" in sink.heard())


def point(x, y):
    stage.xtst.XTestFakeMotionEvent(stage.display, -1, int(x), int(y), ctypes.c_ulong(0))
    stage.x.XSync(stage.display, 0)
    time.sleep(0.2)


def press_button(button, pressed):
    stage.xtst.XTestFakeButtonEvent(stage.display, button, int(pressed), ctypes.c_ulong(0))
    stage.x.XSync(stage.display, 0)
    time.sleep(0.2)


def test_input():
    """what the mouse and the keys do is told in the picture's own pixels, once the source takes it"""
    def inputs():
        return [line[len("input "):] for line in sink.heard() if line.startswith("input ")]
    with Sink() as (sink, app):
        sink.say("waiting", "Living room")
        sink.say("picture", 640, 360, PINK)
        wait("the picture", lambda: pixels_of(PINK) > 100000)
        name = f"{stage.folder}/screen.png"
        stage.screenshot(name)
        screen = Image.open(name).convert("RGB")
        left, top, right, bottom = picture_box(screen)
        point(left + 50, top + 50)
        press_button(1, True)
        press_button(1, False)
        app.key("a")
        assert not inputs(), inputs()  # nobody takes it
        sink.say("input", "on")
        time.sleep(1)
        # The pointer's place in the window: the picture of it begins beyond the border.
        x, y = left + (right - left) // 4, top + (bottom - top) // 2
        point(x + BORDER, y + BORDER)
        wait("the pointer", inputs)
        word, number, px, py = inputs()[-1].split()
        assert (word, number) == ("move", "0"), inputs()
        assert abs(int(px) - 160) <= 3 and abs(int(py) - 180) <= 3, inputs()
        press_button(1, True)
        press_button(1, False)
        assert [i.split()[0] for i in inputs()[-2:]] == ["down", "up"], inputs()
        press_button(5, True)
        press_button(5, False)
        assert inputs()[-1] == "scroll -1", inputs()
        app.key("a", "Return", "Escape", "F11")
        wait("the keys", lambda: inputs()[-6:] == [
            "key-down 0x61", "key-up 0x61", "key-down 0xd", "key-up 0xd", "key-down 0x1b",
            "key-up 0x1b"])
        n = len(inputs())
        # Twice is not full screen now; and beside the picture is nowhere.
        point(x + BORDER, bottom + 30)
        press_button(1, True)
        press_button(1, False)
        assert not [i for i in inputs()[n:] if i.startswith("down")], inputs()[n:]
        # What is held when it ends is let go.
        stage.send_key("b", True)
        wait("the key", lambda: inputs()[-1] == "key-down 0x62")
        sink.say("input", "off")
        wait("that it is let go", lambda: inputs()[-1] == "key-up 0x62")
        stage.send_key("b", False)
        n = len(inputs())
        point(x, y)
        app.key("a")
        assert len(inputs()) == n, inputs()


def picture_box(screen):
    """Where the pink picture lies in a picture of the window."""
    mask = Image.new("L", screen.size)
    mask.putdata([255 if pixel == (255, 0, 255) else 0 for pixel in screen.getdata()])
    return mask.getbbox()


def test_again():
    """after a session the next source may come; what was unusual is said"""
    with Sink() as (sink, app):
        sink.say("waiting", "Living room")
        sink.say("source", "laptop")
        sink.say("picture", 64, 36, PINK)
        wait("the picture", lambda: pixels_of(PINK) > 100000)
        sink.say("ended", "source-silent The source said nothing for 60 s.")
        sink.say("exit", 1)
        wait("the next sink", lambda: sink.count("started") == 2)
        app.wait_text("The other device said nothing any more.")
        assert not pixels_of(PINK)
        sink.say("waiting", "Living room")
        sink.say("source", "laptop")
        sink.say("ended", "source-teardown The source sent the trigger TEARDOWN.")
        sink.say("exit", 0)
        wait("the next sink", lambda: sink.count("started") == 3)
        time.sleep(1)
        assert not app.has_text("TEARDOWN")
        # It cannot be one: that is said, and tried again, but not at once.
        sink.say("ended", "not-listening Port 7250 is taken.")
        sink.say("exit", 1)
        app.wait_text("This machine cannot be a display now")
        app.wait_text("Port 7250 is taken.")
        time.sleep(2)
        assert sink.count("started") == 3
        wait("another try", lambda: sink.count("started") == 4)


def test_no_sink():
    """where miracast-sink cannot be started that is said, and tried again"""
    folder, environment = f"{stage.folder}/late", {"FAKE_SINK": f"{stage.folder}/late"}
    program = make_program("viewer", f"#!/bin/sh\nexec {WINDOW}\n")
    app = App(stage, program, 800, PATH=folder, **environment)
    app.wait_text("This machine cannot be a display now")
    os.makedirs(folder)
    os.mkfifo(f"{folder}/commands")
    make_program("late/miracast-sink", f'#!/bin/sh\nexec {sys.executable} '
                                       f'{os.environ["FAKE_SINK_PROGRAM"]} "$@"\n')
    wait("another try", lambda: os.path.exists(f"{folder}/heard"))
    app.close()


def test_close():
    """with the window the sink ends, and is waited for"""
    with Sink() as (sink, app):
        sink.say("waiting", "Living room")
        app.find("label", "^Living room$")
        app.close()
        assert sink.heard()[-1] == "gone", sink.heard()


def test_german():
    """in German"""
    with Sink(LANGUAGE="de") as (sink, app):
        sink.say("waiting", "Wohnzimmer")
        app.wait_text("Wohnzimmer")
        assert not app.has_text("Choose this display")
        shot("german-waiting")
        sink.say("source", "laptop")
        sink.say("ended", "source-silent The source said nothing for 60 s.")
        sink.say("exit", 1)
        app.wait_text("Das andere Gerät hat nichts mehr von sich hören lassen.")
        assert not app.has_text("The source said nothing")
        wait("the next sink", lambda: sink.count("started") == 2)
        # What is in the way is for whoever mends it.
        sink.say("ended", "not-listening Port 7250 is taken.")
        sink.say("exit", 1)
        app.wait_text("Über das Netz kann sich kein Gerät verbinden.")
        app.wait_text("Port 7250 is taken.")


def test_real_sink():
    """the real miracast-sink: a source that comes over the network, and goes"""
    port, rtsp = 17250, socket.create_server(("127.0.0.1", 0))
    # What it does not give back is for its own tests.
    make_program("bin/miracast-sink", "#!/bin/sh\nASAN_OPTIONS=detect_leaks=0 "
                                      f'exec {os.environ["MIRACAST_SINK"]} "$@"\n')
    program = make_program("viewer", f'#!/bin/sh\nexec {WINDOW} --name Kitchen -- --mice '
                                     f'--no-announce --mice-port {port}\n')
    app = App(stage, program, 800, PATH=f'{stage.folder}/bin:{os.environ["PATH"]}')
    app.find("label", "^Kitchen$")

    def connect():
        try:
            return socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            return None
    name = "Anna's laptop".encode("utf-16-le")
    parts = struct.pack(">BH", 0, len(name)) + name
    parts += struct.pack(">BHH", 2, 2, rtsp.getsockname()[1]) + struct.pack(">BH", 3, 16) + bytes(16)
    ready = struct.pack(">HBB", 4 + len(parts), 1, 1) + parts
    for _ in range(2):
        source = wait("the sink's port", connect)
        source.sendall(ready)
        rtsp.settimeout(30)
        connection, _ = rtsp.accept()
        app.wait_text("Shows Anna's laptop")
        connection.close()
        source.close()
        app.wait_no_text("Shows Anna's laptop")
    app.find("label", "^Kitchen$")
    app.close()


try:
    os.makedirs(sys.argv[1], exist_ok=True)
    only = sys.argv[2:]
    status = tap([test for name, test in list(globals().items())
                  if name.startswith("test_") and (not only or name in only)])
finally:
    stage.stop()
sys.exit(status)
