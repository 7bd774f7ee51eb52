# SPDX-License-Identifier: GPL-2.0-or-later
"""miracastd's place on the bus, held by whoever needs each of its states at will.

The interfaces are read from the file that miracastd is built from, so a property or method that it
does not have, or has with another type, is an error here, too.
"""
import os
import threading

from gi.repository import Gio, GLib

NAME = "io.github.linux_miracast"
ROOT = "/io/github/linux_miracast"
ERROR = NAME + ".Error."
MANAGER, SINK, SESSION, AGENT = (f"{NAME}.{i}1" for i in ("Manager", "Sink", "Session", "Agent"))
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECTS = """<node><interface name="org.freedesktop.DBus.ObjectManager">
<method name="GetManagedObjects"><arg type="a{oa{sa{sv}}}" direction="out"/></method>
<signal name="InterfacesAdded"><arg type="o"/><arg type="a{sa{sv}}"/></signal>
<signal name="InterfacesRemoved"><arg type="o"/><arg type="as"/></signal>
</interface></node>"""

DEFAULTS = {
    MANAGER: {"Version": "0.1.0", "Driver": "wfd.so", "Discovering": False, "Ways": ["mice", "p2p"],
              "Makers": {}, "Problems": {}},
    SINK: {"Name": "", "Address": "", "Ways": [], "SignalStrength": -1, "Kind": "", "Known": False,
           "Available": True, "NeedsPin": False, "ContentProtection": False, "Session": "/",
           "Obstacle": "", "ObstacleMessage": ""},
    SESSION: {"Sink": "/", "SinkName": "", "Owner": os.getuid(), "State": "preparing", "Step": "", "StepMessage": "",
              "Reason": "", "Message": "", "Details": {}, "Link": "", "LocalAddress": "",
              "PeerAddress": "", "Port": 0, "Adapter": "", "ContextId": 0, "TargetId": 0},
}


def variant(value):
    """What a{sv} of Details and statistics may hold: texts and counts."""
    return GLib.Variant("s", value) if isinstance(value, str) else GLib.Variant("t", value)


