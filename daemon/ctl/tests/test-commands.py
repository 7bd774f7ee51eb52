#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test-commands.py MIRACASTCTL XML: what miracastctl asks of a service that is made up, and says of it."""
import re
import subprocess
import sys
import threading
import time

from miracastd import Miracastd

bus = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address=1"],
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
address = bus.stdout.readline().strip()
daemon = Miracastd(address, sys.argv[2])
daemon.add_sink(Name="Living room", Ways=["p2p"])
daemon.add_sink(Name="Kitchen", Ways=["p2p"], Obstacle="network-manager-unable",
                ObstacleMessage="NetworkManager joins none.")


def run(*arguments):
    return subprocess.run([sys.argv[1], "--bus", address, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60, check=True)


def connect(*arguments):
    """The options that Connect is called with."""
    run("connect", "Living room", "--no-wait", *arguments)
    return next(c[2][0] for c in reversed(daemon.calls) if c[1] == "Connect")


def connect_in_vain(reason):
    """A session that comes as far as it can without a picture: its exit status, and what it said."""
    before = daemon.count("Connect")
    program = subprocess.Popen([sys.argv[1], "--bus", address, "connect", "Living room"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 30
    while daemon.count("Connect") == before:
        assert time.monotonic() < end and program.poll() is None
        time.sleep(0.05)
    session = daemon.last_session()
    for state in "waiting", "starting", "started":
        daemon.set(session, State=state)
    daemon.end(session, reason, "No picture came.")
    said, complained = program.communicate(timeout=30)
    return program.returncode, said.splitlines()[-1].split()[0], complained


def main():
    # How long the sink has is the way's own unless somebody says so.
    assert "wait" not in connect()
    assert connect("--sink-timeout", "7")["wait"] == 7

    # Who wants one way waits until the sink is found by it, whatever other way is there.
    attic = daemon.add_sink(Name="Attic", Ways=["mice"])
    threading.Timer(3, daemon.set, [attic], {"Ways": ["mice", "p2p"]}).start()
    said = run("connect", "Attic", "--no-wait", "--way", "p2p").stdout
    assert "Attic is looked for" in said, said
    assert next(c[0] for c in reversed(daemon.calls) if c[1] == "Connect") == attic
    # The way goes again while others may be found: that is said.
    daemon.set(attic, Ways=["mice"])
    program = subprocess.Popen([sys.argv[1], "--bus", address, "connect", "Attic", "--way", "p2p"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "is looked for" in program.stdout.readline()
    daemon.set(attic, Ways=["mice", "p2p"])
    looks, end = daemon.n_looks, time.monotonic() + 30
    while daemon.n_looks == looks:
        assert time.monotonic() < end and program.poll() is None
        time.sleep(0.02)
    daemon.set(attic, Ways=["mice"])
    _, complained = program.communicate(timeout=30)
    assert program.returncode == 1 and "has gone again" in complained, complained
    daemon.remove(attic)

    # A mode that is agreed upon is no picture yet.
    for reason in "sink-silent-m6", "encoder-failed":
        assert connect_in_vain(reason) == (1, "started", f"miracastctl: {reason}: No picture came.\n")

    # A sink that cannot be connected now is told beforehand, and why.
    assert re.search("^Kitchen .* there, network-manager-unable$", run("list").stdout, re.M)
    assert run("scan", "--seconds", "1").stderr == "miracastctl: Kitchen: NetworkManager joins none.\n"
    assert "\n  obstacle  NetworkManager joins none.\n" in run("show", "Kitchen").stdout
    assert "obstacle" not in run("show", "Living room").stdout


try:
    main()
finally:
    daemon.stop()
    bus.terminate()
    bus.wait()
