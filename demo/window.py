# SPDX-License-Identifier: GPL-2.0-or-later
"""window.py FOLDER: what demo/window does once its stage stands; see there."""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, "apps/connect/tests")
sys.dont_write_bytecode = True
from stage import App, Stage, wait  # noqa: E402

programs = os.environ["PROGRAMS"]
stage = Stage("unix:path=/run/dbus/system_bus_socket")
import gi  # noqa: E402 after the environment is made

gi.require_version("Atspi", "2.0")
began = time.monotonic()


def step(app, name, what):
    time.sleep(2)
    stage.screenshot(f"{sys.argv[1]}/{name}.png")
    print(f"window: {time.monotonic() - began:5.0f} s  {what}", flush=True)


def pin():
    with open(os.environ["SINK_LOG"]) as log:
        found = re.search(r"pin: (\d{8})", log.read())
    return found and found.group(1)


def walk():
    app = App(stage, programs + "/apps/connect/miracast-connect")
    app.wait_text("Before the first display")
    app.find("push button", "Start the service")
    step(app, "1-no-service", "there is no service")
    daemon = stage.start(programs + "/daemon/host/miracastd", "--verbose", "--session-program",
                         programs + "/daemon/session/miracast-session", "--driver",
                         programs + "/daemon/wfd/wfd.so",
                         stderr=open("/run/stage/miracastd.log", "w"))
    app.find("list item", "Living room")
    step(app, "2-found", "the television is found")
    app.tab_to("Living room")
    app.key("Return")
    app.press("^Connect$")
    app.find("text", "^PIN$")
    app.type(wait("the sink's PIN", pin))
    step(app, "3-pin", "its PIN is typed")
    app.key("Return")
    app.wait_text("Connected")
    app.find("image", r"Bitrate: \d+\.\d Mbit/s")
    app.find("image", "^The picture that is being sent$")
    time.sleep(15)
    step(app, "4-connected", "pictures are on their way")
    app.press("^Disconnect$")
    app.find("push button", "^Forget")
    step(app, "5-remembered", "it is disconnected, and remembered")
    app.close()
    daemon.terminate()
    assert daemon.wait(60) == 0


try:
    walk()
finally:
    stage.stop()
