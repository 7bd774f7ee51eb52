#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test-pin.py SINK: miracast-sink by Wi-Fi Direct, of which a source wants that the PIN it shows is typed
in the window. The test is the window, and plays wpa_supplicant.
"""
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time

LIMIT_S = 30
PEER = "02:00:00:00:00:01"
# Keeps the name of the socket at which it is to answer.
SUPPLICANT = """#!/bin/sh
while [ "$1" != -g ]; do shift; done
echo "$2" >"$FOLDER/control.new" && mv "$FOLDER/control.new" "$FOLDER/control"
exec sleep 600
"""

folder = tempfile.TemporaryDirectory()
os.mkdir(folder.name + "/bin")
with open(folder.name + "/bin/wpa_supplicant", "w") as program:
    program.write(SUPPLICANT)
os.chmod(folder.name + "/bin/wpa_supplicant", 0o755)


class Supplicant:
    def __init__(self):
        end = time.monotonic() + LIMIT_S
        while not os.path.exists(folder.name + "/control"):
            assert time.monotonic() < end, "wpa_supplicant is not started"
            time.sleep(0.05)
        with open(folder.name + "/control") as control:
            self.path = control.read().strip()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.attached = None
        self.commands = []

    def answer(self, command, sender):
        self.commands.append(command)
        if command == "ATTACH":
            self.attached = sender
        if command.endswith(" STATUS"):
            text = "p2p_device_address=02:00:00:00:00:02\n"
        else:
            text = "FAIL" if command.startswith("P2P_PEER") else "OK"
        self.socket.sendto(text.encode(), sender)

    def say(self, event):
        self.socket.sendto(f"<3>{event}".encode(), self.attached)


class Sink:
    def __init__(self):
        self.window, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {**os.environ, "FOLDER": folder.name,
                       "PATH": f"{folder.name}/bin:{os.environ['PATH']}"}
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {sys.argv[1]} --viewer=3 --p2p wlan7 --name Kitchen 3<&{theirs.fileno()}"],
            stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], env=environment)
        theirs.close()
        self.supplicant = Supplicant()
        self.heard = []

    def until(self, what, check):
        """Answers as wpa_supplicant, and hears as the window, until CHECK says yes."""
        end = time.monotonic() + LIMIT_S
        while not check():
            assert time.monotonic() < end, f"{what}: {self.heard} {self.supplicant.commands}"
            ready = select.select([self.window, self.supplicant.socket], [], [], 0.2)[0]
            if self.window in ready:
                self.heard.append(self.window.recv(4096).decode())
            if self.supplicant.socket in ready:
                command, sender = self.supplicant.socket.recvfrom(4096)
                self.supplicant.answer(command.decode(), sender)

    def hears(self, text):
        self.until(text, lambda: self.heard and self.heard[-1] == text)

    def type(self, pin):
        self.window.send(f"pin {pin}".encode())
        self.until("it has read that", lambda: struct.unpack(
            "i", fcntl.ioctl(self.window, termios.TIOCOUTQ, b"....")) == (0,))


def main():
    sink = Sink()
    sink.until("it listens", lambda: "P2P_LISTEN" in sink.supplicant.commands)
    # Nobody asked: neither is of use.
    sink.type("12345670")
    sink.type("123")
    sink.supplicant.say(f"P2P-GO-NEG-REQUEST {PEER} dev_passwd_id=5 go_intent=7")
    sink.hears("pin-wanted")
    assert "pin-wanted again" not in sink.heard, sink.heard
    assert not any(command.startswith("P2P_CONNECT") for command in sink.supplicant.commands)
    for none in ("", "123", "12345678", "1234567a", "123456700", "1234 p2p_find"):
        sink.heard.clear()
        sink.type(none)
        sink.hears("pin-wanted again")
    assert not any(command.startswith("P2P_CONNECT") for command in sink.supplicant.commands)
    sink.type("12345670")
    sink.type("00000000")
    sink.until("it connects", lambda: any(
        command.startswith(f"P2P_CONNECT {PEER} 12345670 keypad") for command in sink.supplicant.commands))
    # Whoever had it wrong is gone from the window, and may come again.
    sink.supplicant.say("P2P-GO-NEG-FAILURE status=4")
    sink.hears("left")
    sink.supplicant.say(f"P2P-GO-NEG-REQUEST {PEER} dev_passwd_id=5 go_intent=7")
    sink.hears("pin-wanted")
    sink.window.close()
    # It was interrupted; LeakSanitizer would have another word.
    assert sink.process.wait(LIMIT_S) in (0, 1), sink.process.returncode


print("TAP version 13\n1..1", flush=True)
main()
print("ok 1 a PIN is typed in the window")
