#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test-watch.py MIRACASTCTL XML: "miracastctl status --watch" against a session whose states are chosen."""
import re
import signal
import subprocess
import sys
import threading
import time

from miracastd import Miracastd

bus = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address=1"],
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
address = bus.stdout.readline().strip()
daemon = Miracastd(address, sys.argv[2])
daemon.statistics = lambda n: {"encoded-bytes": n * 1000000, "rtp-packets-dropped": 3 * n,
                               "sink-rtp-lost": 4 * n, "sink-jitter-us": 2500}
session = daemon.begin(daemon.add_sink(Name="Living room", Ways=["p2p"]))
watch = subprocess.Popen([sys.argv[1], "--bus", address, "status", "--watch"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
lines = []
reader = threading.Thread(target=lambda: lines.extend(iter(watch.stdout.readline, "")), daemon=True)
reader.start()


def expect(pattern):
    end = time.monotonic() + 20
    while not any(re.search(pattern, line) for line in lines):
        assert time.monotonic() < end and watch.poll() is None, (pattern, lines)
        time.sleep(0.05)


def main():
    expect(r"^\d\d:\d\d:\d\d  1  preparing    Living room$")
    daemon.set(session, State="waiting", Step="searching", StepMessage="The sink is looked for")
    expect(r"  1  searching +The sink is looked for$")
    daemon.set(session, State="streaming")
    expect(r"  1  streaming$")
    # What a second has: 8 Mbit, whatever the moments between that the machine was busy.
    expect(r"  1  8\.0 Mbit/s +7 lost  jitter 2\.5 ms  █+$")
    # Somebody else's: it is said once, and not asked for again.
    daemon.refusals["GetStatistics"] = "NotAuthorized", "this is not for you"
    expect(r"  1  statistics +only root and who has begun the session may see them$")
    asked = daemon.count("GetStatistics")
    time.sleep(2.5)
    assert daemon.count("GetStatistics") == asked, "it asks for what is not its to see"
    daemon.end(session, "link-lost", "The network link\nto the sink is gone.")
    expect(r"  1  link-lost +The network link to the sink is gone\.$")
    asked = daemon.count("GetStatistics")
    time.sleep(2.5)
    assert daemon.count("GetStatistics") == asked, "a session that has ended is asked"
    # While the machine goes to sleep one ends before it is there.
    daemon.begin(daemon.add_sink(Name="Bedroom", Ways=["p2p"]), State="ended", Reason="suspended",
                 Message="The machine went to sleep.")
    expect(r"  2  ended +Bedroom$")
    expect(r"  2  suspended +The machine went to sleep\.$")
    watch.send_signal(signal.SIGINT)
    assert watch.wait(10) == 0 and watch.stderr.read() == ""

    # What has ended is no news; without the service it ends by itself.
    daemon.begin(daemon.add_sink(Name="Kitchen", Ways=["p2p"]))
    again = subprocess.Popen([sys.argv[1], "--bus", address, "status", "--watch"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert again.stdout.readline().endswith("  3  preparing    Kitchen\n")
    daemon.stop()
    assert again.wait(20) == 3 and "does not run" in again.stderr.read()


try:
    main()
finally:
    watch.kill()
    bus.terminate()
    bus.wait()
