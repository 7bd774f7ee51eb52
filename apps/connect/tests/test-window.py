#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test-window.py FOLDER [PART/PARTS | TEST...]: the window in each of its states; a picture of each
goes to FOLDER. 2/3 is every third test, from the second.

From the environment: MIRACAST_CONNECT, MIRACASTD and MIRACASTCTL, the programs; BUS_XML.
"""
import json
import os
import re
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True  # beside the sources

from PIL import Image  # noqa: E402

from stage import HEIGHT, WIDTH, App, Stage, tap, wait  # noqa: E402

PROGRAM = os.environ["MIRACAST_CONNECT"]
XML = os.environ["BUS_XML"]

stage = Stage()


def make_patient():
    """A root for the doctor to look at, and a miracastctl that does: findings of no other machine."""
    root = stage.folder + "/root"
    os.makedirs(root + "/proc/sys/kernel")
    with open(root + "/proc/sys/kernel/osrelease", "w") as release:
        release.write("6.1.0-56-amd64")
    os.makedirs(stage.folder + "/bin")
    with open(stage.folder + "/bin/miracastctl", "w") as script:
        script.write(f'#!/bin/sh\nexec {os.environ["MIRACASTCTL"]} "$@" --root {root}\n')
    os.chmod(script.name, 0o755)
    os.environ["PATH"] = f'{stage.folder}/bin:{os.environ["PATH"]}'


make_patient()
import gi  # noqa: E402 after the environment is made

gi.require_version("Atspi", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from miracastd import ROOT, Miracastd  # noqa: E402

LIVING_ROOM = dict(Name="Living room", Kind="tv", Ways=["p2p"], SignalStrength=80,
                   Address="42:00:00:00:01:00", NeedsPin=True)
LOST = "The network link to the sink is gone: bring it back and connect again."
PARTS = ("push button", "toggle button", "combo box", "list item")
CONTROLS = ("push button", "toggle button", "check box", "text", "entry", "combo box", "list item",
            "image")


def shot(app, name):
    """A picture, and whether all that can be used has a name, and 360 pixels are enough."""
    time.sleep(0.5)  # a widget's colours change over a fifth of a second
    stage.screenshot(f"{sys.argv[1]}/{name}.png")
    assert stage.least_width() <= 360, f"{name}: {stage.least_width()}"
    for role, text, node in app.everything():
        if role in CONTROLS and not has_name(app, role, text, node):
            raise AssertionError(f"{name}: a {role} is called {text!r}")


def has_name(app, role, text, node):
    if text and not re.match(r"(Gtk|Adw|Connect)[A-Z]", text) and not text.startswith("_"):
        return True
    # The toolkit's own arrows; and what a combo box shows is a label within an item.
    if role == "image":
        return is_within(node, PARTS)
    return role == "list item" and any(r == "label" and t for r, t, _ in app.everything(node, 1))


def is_within(node, roles, depth=5):
    parent = node.get_parent()
    return bool(depth and parent) and (parent.get_role_name() in roles or
                                       is_within(parent, roles, depth - 1))


class Scene:
    """The service and the window; afterwards the window is closed, and has to have been quiet."""

    def __init__(self, service=True, width=WIDTH, **environment):
        self.width = width
        self.daemon = Miracastd(stage.system_bus, XML) if service else None
        self.environment = environment

    def __enter__(self):
        self.app = App(stage, PROGRAM, self.width, **self.environment)
        return self.daemon, self.app

    def __exit__(self, kind, value, trace):
        if kind:
            self.app.process.kill()
            self.app.process.wait()
            self.app.errors.seek(0)
            print("# " + self.app.errors.read().replace("\n", "\n# "))
        try:
            if not kind:
                # With a session it would stay.
                if self.daemon:
                    self.daemon.end_sessions()
                self.app.close()
        finally:
            if self.daemon:
                self.daemon.stop()


def begin(daemon, app, **sink):
    """A session with the living room's television, as far as "preparing"."""
    sink = {**LIVING_ROOM, **sink}
    path = daemon.add_sink(**sink)
    open_sink(app, sink["Name"])
    app.press("^Connect$")
    wait("Connect", lambda: daemon.count("Connect"))
    return path, daemon.last_session()


def begin_held(daemon, app):
    daemon.add_sink(**LIVING_ROOM)
    open_sink(app, "Living room")
    app.key("Return")
    wait("Connect", lambda: daemon.count("Connect"))


def open_sink(app, name):
    app.find("list item", name)
    app.tab_to(name)
    app.key("Return")
    app.find("push button", "^Connect$")


def click_notification(sink):
    """As the desktop does it."""
    Gio.bus_get_sync(Gio.BusType.SESSION).call_sync(
        "io.github.linux_miracast.Connect", "/io/github/linux_miracast/Connect",
        "org.freedesktop.Application", "ActivateAction",
        GLib.Variant("(sava{sv})", ("show-sink", [GLib.Variant("s", sink)], {})), None, 0, -1, None)


def stream(daemon, session):
    daemon.set(session, State="streaming", Link="p2p", Details={
        "mode": "1920x1080@60", "encoder": "x264enc", "h264-level": "4.2", "sound": "LPCM",
        "input": "off", "bitrate-kbit": 9000})


class Service:
    """Another service of the system, in a thread of its own."""

    def __init__(self, name, objects, on_call, address=None):
        self.context = GLib.MainContext()
        self.loop = GLib.MainLoop(self.context)
        started = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True, args=(
            name, objects, on_call, address or stage.system_bus, started))
        self.thread.start()
        started.wait()

    def run(self, name, objects, on_call, address, started):
        self.context.push_thread_default()
        self.bus = Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        for path, interfaces in objects.items():
            for interface in Gio.DBusNodeInfo.new_for_xml(f"<node>{interfaces}</node>").interfaces:
                self.bus.register_object(path, interface, on_call, None, None)
        self.bus.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
                           GLib.Variant("(su)", (name, 4)), None, 0, -1, None)
        started.set()
        self.loop.run()
        self.context.pop_thread_default()

    def stop(self):
        self.loop.quit()
        self.thread.join()
        self.bus.close_sync(None)


class Systemd(Service):
    def __init__(self):
        self.asked = []
        job = '<arg type="s" direction="in"/>' * 2 + '<arg type="o" direction="out"/>'
        super().__init__("org.freedesktop.systemd1", {"/org/freedesktop/systemd1": f"""
            <interface name="org.freedesktop.systemd1.Manager">
            <method name="StartUnit">{job}</method><method name="RestartUnit">{job}</method>
            <method name="EnableUnitFiles"><arg type="as" direction="in"/>
            <arg type="b" direction="in"/><arg type="b" direction="in"/>
            <arg type="b" direction="out"/><arg type="a(sss)" direction="out"/></method>
            </interface>"""}, self.on_call)

    def on_call(self, bus, sender, path, interface, method, arguments, invocation):
        unit = arguments.unpack()[0]
        self.asked.append((method, unit if isinstance(unit, str) else unit[0]))
        if method == "EnableUnitFiles":
            invocation.return_value(GLib.Variant("(ba(sss))", (True, [])))
        else:
            invocation.return_value(GLib.Variant("(o)", ("/job",)))