class Miracastd:
    """Each method may be called from any thread; what it does is done when it returns."""

    def __init__(self, address, xml):
        self.info = {i.name: i for i in Gio.DBusNodeInfo.new_for_xml(open(xml).read()).interfaces}
        self.objects = {}  # path: (interface, {property: value}, registration)
        self.calls = []  # (interface, method, arguments), as they came
        self.refusals = {}  # method: (error, message)
        self.statistics = lambda n: {}  # of the nth question
        self.picture = None  # width, height, bytes of RGB; None: nothing is sent
        self.held = None  # a method that is not answered for now
        self.waiting = []
        self.client = None
        self.n_sinks = self.n_sessions = 0
        self.n_looks = 0  # so often it was asked for all its objects
        self.context = GLib.MainContext()
        self.loop = GLib.MainLoop(self.context)
        started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(address, started), daemon=True)
        self.thread.start()
        started.wait()

    def _run(self, address, started):
        self.context.push_thread_default()
        self.bus = Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        self.bus.register_object(ROOT, Gio.DBusNodeInfo.new_for_xml(OBJECTS).interfaces[0],
                                 self._on_objects, None, None)
        self._add("manager", MANAGER, {})
        self.bus.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
                           GLib.Variant("(su)", (NAME, 4)), None, 0, -1, None)
        started.set()
        self.loop.run()
        self.context.pop_thread_default()

    def _do(self, work):
        done, result = threading.Event(), []

        def run(_):
            try:
                result.append(work())
            finally:
                done.set()
            return False
        source = GLib.idle_source_new()
        source.set_callback(run)
        source.attach(self.context)
        if not done.wait(10) or not result:
            raise RuntimeError("the service did not do it")
        return result[0]

    def _properties(self, path):
        interface, values, _ = self.objects[path]
        types = {p.name: p.signature for p in self.info[interface].properties}
        return {name: GLib.Variant(types[name], value) for name, value in values.items()}

    def _add(self, name, interface, values):
        path = f"{ROOT}/{name}"
        unknown = set(values) - set(DEFAULTS[interface])
        assert not unknown, unknown
        registration = self.bus.register_object(path, self.info[interface], self._on_call,
                                                self._on_get, None)
        self.objects[path] = (interface, {**DEFAULTS[interface], **values}, registration)
        self.bus.emit_signal(None, ROOT, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded",
                             GLib.Variant("(oa{sa{sv}})",
                                          (path, {interface: self._properties(path)})))
        return path

    def _set(self, path, values):
        interface, old, _ = self.objects[path]
        unknown = set(values) - set(old)
        assert not unknown, unknown
        old.update(values)
        changed = {n: v for n, v in self._properties(path).items() if n in values}
        self.bus.emit_signal(None, path, PROPERTIES, "PropertiesChanged",
                             GLib.Variant("(sa{sv}as)", (interface, changed, [])))
        return True

    def _remove(self, path):
        interface, _, registration = self.objects.pop(path)
        self.bus.unregister_object(registration)
        self.bus.emit_signal(None, ROOT, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved",
                             GLib.Variant("(oas)", (path, [interface])))
        return True

    def _on_get(self, bus, sender, path, interface, name):
        return self._properties(path)[name]

    def _on_objects(self, bus, sender, path, interface, method, arguments, invocation):
        self.n_looks += 1
        everything = {p: {o[0]: self._properties(p)} for p, o in self.objects.items()}
        invocation.return_value(GLib.Variant("(a{oa{sa{sv}}})", (everything,)))

    def _on_call(self, bus, sender, path, interface, method, arguments, invocation):
        arguments = arguments.unpack()
        self.calls.append((path, method, arguments))
        self.client = sender
        if method == self.held:
            self.waiting.append((path, interface, method, arguments, invocation))
        else:
            self._answer(path, interface, method, arguments, invocation)

    def _answer(self, path, interface, method, arguments, invocation):
        if method in self.refusals:
            error, message = self.refusals[method]
            invocation.return_dbus_error(ERROR + error, message)
        elif method == "Connect":
            sink = path
            if interface == MANAGER:
                sink = self._add_sink({"Name": arguments[0]["peer-address"], "Ways": ["address"],
                                       "Address": arguments[0]["peer-address"]})
            invocation.return_value(GLib.Variant("(o)", (self._begin(sink),)))
        elif method == "GetStatistics":
            values = {k: variant(v) for k, v in
                      self.statistics(self.count(method)).items()}
            invocation.return_value(GLib.Variant("(a{sv})", (values,)))
        elif method == "GetPicture":
            self._show_picture(invocation)
        else:
            if method in ("StartDiscovery", "StopDiscovery"):
                self._set(path, {"Discovering": method == "StartDiscovery"})
            elif method == "Disconnect":
                self._end(path, "stopped-by-user", "The session was ended on request.")
            elif method == "Forget":
                self._set(path, {"Known": False})
            invocation.return_value(None)

    def _show_picture(self, invocation):
        if not self.picture:
            invocation.return_dbus_error(ERROR + "NotAvailable", "no picture is being sent")
            return
        width, height, pixels = self.picture
        file = os.memfd_create("picture")
        os.write(file, pixels)
        files = Gio.UnixFDList.new()
        files.append(file)
        os.close(file)
        invocation.return_value_with_unix_fd_list(GLib.Variant("(huu)", (0, width, height)), files)

    def _add_sink(self, values):
        self.n_sinks += 1
        return self._add(f"sink/{self.n_sinks}", SINK, values)

    def _begin(self, sink, **values):
        self.n_sessions += 1
        path = f"{ROOT}/session/{self.n_sessions}"
        self._add(f"session/{self.n_sessions}", SESSION,
                  {"Sink": sink, "SinkName": self.objects[sink][1]["Name"], **values})
        self._set(sink, {"Session": path})
        return path

    def _end(self, session, reason, message):
        self._set(session, {"State": "ended", "Reason": reason, "Message": message})
        sink = self.objects[session][1]["Sink"]
        if sink in self.objects:
            self._set(sink, {"Session": "/"})
            # What is nothing but an address is no sink without a session.
            if self.objects[sink][1]["Ways"] == ["address"] and not self.objects[sink][1]["Known"]:
                self._remove(sink)
        return True

    def add_sink(self, **values):
        return self._do(lambda: self._add_sink(values))

    def hold(self, method):
        self.held = method

    def let_first_go(self):
        call = self.waiting.pop(0)
        self._do(lambda: self._answer(*call) or True)

    def let_go(self):
        self.held = None
        for call in self.waiting:
            self._do(lambda: self._answer(*call) or True)

    def begin(self, sink, **values):
        return self._do(lambda: self._begin(sink, **values))

    def set(self, path, **values):
        if "Details" in values:
            values["Details"] = {k: variant(v) for k, v in values["Details"].items()}
        return self._do(lambda: self._set(path, values))

    def remove(self, path):
        return self._do(lambda: self._remove(path))

    def end(self, session, reason, message):
        return self._do(lambda: self._end(session, reason, message))

    def end_sessions(self):
        for path, (interface, values, _) in list(self.objects.items()):
            if interface == SESSION and values["State"] != "ended":
                self.end(path, "stopped-by-user", "The session was ended on request.")

    def last_session(self):
        # Of a Connect that has been counted already.
        return self._do(lambda: f"{ROOT}/session/{self.n_sessions}")

    def manager(self):
        return f"{ROOT}/manager"

    def count(self, method):
        return sum(1 for call in self.calls if call[1] == method)

    def ask(self, method, *arguments):
        """Calls the client's agent; a list that gets what it answers, or the error's name."""
        answers = []
        method_info = self.info[AGENT].lookup_method(method)
        signature = "(" + "".join(a.signature for a in method_info.in_args) + ")"
        agent = next(c[2][0]["agent"] for c in reversed(self.calls) if c[1] == "Connect")

        def on_answer(bus, result):
            try:
                answers.append(bus.call_finish(result).unpack())
            except GLib.Error as error:
                answers.append(Gio.DBusError.get_remote_error(error))

        def call():
            self.bus.call(self.client, agent, AGENT, method, GLib.Variant(signature, arguments),
                          None, 0, 60000, None, on_answer)
            return True
        self._do(call)
        return answers

    def release(self):
        """The name, as a service that has died."""
        self.bus.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ReleaseName",
                           GLib.Variant("(s)", (NAME,)), None, 0, -1, None)

    def stop(self):
        def leave():
            self.bus.close_sync(None)
            self.loop.quit()
            return True
        self._do(leave)
        self.thread.join()
