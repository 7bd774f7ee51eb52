#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""record-input.py PREFIX FILE: writes each event of input devices whose name begins with PREFIX.

A line an event, "DEVICE TYPE CODE VALUE", without SYN and a key's repeats; and "DEVICE appears", "DEVICE is gone".
Devices that come later are seen within 50 ms. Ends when it is killed.
"""
import os
import struct
import sys
import time

EVENT = struct.Struct("llHHi")
prefix, path = sys.argv[1:]
out = open(path, "w", buffering=1)
devices = {}  # event node -> (name, descriptor)


def look():
    for node in os.listdir("/sys/class/input"):
        if not node.startswith("event") or node in devices:
            continue
        try:
            with open(f"/sys/class/input/{node}/device/name") as file:
                name = file.read().strip()
            if not name.startswith(prefix):
                continue
            fd = os.open(f"/dev/input/{node}", os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            continue  # it is about to come or to go: the next look shows
        name = name[len(prefix):].strip()
        devices[node] = (name, fd)
        print(name, "appears", file=out)


def read(node):
    name, fd = devices[node]
    try:
        data = os.read(fd, EVENT.size * 64)
    except BlockingIOError:
        return
    except OSError:
        print(name, "is gone", file=out)
        os.close(fd)
        del devices[node]
        return
    for _, _, kind, code, value in EVENT.iter_unpack(data):
        if kind and (kind, value) != (1, 2):
            print(name, kind, code, value, file=out)


while True:
    look()
    for node in list(devices):
        read(node)
    time.sleep(0.02)