class Firewalld(Service):
    """@zones: of interfaces; @refused: the method that polkit does not allow."""
    NAME = "org.fedoraproject.FirewallD1"
    PATH = "/org/fedoraproject/FirewallD1"

    def __init__(self, zones={}, refused=None, lets_in=()):
        self.asked, self.zones, self.refused, self.lets_in = [], zones, refused, lets_in
        text, answer = '<arg type="s" direction="in"/>', '<arg type="s" direction="out"/>'
        yes, number = '<arg type="b" direction="out"/>', '<arg type="i" direction="in"/>'
        super().__init__(self.NAME, {
            self.PATH: f"""<interface name="{self.NAME}">
                <method name="getDefaultZone">{answer}</method></interface>
                <interface name="{self.NAME}.zone">
                <method name="getZones"><arg type="as" direction="out"/></method>
                <method name="getZoneOfInterface">{text}{answer}</method>
                <method name="queryPort">{text * 3}{yes}</method>
                <method name="queryService">{text * 2}{yes}</method>
                <method name="addPort">{text * 3}{number}{answer}</method>
                <method name="addService">{text * 2}{number}{answer}</method></interface>""",
            self.PATH + "/config": f"""<interface name="{self.NAME}.config">
                <method name="getZoneByName">{text}<arg type="o" direction="out"/></method>
                </interface>""",
            self.PATH + "/config/zone/1": f"""<interface name="{self.NAME}.config.zone">
                <method name="addPort">{text * 2}</method><method name="addService">{text}</method>
                </interface>"""}, self.on_call)

    def on_call(self, bus, sender, path, interface, method, arguments, invocation):
        name = "for good " + method if path.endswith("/config/zone/1") else method
        arguments = arguments.unpack()
        if not method.startswith("query"):
            self.asked.append((name, *arguments))
        if name == self.refused:
            invocation.return_dbus_error("org.fedoraproject.FirewallD1.Exception",
                                         "NOT_AUTHORIZED: the person does not want it")
        elif name == "for good addPort":
            invocation.return_dbus_error("org.fedoraproject.FirewallD1.Exception",
                                         "ALREADY_ENABLED: 7236:tcp")
        elif name == "for good addService":
            invocation.return_value(None)
        elif method == "getZones":
            invocation.return_value(GLib.Variant("(as)", (["public", "home", "miracast"],)))
        elif method == "getZoneByName":
            invocation.return_value(GLib.Variant("(o)", (self.PATH + "/config/zone/1",)))
        elif method.startswith("query"):
            invocation.return_value(GLib.Variant("(b)", (arguments[1] in self.lets_in,)))
        elif method == "getZoneOfInterface":
            invocation.return_value(GLib.Variant("(s)", (self.zones.get(arguments[0], ""),)))
        else:
            invocation.return_value(GLib.Variant("(s)", ("public",)))


class Desktop(Service):
    """Where notifications are shown: @said has title and text of each."""

    def __init__(self):
        self.said = []
        super().__init__("org.freedesktop.Notifications", {"/org/freedesktop/Notifications": """
            <interface name="org.freedesktop.Notifications"><method name="Notify">
            <arg type="s" direction="in"/><arg type="u" direction="in"/>
            <arg type="s" direction="in"/><arg type="s" direction="in"/>
            <arg type="s" direction="in"/><arg type="as" direction="in"/>
            <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/>
            <arg type="u" direction="out"/></method>
            <method name="CloseNotification"><arg type="u" direction="in"/></method>
            <method name="GetCapabilities"><arg type="as" direction="out"/></method>
            </interface>"""}, self.on_call, os.environ["DBUS_SESSION_BUS_ADDRESS"])

    def on_call(self, bus, sender, path, interface, method, arguments, invocation):
        if method == "Notify":
            self.said.append(arguments.unpack()[3:5])
        invocation.return_value({"Notify": GLib.Variant("(u)", (len(self.said),)),
                                 "GetCapabilities": GLib.Variant("(as)", (["body"],))}.get(method))

    def start(self):
        """What is to be looked for from now on."""
        self.said.clear()
        return []

    def look(self, said):
        wait("calls", lambda: len(self.said) >= len(said))
        assert self.said == said, self.said


desktop = Desktop()


def examine(*findings):
    """The environment in which the doctor finds these: (check, state, meaning, remedy, cost, fix)."""
    folder = tempfile.mkdtemp(dir=stage.folder)
    names = ("check", "state", "meaning", "remedy", "cost", "fix")
    with open(folder + "/findings", "w") as file:
        json.dump({"works": True, "findings": [
            {**dict(zip(names, f)), "pattern": f[2], "remedy-pattern": f[3]} for f in findings]}, file)
    with open(folder + "/miracastctl", "w") as script:
        script.write(f"#!/bin/sh\ncat {folder}/findings\n")
    os.chmod(script.name, 0o755)
    return {"PATH": f'{folder}:{os.environ["PATH"]}'}


def test_no_service():
    """without the service: what to do, in order, with a button that starts it"""
    systemd = Systemd()
    with Scene(service=False) as (_, app):
        app.wait_text("Before the first display")
        app.wait_text("It does not run.")
        # In order, with what each costs.
        app.wait_text("It takes an administrator's password and a download.")
        numbers = [n for r, n, _ in app.everything() if r == "label" and re.match(r"\d+\. ", n)]
        assert [n[0] for n in numbers] == [str(i + 1) for i in range(len(numbers))], numbers
        shot(app, "no-service")
        app.press("Service: Start the service")
        wait("calls", lambda: len(systemd.asked) == 2)
        assert systemd.asked == [("EnableUnitFiles", "miracastd.service"),
                                 ("StartUnit", "miracastd.service")], systemd.asked
        # It comes, and the window goes on by itself.
        daemon = Miracastd(stage.system_bus, XML)
        app.wait_text("Looking for displays")
        wait("the search", lambda: daemon.count("StartDiscovery") == 1)
        daemon.stop()
        app.wait_text("Before the first display")
        app.find("push button", "Service: Start the service")
    systemd.stop()


def test_firewall():
    """what firewalld keeps out is said beside the service, too: the button lets it in, for good"""
    firewall = Firewalld(lets_in=("7236",))
    opened = [("getZones",), ("getDefaultZone",), ("getZoneByName", "public"),
              ("for good addService", "mdns"), ("addService", "public", "mdns", 0),
              ("for good addPort", "7236", "tcp"), ("addPort", "public", "7236", "tcp", 0)]
    for service in (False, True):
        with Scene(service) as (_, app):
            wait("calls", lambda: app.has_text("lets no mDNS in"))
            app.wait_text("Good to have")
            firewall.asked.clear()
            app.press("Firewall: Open the firewall")
            # Then the doctor looks again.
            wait("calls", lambda: len(firewall.asked) > len(opened))
            assert firewall.asked[:len(opened)] == opened, firewall.asked
            app.find("push button", "Firewall: Open the firewall")
    # The first refusal is the last question.
    firewall.refused = "for good addService"
    with Scene() as (_, app):
        wait("calls", lambda: app.has_text("lets no mDNS in"))
        firewall.asked.clear()
        app.press("Firewall: Open the firewall")
        wait("calls", lambda: app.has_text("the person does not want it"))
        assert not [a for a in firewall.asked if a[0].startswith("add")], firewall.asked
    firewall.stop()


