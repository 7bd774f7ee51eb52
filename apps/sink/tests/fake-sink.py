#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""In the place of miracast-sink: says what a test writes to a pipe, and notes what it is told.

$FAKE_SINK: the folder with the pipe "commands", lines of JSON: [WORD, REST], ["picture", WIDTH, HEIGHT,
COLOUR, HOW], ["raw", TEXT], ["exit", STATUS]; and the file "heard".
"""
import array
import fcntl
import json
import os
import selectors
import socket
import sys

FOLDER = os.environ["FAKE_SINK"]
F_ADD_SEALS, SEALS = 1033, 0xf  # all, the one against more seals included

heard = open(FOLDER + "/heard", "a", buffering=1)
heard.write("started " + " ".join(sys.argv[1:]) + "\n")
viewer = socket.socket(fileno=3)
commands = open(FOLDER + "/commands", "rb+", buffering=0)


def send_picture(width, height, colour, how=""):
    file = os.memfd_create("picture", os.MFD_ALLOW_SEALING)
    size = width * height * 4
    if how != "huge":
        os.write(file, bytes(colour + [255]) * (size // 4 if how != "short" else 1))
    if how != "unsealed":
        fcntl.fcntl(file, F_ADD_SEALS, SEALS)
    files = [] if how == "no-file" else [file] * (5 if how == "many" else 1)
    viewer.sendmsg([f"picture {width} {height}".encode()],
                   [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else [])
    os.close(file)


def obey(line):
    word, *rest = json.loads(line)
    if word == "exit":
        sys.exit(*rest)
    elif word == "picture":
        send_picture(*rest)
    elif word == "raw":
        viewer.send(rest[0].encode("latin-1"))
    else:
        viewer.send(" ".join([word, *rest]).encode())


selector = selectors.DefaultSelector()
selector.register(viewer, selectors.EVENT_READ)
selector.register(commands, selectors.EVENT_READ)
while True:
    for key, _ in selector.select():
        if key.fileobj is viewer:
            text = viewer.recv(4096)
            if not text:
                heard.write("gone\n")
                sys.exit(0)
            heard.write(text.decode() + "\n")
        else:
            for line in commands.read(65536).splitlines():
                obey(line)