def test_remedies():
    """each button does what its finding takes, and says who is missing for it"""
    password = "It takes an administrator's password."
    findings = examine(
        ("avahi", "warning", "It is not there.", "apt install avahi-daemon", password),
        ("supplicant", "warning", "It does not answer.", "systemctl restart it", password),
        ("firewall", "warning", "ufw is on.", "ufw allow 7236/tcp", password),
        ("service", "warning", "Its version is old.", "restart it", password, "restart-service"),
        ("wifi", "warning", "A driver cannot do it.", "use another one", password),
        ("wifi", "warning", "It is switched off.", "rfkill unblock wlan", password,
         "switch-wifi-on"))
    with Scene(**findings) as (daemon, app):
        app.wait_text("ufw is on.\nufw allow 7236/tcp\n" + password)
        app.find("push button", "Firewall: Copy what to do")
        app.press("Search on the local network: Copy what to do")
        app.wait_text("Copied")
        assert not app.has_text("Start Avahi")
        app.press("Service: Restart the service")
        app.wait_text("There is no systemd here to start miracastd.service.")
        app.press("Wi-Fi: Switch Wi-Fi on")
        app.wait_text("There is no NetworkManager here: run 'rfkill unblock wlan'.")
        # What the service says of the same comes in the place of the doctor's.
        daemon.set(daemon.manager(), Problems={
            "p2p": ("radio-blocked", "The Wi-Fi radio is switched off."),
            "mice": ("avahi-away", "Avahi is not there.")})
        app.wait_text("Avahi is not there, so")
        assert not app.has_text("It is not there.") and not app.has_text("It is switched off.")
        app.wait_text("A driver cannot do it.")
        app.find("push button", "Local network: Copy what to do")
        network, switched = '<arg type="s" direction="in"/>' * 2, []

        def on_set(bus, sender, path, interface, method, arguments, invocation):
            switched.append(arguments.unpack())
            invocation.return_value(None)
        manager = Service("org.freedesktop.NetworkManager", {"/org/freedesktop/NetworkManager": f"""
            <interface name="org.freedesktop.DBus.Properties"><method name="Set">{network}
            <arg type="v" direction="in"/></method></interface>"""}, on_set)
        app.press("Wi-Fi Direct: Switch Wi-Fi on")
        wait("calls", lambda: switched)
        assert switched == [("org.freedesktop.NetworkManager", "WirelessEnabled", True)], switched
        manager.stop()
    systemd = Systemd()
    for word, label, unit in (
            ("supplicant-away", "Start wpa_supplicant", "wpa_supplicant.service"),
            ("avahi-away", "Start Avahi", "avahi-daemon.service"),
            ("address-service-away", "Start the address service", "miracast-address.socket")):
        systemd.asked.clear()
        with Scene(**examine()) as (daemon, app):
            daemon.set(daemon.manager(), Problems={"p2p": (word, "It is not there.")})
            app.press("Wi-Fi Direct: " + label)
            wait("calls", lambda: len(systemd.asked) == 2)
            assert systemd.asked == [("EnableUnitFiles", unit), ("StartUnit", unit)], systemd.asked
    for word, label in (("adapter-gone", "Load the driver"),
                        ("network-manager-owns", "Open the firewall")):
        systemd.asked.clear()
        with Scene(**examine()) as (daemon, app):
            _, session = begin(daemon, app)
            daemon.end(session, word, "It went.")
            app.press(label)
            if label == "Load the driver":
                wait("calls", lambda: systemd.asked)
                assert systemd.asked == [("RestartUnit", "miracastd.service")], systemd.asked
            else:
                app.wait_text("There is no firewalld here. If there is another firewall, let TCP "
                              "port 7236 in.")
    systemd.stop()


def test_scan():
    """sinks come, change and go; what is missing is said"""
    with Scene() as (daemon, app):
        app.wait_text("Looking for displays")
        shot(app, "empty")
        path = daemon.add_sink(**LIVING_ROOM)
        daemon.add_sink(Name="Meeting <b>room</b>", Kind="projector", Ways=["mice", "p2p"],
                        Address="192.168.1.20", SignalStrength=55)
        daemon.add_sink(Name="Kitchen", Kind="tv", Known=True, Address="42:00:00:00:01:07")
        daemon.add_sink(Name="Not there, not known")
        row = app.find("list item", "^Living room$")
        assert "asks for a PIN" in row.get_description(), row.get_description()
        assert "Signal: excellent" in row.get_description()
        app.find("list item", "Meeting <b>room</b>")
        app.wait_text("Remembered")
        assert not app.has_text("Not there")
        daemon.set(daemon.manager(), Problems={"mice": ("avahi-away", "Avahi is not there, so no "
                   "sink on the local network is found: install avahi-daemon, or start it with "
                   "'systemctl start avahi-daemon'.")})
        app.find("push button", "Local network: Copy what to do")
        shot(app, "displays")
        daemon.set(path, SignalStrength=10, Name="Zeta")
        names = ["Meeting <b>room</b>", "Zeta"]
        wait("the order", lambda: [n for r, n, _ in app.everything() if n in names and
                                   r == "list item"] == names)
        daemon.set(path, Name="Dining room")
        app.wait_text("Dining room")
        assert "weak" in app.find("list item", "Dining room").get_description()
        daemon.set(path, Ways=["mice", "p2p"])
        wait("its ways", lambda: "Local network · Wi-Fi Direct" in
             app.find("list item", "Dining room").get_description())
        daemon.remove(path)
        app.wait_no_text("Dining room")
        assert daemon.count("StartDiscovery") == 1
    assert not daemon.count("Connect")


def test_menu():
    """the menu, by its key: another look at this computer, and what this program is"""
    scene = Scene(**examine())
    scene.daemon.refusals = {"StartDiscovery": ("NotAuthorized",
                                                "polkit does not allow it (action discover)")}
    with scene as (daemon, app):
        app.wait_text("Nobody looks for displays")
        app.wait_text("This is not allowed, or the question")
        assert not app.has_text("Looking for displays")
        shot(app, "refused")
        daemon.refusals = {}
        app.key("F10")
        wait("the menu", lambda: len(stage.toplevels()) == 2)
        app.key("Up", "Up", "Return")
        app.wait_text("Checked: nothing is missing.")
        assert daemon.count("StartDiscovery") == 2 and not app.has_text("Nobody looks")
        app.wait_text("Looking for displays")
        stage.resize(WIDTH, HEIGHT)
        app.key("F10")
        wait("the menu", lambda: len(stage.toplevels()) == 2)
        app.key("Up", "Return")
        # libadwaita's own, whose names are not ours to give.
        app.find("label", "^linux-miracast$")
        time.sleep(0.5)
        stage.screenshot(f"{sys.argv[1]}/about.png")
        app.key("Escape")
        wait("that it closes", lambda: len(stage.toplevels()) == 1)
        stage.resize(WIDTH, HEIGHT)


def test_no_doctor():
    """a look at this computer that fails is not one that finds nothing"""
    broken = examine()
    with open(broken["PATH"].split(":")[0] + "/miracastctl", "w") as script:
        script.write("#!/bin/sh\nexit 1\n")
    with Scene(**broken) as (_, app):
        app.wait_text("Looking for displays")
        app.key("F10")
        wait("the menu", lambda: len(stage.toplevels()) == 2)
        app.key("Up", "Up", "Return")
        app.wait_text("This computer could not be examined")


def test_closed():
    """with the window closed nobody looks for sinks; the session goes on, and what it needs is notified"""
    said = desktop.start()
    with Scene() as (daemon, app):
        _, session = begin(daemon, app)
        stream(daemon, session)
        app.wait_text("Connected")
        app.key("<Control>q")
        wait("the search's end", lambda: daemon.count("StopDiscovery") == 1)
        polled = daemon.count("GetStatistics"), daemon.count("GetPicture")
        time.sleep(3)
        assert (daemon.count("GetStatistics"), daemon.count("GetPicture")) == polled, \
            "it asks for figures that nobody sees"
        assert app.process.poll() is None
        daemon.ask("RequestPin", session)
        said += [("Living room", "The display shows a PIN, which is to be typed here.")]
        desktop.look(said)
        daemon.end(session, "sink-disconnected", "The sink ended the session.")
        said += [("Living room: the connection has ended", "The sink ended the session.")]
        desktop.look(said)
        app.process.wait(30)
    # Of another person's session nothing is said, and nobody stays for it.
    with Scene() as (daemon, app):
        theirs = daemon.begin(daemon.add_sink(**LIVING_ROOM), Owner=os.getuid() + 1)
        app.find("list item", "Living room")
        assert "In use" in app.find("list item", "Living room").get_description()
        _, session = begin(daemon, app, Name="Kitchen")
        stream(daemon, session)
        app.wait_text("Connected")
        app.key("<Control>q")
        wait("the search's end", lambda: daemon.count("StopDiscovery") == 1)
        daemon.end(theirs, "sink-disconnected", "The sink ended the session.")
        time.sleep(1)
        daemon.begin(daemon.add_sink(Name="Bedroom", Kind="tv", Ways=["p2p"]), Owner=os.getuid() + 1)
        daemon.end(session, "sink-disconnected", "The sink ended the session.")
        said += [("Kitchen: the connection has ended", "The sink ended the session.")]
        desktop.look(said)
        app.process.wait(30)
    # The service dies: what is asked is asked no more, and that it has ended is said.
    with Scene() as (daemon, app):
        _, session = begin(daemon, app)
        stream(daemon, session)
        app.wait_text("Connected")
        app.key("<Control>q")
        wait("the search's end", lambda: daemon.count("StopDiscovery") == 1)
        daemon.release()
        said += [("Living room: the connection has ended", "The service has stopped.")]
        desktop.look(said)
        app.process.wait(30)


def test_begun_elsewhere():
    """a session that was there before the window: nothing is said of it before it ends"""
    said = desktop.start()
    scene = Scene()
    session = scene.daemon.begin(scene.daemon.add_sink(**LIVING_ROOM), State="streaming")
    with scene as (daemon, app):
        app.find("list item", "Living room")
        time.sleep(1)
        desktop.look(said)
        app.key("<Control>q")
        wait("the search's end", lambda: daemon.count("StopDiscovery") == 1)
        daemon.end(session, "sink-disconnected", "The sink ended the session.")
        said += [("Living room: the connection has ended", "The sink ended the session.")]
        desktop.look(said)
        app.process.wait(30)


def test_search_called_off():
    """a search that was called off is refused, which says nothing of the one after it"""
    with Scene() as (daemon, app):
        path, session = begin(daemon, app)
        stream(daemon, session)
        app.wait_text("Connected")
        daemon.hold("StartDiscovery")
        for n in 1, 2:
            app.key("<Control>q")
            wait("the search's end", lambda: daemon.count("StopDiscovery") == n)
            click_notification(path)
            wait("the search", lambda: daemon.count("StartDiscovery") == n + 1)
        daemon.refusals["StartDiscovery"] = "NotAuthorized", "it was called off before it was decided"
        daemon.let_first_go()
        del daemon.refusals["StartDiscovery"]
        daemon.let_go()
        app.key("Escape")
        app.find("list item", "Living room")
        assert not app.has_text("Nobody looks for displays")


def test_not_looked_at():
    """what happens at a display that is not shown is notified, and seen in the list"""
    said = desktop.start()
    with Scene() as (daemon, app):
        _, session = begin(daemon, app)
        app.wait_text("Connecting")
        app.key("Escape")
        row = app.find("list item", "Living room")
        daemon.ask("RequestPin", session)
        said += [("Living room", "The display shows a PIN, which is to be typed here.")]
        desktop.look(said)
        wait("the row says it", lambda: "Asks for a PIN" in row.get_description())
        shot(app, "asks")
        daemon.ask("Release", session)
        wait("the row says it", lambda: "In use" in row.get_description())
        daemon.end(session, "sink-busy", "The sink is busy: end what it shows and connect again.")
        said += [("Living room: the connection has ended",
                  "The sink is busy: end what it shows and connect again.")]
        desktop.look(said)
        # Of what is shown nothing is said.
        app.tab_to("Living room")
        app.key("Return")
        app.press("^Try again$")
        wait("Connect", lambda: daemon.count("Connect") == 2)
        daemon.ask("RequestPin", daemon.last_session())
        app.find("text", "^PIN$")
        daemon.end(daemon.last_session(), "sink-busy", "The sink is busy.")
        app.wait_text("It could not be connected")
        desktop.look(said)


def test_connect():
    """connecting: each step, then what is sent, and its end"""
    arranged = stage.folder + "/arranged"
    os.makedirs(stage.folder + "/data/applications", exist_ok=True)
    with open(stage.folder + "/data/applications/wdisplays.desktop", "w") as settings:
        settings.write("[Desktop Entry]\nType=Application\nName=Displays\n"
                       f"Exec=touch {arranged}\n")
    with Scene() as (daemon, app):
        path, session = begin(daemon, app)
        daemon.set(session, State="waiting", Step="p2p", StepMessage="Living room", Link="p2p")
        app.wait_text("Trying Wi-Fi Direct")
        daemon.set(session, Step="way-failed",
                   StepMessage="The sink is busy: end what it shows and connect again.")
        app.wait_text("The sink is busy.")
        # It goes on by itself.
        assert not app.has_text("connect again")
        daemon.set(session, Step="firewall", StepMessage="firewalld's zone public does not let it")
        app.wait_text("A firewall does not let the display in")
        app.wait_text("firewalld's zone public does not let it")
        daemon.set(session, Step="joining", StepMessage="The sink has accepted")
        app.wait_text("The display has accepted")
        daemon.set(session, Step="a-new-word", StepMessage="Channel 6 is tried")
        app.wait_text("Channel 6 is tried")
        steps = {n: s.get_description() for r, n, s in app.everything() if r == "list item"}
        assert steps["Trying Wi-Fi Direct"] == "done", steps
        assert steps["The sink is busy."] == "in vain", steps
        assert steps["A firewall does not let the display in"] == "in vain", steps
        assert steps["Channel 6 is tried"] == "in progress", steps
        daemon.set(session, State="starting")
        app.wait_text("Asking the display what it can show")
        shot(app, "steps")
        daemon.statistics = lambda n: {
            "encoded-bytes": n * 1100000 + 90000 * (n % 5), "rtp-packets-dropped": 0,
            "sink-rtp-lost": n // 5, "sink-jitter-us": 2000 + 300 * (n % 4)}
        daemon.picture = desktop_picture()
        stream(daemon, session)
        app.wait_text("1920 × 1080, 60 Hz")
        app.wait_text("H.264, level 4.2, by x264enc")
        wait("a line", lambda: daemon.count("GetStatistics") > 20)
        assert app.find("image", r"Bitrate: \d+\.\d Mbit/s")
        assert app.find("image", r"Lost packets: \d")
        assert app.find("image", r"Jitter: \d\.\d ms")
        stage.resize(WIDTH, 1090)  # with all that there is below
        app.find("image", "^The picture that is being sent$")
        wait("all is drawn", lambda: pixels_of((0, 0, 0)) < 1000)
        shot(app, "connected")
        stage.resize(WIDTH, HEIGHT)
        app.press("^Arrange displays")
        wait("the desktop's settings", lambda: os.path.exists(arranged))
        app.key("Escape")
        app.find("list item", "Living room")
        wait("the keyboard is there", lambda: app.focused() == ("list item", "Living room"))
        n = daemon.count("GetStatistics"), daemon.count("GetPicture")
        time.sleep(3)
        assert (daemon.count("GetStatistics"), daemon.count("GetPicture")) == n, \
            "it asks for figures that nobody sees"
        assert "In use" in app.find("list item", "Living room").get_description()
        app.tab_to("Living room")
        app.key("Return")
        app.press("^Disconnect$")
        app.find("push button", "^Connect$")
        assert daemon.calls[-1][1] != "Connect" and daemon.count("Disconnect") == 1
        assert not app.has_text("The connection has ended")


def desktop_picture():
    """Something like a desktop: a gradient, a panel, a window."""
    picture = Image.linear_gradient("L").resize((320, 180))
    picture = Image.merge("RGB", (picture.point(lambda v: v // 4), picture.point(lambda v: v // 2),
                                  picture.point(lambda v: 90 + v // 4)))
    picture.paste((30, 30, 30), (0, 0, 320, 8))
    picture.paste((250, 250, 250), (60, 40, 220, 140))
    picture.paste((53, 132, 228), (60, 40, 220, 50))
    return picture.width, picture.height, picture.tobytes()


def pixels_of(colour):
    """How many pixels of the screen have it."""
    name = f"{stage.folder}/screen.png"
    stage.screenshot(name)
    return sum(n for n, c in Image.open(name).convert("RGB").getcolors(1 << 24) if c == colour)


def test_thumbnail():
    """what is sent, as a picture, once a second; and whatever the service answers, no harm"""
    pink, green = (255, 0, 255), (0, 255, 0)
    with Scene() as (daemon, app):
        daemon.picture = 64, 36, bytes(pink) * 64 * 36
        _, session = begin(daemon, app)
        assert not daemon.count("GetPicture")
        stream(daemon, session)
        app.find("image", "^The picture that is being sent$")
        wait("the picture", lambda: pixels_of(pink) > 1000)
        call = next(c for c in daemon.calls if c[1] == "GetPicture")
        assert call[0] == session and call[2] == (320,), call
        daemon.picture = 64, 36, bytes(green) * 64 * 36
        wait("the next one", lambda: pixels_of(green) > 1000)
        before, began = daemon.count("GetPicture"), time.monotonic()
        time.sleep(4)
        asked = daemon.count("GetPicture") - before
        assert 2 <= asked <= 1 + (time.monotonic() - began), asked
        # Nothing is sent, for now; and what no service should answer.
        for picture in (None, (64, 36, b"too short"), (0, 0, b""), (2 ** 32 - 1, 2 ** 32 - 1, b"x")):
            daemon.picture = picture
            app.wait_no_text("The picture that is being sent")
            daemon.picture = 64, 36, bytes(pink) * 64 * 36
            app.find("image", "^The picture that is being sent$")
        # Not for this person to see: once is enough to know.
        app.find("image", "^Bitrate")
        refusal = "NotAuthorized", "this is not for you"
        daemon.refusals = {"GetPicture": refusal, "GetStatistics": refusal}
        app.wait_no_text("The picture that is being sent")
        app.wait_no_text("The last two minutes")
        n = daemon.count("GetPicture"), daemon.count("GetStatistics")
        time.sleep(3)
        assert (daemon.count("GetPicture"), daemon.count("GetStatistics")) == n, \
            "it asks again and again"
        app.find("push button", "^Disconnect$")


def test_elsewhere():
    """while one sink is being asked the person looks at another one"""
    with Scene() as (daemon, app):
        daemon.add_sink(Name="Kitchen", Kind="tv", Ways=["p2p"])
        daemon.hold("Connect")
        begin(daemon, app)
        app.wait_text("Connecting")
        app.key("Escape")
        open_sink(app, "Kitchen")
        daemon.let_go()
        time.sleep(1)
        app.find("push button", "^Connect$")
        assert app.has_text("Kitchen") and not app.has_text("Connecting")
        app.key("Escape")
        assert "In use" in app.find("list item", "Living room").get_description()
        app.tab_to("Living room")
        app.key("Return")
        app.wait_text("Connecting")


def test_two_at_once():
    """a sink that is being asked is shown so, whoever else is asked meanwhile"""
    with Scene() as (daemon, app):
        daemon.add_sink(Name="Kitchen", Kind="tv", Ways=["p2p"])
        daemon.hold("Connect")
        begin_held(daemon, app)
        app.wait_text("Connecting")
        app.key("Escape")
        open_sink(app, "Kitchen")
        app.press("^Connect$")
        wait("Connect", lambda: daemon.count("Connect") == 2)
        app.key("Escape")
        app.tab_to("Living room")
        app.key("Return")
        app.press("^Cancel$")
        app.wait_text("Disconnecting")
        daemon.let_go()
        wait("the end", lambda: daemon.count("Disconnect") == 1)
        app.find("push button", "^Connect$")


def test_cancel():
    """a connection is called off before the service has answered"""
    with Scene() as (daemon, app):
        daemon.hold("Connect")
        begin_held(daemon, app)
        wait("the keyboard is there", lambda: app.focused() == ("push button", "Cancel"))
        app.key("Return")
        app.wait_text("Disconnecting")
        assert not daemon.count("Disconnect")
        daemon.let_go()
        wait("the end", lambda: daemon.count("Disconnect") == 1)
        app.find("push button", "^Connect$")


def test_notified():
    """what a notification shows is shown, and is of use, also before it is there"""
    with Scene() as (daemon, app):
        app.wait_text("Looking for displays")
        click_notification(ROOT + "/sink/1")
        app.wait_text("It is not in reach.")
        path = daemon.add_sink(**LIVING_ROOM)
        app.wait_text("Living room")
        app.press("^Connect$")
        wait("Connect", lambda: daemon.count("Connect"))
        # Its session stays, with nothing of another sink.
        daemon.end(daemon.last_session(), "sink-busy",
                   "The sink is busy: end what it shows and connect again.")
        app.wait_text("It could not be connected")
        app.key("Escape")
        daemon.add_sink(Name="Kitchen", Kind="tv", Ways=["p2p"], Address="10.0.0.9")
        open_sink(app, "Kitchen")
        daemon.remove(path)
        click_notification(path)
        app.press("^Try again$")
        app.wait_text("It is not in reach any more.")
        assert daemon.count("Connect") == 1 and not app.has_text("Kitchen")


def test_focus():
    """what happens at a display that is not looked at leaves the keyboard where it is"""
    with Scene() as (daemon, app):
        _, session = begin(daemon, app)
        app.wait_text("Connecting")
        app.key("Escape")
        app.tab_to("Address of a display")
        stream(daemon, session)
        time.sleep(1)
        app.type("10.0.0.7")
        app.key("Return")
        wait("Connect", lambda: daemon.count("Connect") == 2)
        daemon.ask("RequestPin", daemon.last_session())
        wait("the keyboard is there", lambda: app.focused() == ("text", "PIN"))
    # The row that one came from goes: the keyboard is at another one.
    with Scene() as (daemon, app):
        path = daemon.add_sink(**{**LIVING_ROOM, "Known": True, "Ways": []})
        click_notification(path)
        app.find("push button", "^Forget$")
        app.key("Escape")
        wait("the keyboard is there", lambda: app.focused() == ("list item", "Living room"))
        daemon.remove(path)
        app.wait_no_text("Living room")
        app.tab_to("Address of a display")
    # What is missing is told anew, with one thing more before it.
    with Scene(**examine()) as (daemon, app):
        problem = {"p2p": ("supplicant-away", "It is not there.")}
        daemon.set(daemon.manager(), Problems=problem)
        app.find("push button", "Wi-Fi Direct: Start wpa_supplicant")
        app.tab_to("Wi-Fi Direct: Start wpa_supplicant")
        daemon.set(daemon.manager(), Problems={"mice": ("avahi-away", "It is away."), **problem})
        app.find("push button", "Local network: Start Avahi")
        focused = app.focused()
        assert focused == ("push button", "Wi-Fi Direct: Start wpa_supplicant"), focused


def test_type_pin():
    """a PIN that the sink shows is typed, with the keyboard alone"""
    with Scene() as (daemon, app):
        _, session = begin(daemon, app)
        answers = daemon.ask("RequestPin", session)
        app.find("text", "^PIN$")
        wait("the keyboard is there", lambda: app.focused() == ("text", "PIN"))
        app.key("1", "2", "3", "Return")
        assert not answers
        app.key("4")
        shot(app, "pin")
        app.key("Return")
        assert wait("the answer", lambda: answers) == [("1234",)]
        daemon.ask("Release", session)
        app.wait_text("Connecting")
        # It was wrong; the person wants no more.
        answers = daemon.ask("RequestPin", session)
        app.find("text", "^PIN$")
        app.press("^Cancel$")
        assert wait("the answer", lambda: answers) == ["io.github.linux_miracast.Error.Cancelled"]
        daemon.end(session, "no-pin", "The sink wants a PIN and none was given: connect again and "
                   "type it, or name it with the request.")
        app.wait_text("It could not be connected")
        app.wait_text("The sink wants a PIN and none was given")


def test_show_pin():
    """a PIN that is to be typed at the sink is shown large, until it is of no use any more"""
    with Scene() as (daemon, app):
        _, session = begin(daemon, app)
        daemon.ask("DisplayPin", session, "49510836")
        app.wait_text("49510836")
        shot(app, "show-pin")
        daemon.ask("Release", session)
        app.wait_no_text("49510836")
        app.press("^Cancel$")
        wait("the end", lambda: daemon.count("Disconnect") == 1)
        app.find("push button", "^Connect$")


def test_question():
    """what has to be asked is asked, and answered with yes and with no"""
    with Scene() as (daemon, app):
        _, session = begin(daemon, app)
        for button, answer in (("^Go on$", (True,)), ("^No$", (False,))):
            answers = daemon.ask("Confirm", session, "station-goes-away",
                                 "This Wi-Fi device cannot be on its network and reach the sink "
                                 "at once: the network will be left.")
            app.wait_text("it will leave the network")
            if answer[0]:
                shot(app, "question")
            app.press(button)
            assert wait("the answer", lambda: answers) == [answer]
            app.wait_text("Connecting")


def test_strangers():
    """nobody but the service may ask for a PIN"""
    with Scene() as (daemon, app):
        _, session = begin(daemon, app)
        bus = Gio.DBusConnection.new_for_address_sync(
            stage.system_bus, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        try:
            bus.call_sync(daemon.client, "/io/github/linux_miracast/agent",
                          "io.github.linux_miracast.Agent1", "RequestPin",
                          GLib.Variant("(o)", (session,)), None, 0, 5000, None)
            raise AssertionError("it was let in")
        except GLib.Error as error:
            assert "AccessDenied" in error.message, error.message
        assert not app.has_text("Type the PIN")


def test_failure():
    """a failure: the sentence, the word, what mends it, and another try"""
    firewall = Firewalld(zones={"lo": "home"})
    with Scene() as (daemon, app):
        _, session = begin(daemon, app)
        daemon.set(session, LocalAddress="127.0.0.1")
        daemon.end(session, "sink-did-not-connect", "The sink did not connect in time: check that "
                   "it is on, that it knows this address and port, and that no firewall is "
                   "between.")
        app.wait_text("It could not be connected")
        app.wait_text("no firewall is between")
        app.wait_text("sink-did-not-connect")
        shot(app, "failed")
        firewall.asked.clear()
        app.press("Open the firewall")
        wait("calls", lambda: app.has_text("Done: try again."))
        # In the zone that the display would come by.
        assert firewall.asked == [("getZones",), ("getZoneOfInterface", "lo"),
                                  ("getZoneByName", "home"), ("for good addPort", "7236", "tcp"),
                                  ("addPort", "home", "7236", "tcp", 0)], firewall.asked
        app.press("^Try again$")
        wait("another try", lambda: daemon.count("Connect") == 2)
        daemon.end(daemon.last_session(), "sink-busy",
                   "The sink is busy: end what it shows and connect again. (twice)")
        app.wait_text("The sink is busy")
        app.press("^Options$")
        app.find("push button", "^Connect$")
        # No session at all.
        daemon.refusals = {"Connect": ("NotAuthorized", "this is not for you")}
        app.press("^Connect$")
        app.wait_text("this is not for you")
    firewall.stop()


def test_lost():
    """a link that is lost comes back, and then does not"""
    with Scene() as (daemon, app):
        _, session = begin(daemon, app)
        stream(daemon, session)
        app.wait_text("Connected")
        daemon.set(session, State="reconnecting", Step="link-lost", StepMessage=LOST)
        app.wait_text("Connection lost, trying again")
        app.find("list item", "^The network link to the sink is gone.$")
        shot(app, "lost")
        stream(daemon, session)
        app.wait_text("Connected")
        shot(app, "reconnected")
        daemon.set(session, State="reconnecting", Step="link-lost", StepMessage="Again")
        app.wait_text("Connection lost, trying again")
        # Meanwhile another display is looked at; and a session leaves before it has ended.
        app.key("Escape")
        daemon.add_sink(Name="Kitchen", Kind="tv", Ways=["p2p"])
        open_sink(app, "Kitchen")
        daemon.set(session, State="stopping")
        daemon.end(session, "link-lost", LOST)
        app.key("Escape")
        app.tab_to("Living room")
        app.key("Return")
        app.wait_text("The connection has ended")
        shot(app, "ended")


def test_paused():
    """a picture that is held up, and one that has not come yet, whatever was shown before"""
    details = {"encoder": GLib.Variant("s", "x264enc")}
    with Scene() as (daemon, app):
        # They ran before this window did.
        daemon.begin(daemon.add_sink(**LIVING_ROOM), State="started", Details=details)
        daemon.begin(daemon.add_sink(Name="Kitchen", Kind="tv", Ways=["p2p"]), State="started")
        app.find("list item", "Living room")
        app.tab_to("Living room")
        app.key("Return")
        app.wait_text("Paused")
        shot(app, "paused")
        app.key("Escape")
        app.tab_to("Kitchen")
        app.key("Return")
        app.wait_text("Starting the picture")
        assert not app.has_text("Paused")


def test_minimised():
    """what was sent while nobody saw the window is none of a second's"""
    began = time.monotonic()
    with Scene() as (daemon, app):
        daemon.statistics = lambda n: {"encoded-bytes": int((time.monotonic() - began) * 1e6)}
        _, session = begin(daemon, app)
        stream(daemon, session)
        app.find("image", r"Bitrate: \d+\.\d Mbit/s")
        stage.set_state("_NET_WM_STATE_HIDDEN", True)
        time.sleep(2)
        asked = daemon.count("GetStatistics")
        time.sleep(8)
        assert daemon.count("GetStatistics") == asked, "it asks for figures that nobody sees"
        stage.set_state("_NET_WM_STATE_HIDDEN", False)
        rates = []

        def look():
            rate = re.search(r"[\d.]+", app.find("image", "^Bitrate").get_name())
            rates.append(float(rate.group(0)))
            return daemon.count("GetStatistics") > asked + 4
        wait("figures", look)
        assert max(rates) < 50, rates


def test_service_dies():
    """the service goes away under a session"""
    with Scene() as (daemon, app):
        _, session = begin(daemon, app)
        stream(daemon, session)
        app.wait_text("Connected")
        daemon.release()
        app.wait_text("Before the first display")
        daemon.end_sessions()
        # Another one has other sinks under the same numbers.
        again = Miracastd(stage.system_bus, XML)
        again.add_sink(Name="Kitchen", Kind="tv", Ways=["p2p"])
        open_sink(app, "Kitchen")
        assert not app.has_text("Living room") and not app.has_text("has ended")
        again.stop()


def test_address():
    """a sink by its address"""
    with Scene() as (daemon, app):
        app.find("text", "Address of a display")
        app.tab_to("Address of a display")
        app.key("x", "Return")
        app.wait_text("That is not an address")
        app.key("BackSpace")
        app.type("10.0.0.7")
        app.key("Return")
        wait("Connect", lambda: daemon.count("Connect"))
        call = next(c for c in daemon.calls if c[1] == "Connect")
        assert call[0].endswith("/manager") and call[2][0]["peer-address"] == "10.0.0.7", call
        daemon.set(daemon.last_session(), State="waiting", Step="address", StepMessage="10.0.0.7")
        app.find("list item", "Seeing to the address")
        daemon.end(daemon.last_session(), "no-route",
                   "There is no way to the sink's address: check the address and the network.")
        app.wait_text("There is no way to the sink")
        # The service knows it no more; this window does.
        app.press("^Options$")
        app.press("^Sound$", "check box")
        assert not app.has_text("It is not in reach")
        shot(app, "address")
        app.press("^Connect$")
        wait("Connect", lambda: daemon.count("Connect") == 2)
        call = daemon.calls[-1]
        assert call[0].endswith("/manager") and call[2][0]["peer-address"] == "10.0.0.7", call
        assert call[2][0]["options"] == {"sound": "off"}, call


def test_two_addresses():
    """the service's answer about one address is not shown as that about the next one"""
    with Scene() as (daemon, app):
        daemon.hold("Connect")
        for n, address in enumerate(("10.0.0.7", "10.0.0.8"), 1):
            app.find("text", "Address of a display")
            app.tab_to("Address of a display")
            app.type(address)
            app.key("Return")
            wait("Connect", lambda: daemon.count("Connect") == n)
            if n == 1:
                app.key("Escape")
        daemon.refusals["Connect"] = "NotAuthorized", "polkit does not allow it (action x)"
        daemon.let_first_go()
        del daemon.refusals["Connect"]
        daemon.let_go()
        wait("the session", lambda: daemon.n_sessions == 1)
        daemon.set(daemon.last_session(), State="waiting", Step="address", StepMessage="10.0.0.8")
        app.find("list item", "Seeing to the address")
        assert not app.has_text("It could not be connected")


def test_options():
    """what was chosen for a sink is kept, sent, and forgotten with it"""
    with Scene() as (daemon, app):
        path = daemon.add_sink(**{**LIVING_ROOM, "Known": True})
        open_sink(app, "Living room")
        app.press("^Sound$", "check box")
        app.press("Input from the display", "check box")
        app.press("^Connect again$", "check box")
        app.tab_to("^Picture$")
        app.key("space")
        app.wait_text("1280 × 720, 60 Hz")
        wait("the list has the keyboard", lambda: app.focused() == ("list item", ""))
        app.key("Down", "Down", "Down", "Return")
        wait("the list closes", lambda: not app.has_text("1280 × 720, 30 Hz"))
        app.wait_text("1280 × 720, 60 Hz")
        shot(app, "options")
        app.press("^Connect$")
        wait("Connect", lambda: daemon.count("Connect"))
        options = daemon.calls[-1][2][0]
        assert options["input"] is True and options["reconnect"] is False, options
        assert options["options"] == {"mode": "1280x720@60", "sound": "off"}, options
        assert "way" not in options, options
        daemon.end(daemon.last_session(), "stopped-by-user", "The session was ended on request.")
    with Scene() as (daemon, app):
        path = daemon.add_sink(**{**LIVING_ROOM, "Known": True, "Ways": ["mice", "p2p"]})
        # Another one of the same name.
        other = daemon.add_sink(**{**LIVING_ROOM, "Address": "42:00:00:00:01:99"})
        app.find("list item", "Living room")
        click_notification(other)
        app.press("^Connect$")
        wait("Connect", lambda: daemon.count("Connect"))
        assert daemon.calls[-1][2][0]["input"] is False, daemon.calls[-1]
        click_notification(path)
        app.wait_text("1280 × 720, 60 Hz")
        daemon.refusals = {"Forget": ("NotAuthorized", "this is not for you")}
        app.press("^Forget")
        app.wait_text("this is not for you")
        app.wait_text("1280 × 720, 60 Hz")
        daemon.refusals = {}
        app.press("^Forget")
        wait("Forget", lambda: daemon.calls.count((path, "Forget", ())) == 2)
        app.wait_text("The best that both can")
        app.wait_no_text("Remembered")
        app.press("^Connect$")
        wait("Connect", lambda: daemon.count("Connect") == 2)
        options = daemon.calls[-1][2][0]
        assert options["input"] is False and options["reconnect"] is True, options
        assert options["options"] == {}, options


def test_ways():
    """the way that was chosen is sent, and shown, whatever ways come and go"""
    with Scene() as (daemon, app):
        path = daemon.add_sink(**{**LIVING_ROOM, "Ways": ["p2p"]})
        open_sink(app, "Living room")
        daemon.set(path, Ways=["mice", "p2p"])
        app.tab_to("^Way$")
        app.key("space")
        wait("the list has the keyboard", lambda: app.focused() == ("list item", ""))
        app.key("Down", "Return")
        app.find("label", "^Local network$")
        daemon.set(path, Ways=["p2p"])
        app.wait_text("Television · Wi-Fi Direct")
        app.find("label", "^Local network$")
        app.press("^Sound$", "check box")
        app.press("^Connect$")
        wait("Connect", lambda: daemon.count("Connect"))
        assert daemon.calls[-1][2][0]["way"] == "mice", daemon.calls[-1]


def test_obstacle():
    """a sink that cannot be connected now is told beforehand, and why; it may be tried all the same"""
    with Scene() as (daemon, app):
        path = daemon.add_sink(**{**LIVING_ROOM, "Obstacle": "network-manager-unable",
                                  "ObstacleMessage": "NetworkManager joins none."})
        app.find("list item", "Living room")
        wait("the word", lambda: "cannot be connected now" in
             app.find("list item", "Living room").get_description())
        open_sink(app, "Living room")
        app.wait_text("NetworkManager joins none")
        app.wait_text("NetworkManager manages this radio and cannot connect in this way")
        daemon.set(path, Obstacle="", ObstacleMessage="")
        app.wait_no_text("NetworkManager joins none")


def test_looks():
    """360 pixels wide, dark, in German and in French"""
    for name, environment in (("dark", {"ADW_DEBUG_COLOR_SCHEME": "prefer-dark"}),
                              ("german", {"LANGUAGE": "de"}), ("french", {"LANGUAGE": "fr"})):
        with Scene(width=370, **environment) as (daemon, app):
            path = daemon.add_sink(**{**LIVING_ROOM, "Known": True})
            daemon.add_sink(Name="Besprechungsraum im dritten Stock, neben der Treppe",
                            Kind="projector", Ways=["mice", "p2p"], SignalStrength=30)
            app.find("list item", "Living room")
            app.wait_text("6.1.0-56-amd64")
            found_in_english = app.has_text("is not installed")
            shot(app, f"{name}-displays")
            app.tab_to("Living room")
            app.key("Return")
            wait("the page", lambda: app.has_text("42:00:00:00:01:00"))
            if "LANGUAGE" in environment:
                assert not app.has_text("When connecting"), "it is not translated"
                assert not found_in_english, "the doctor is not translated"
            shot(app, f"{name}-sink")
            app.key("Return")
            wait("Connect", lambda: daemon.count("Connect"))
            daemon.ask("DisplayPin", daemon.last_session(), "49510836")
            app.wait_text("49510836")
            shot(app, f"{name}-show-pin")
            daemon.ask("Release", daemon.last_session())
            daemon.set(daemon.last_session(), State="reconnecting", Step="link-lost",
                       StepMessage=LOST)
            wait("why", lambda: any(r == "list item" and n for r, n, _ in app.everything()))
            if "LANGUAGE" in environment:
                assert not app.has_text("is gone"), "it is not translated"
            daemon.end(daemon.last_session(), "group-removed-by-network-manager",
                       "NetworkManager removed the group, because it manages this radio: connect "
                       "through it, or let it leave the radio alone for the time ('nmcli device "
                       "set INTERFACE managed no').")
            app.wait_text("group-removed-by-network-manager")
            if "LANGUAGE" in environment:
                assert not app.has_text("because it manages"), "it is not translated"
            shot(app, f"{name}-failed")
            if name == "german":
                german_failure(daemon, app)


def german_failure(daemon, app):
    """What the driver says has numbers; and the service tells of its further tries."""
    app.key("Return")
    wait("another try", lambda: daemon.count("Connect") == 2)
    daemon.end(daemon.last_session(), "sink-silent-m6",
               "the sink was silent for 6 s when SETUP (M6) was due: switch it off and on, and see "
               "that no firewall stops RTSP It was tried again 2 times; the last time: The sink is "
               "busy: end what it shows and connect again.")
    app.wait_text("hat nicht rechtzeitig geantwortet")
    app.wait_text("2 weitere Versuche; beim letzten: Der Bildschirm ist beschäftigt")
    app.wait_text("silent for 6 s when SETUP (M6)")
    assert not app.has_text("It was tried again")
    shot(app, "german-detail")


def test_idle():
    """with nothing to do it does nothing: no more than one wake-up a second"""
    with Scene() as (daemon, app):
        daemon.add_sink(**LIVING_ROOM)
        app.find("list item", "Living room")
        time.sleep(3)

        def usage():
            switches = ticks = 0
            for task in os.listdir(f"/proc/{app.process.pid}/task"):
                with open(f"/proc/{app.process.pid}/task/{task}/status") as status:
                    switches += int(re.search(r"\nvoluntary_ctxt_switches:\s*(\d+)",
                                              status.read()).group(1))
            with open(f"/proc/{app.process.pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
                ticks = int(fields[11]) + int(fields[12])
            return switches, ticks
        before, seconds = usage(), 10
        time.sleep(seconds)
        after = usage()
        switches, ticks = after[0] - before[0], after[1] - before[1]
        print(f"# {switches} wake-ups and {ticks} ticks in {seconds} s")
        assert switches <= seconds and ticks <= 0.005 * seconds * os.sysconf("SC_CLK_TCK")


def test_real_service():
    """the real miracastd: what it remembers, and why there is no session"""
    state = stage.folder + "/state"
    os.makedirs(state, exist_ok=True)
    with open(state + "/sinks", "w") as sinks:
        sinks.write("[Sink 1]\nName=Living room\nKind=tv\nIdentities=42:00:00:00:01:00;\n"
                    "LastUsed=1700000000\n")
    daemon = stage.start(os.environ["MIRACASTD"], "--bus", stage.system_bus, "--state-directory",
                         state)
    systemd = Systemd()
    with Scene(service=False) as (_, app):
        app.find("list item", "Living room")
        app.wait_text("Remembered")
        open_sink(app, "Living room")
        app.wait_text("It is not in reach.")
        app.press("^Forget")
        app.key("Escape")
        app.wait_no_text("Living room")
        app.tab_to("Address of a display")
        app.type("127.0.0.2")
        app.key("Return")
        app.wait_text("It could not be connected")
        app.wait_text("no-adapter")
        shot(app, "no-adapter")
        app.press("Load the driver")
        wait("calls", lambda: systemd.asked)
        assert systemd.asked == [("RestartUnit", "miracastd.service")], systemd.asked
        # The service does not know that address any more.
        app.press("^Options$")
        app.press("^Connect$")
        app.wait_text("It could not be connected")
    systemd.stop()
    daemon.terminate()
    assert daemon.wait(30) == 0


try:
    os.makedirs(sys.argv[1], exist_ok=True)
    only = sys.argv[2:]
    tests = [name for name in list(globals()) if name.startswith("test_")]
    if only and re.fullmatch("[0-9]+/[0-9]+", only[0]):
        part, parts = map(int, only[0].split("/"))
        only = tests[part - 1::parts]
    status = tap([globals()[name] for name in tests if not only or name in only])
finally:
    stage.stop()
sys.exit(status)
