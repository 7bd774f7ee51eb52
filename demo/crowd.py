#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A crowd of Wi-Fi Direct neighbours, for demo/p2p: their beacons, from one radio, until it is ended.

demo/crowd.py INTERFACE NUMBER [bytes]: INTERFACE is a monitor on a channel. Every eighth of them is
an ordinary sink. The others lie: names with control characters, with letters that turn the line round,
or the television's own, and with "bytes" such that are no UTF-8, or end within a letter; WFD elements
that are cut off, too long, without what is mandatory, or noise; device information that is longer
than its element.
"""
import random
import socket
import struct
import sys

RADIOTAP = bytes((0, 0, 8, 0, 0, 0, 0, 0))
NAMES = [b'Neighbour %d', b'\x1b[31mRed\x07\x00 %d', '\u202eVT \u2066%d'.encode(), b'', b'Living room',
         '\u00e4'.encode() * 16, b'%d\nName: Living room', b'%d' + bytes(20)]


def element(number, body):
    return bytes((number, min(len(body), 255))) + body[:255]


def wfd_element(kind, noise):
    """Subelement 0 (device information) as an available primary sink has it, and what is no such thing."""
    info = struct.pack('>BHHHH', 0, 6, 0x0111, 7236, 50)
    return (info, info[:5], struct.pack('>BH', 0, 0xffff) + info[3:], b'', struct.pack('>BHI', 6, 4, 0),
            noise.randbytes(60), info[:3] + b'\xff' * 6, info * 20)[kind]


def beacon(number):
    noise = random.Random(number)
    address = bytes((2, 0, 0x5e)) + number.to_bytes(3, 'big')
    name = NAMES[number % 8]
    name = (name % number if b'%d' in name else name)[:32]
    device = (address + struct.pack('>H', 0x0188) + bytes.fromhex('0007 0050f204 0001') + b'\0' +
              struct.pack('>HH', 0x1011, len(name)) + name)
    length = len(device) + (40 if number % 64 == 63 else 0)
    p2p = (bytes.fromhex('506f9a09') + struct.pack('<BHBB', 2, 2, 0x25, 0) +
           struct.pack('<BH', 13, length) + device)
    wps = bytes.fromhex('0050f204 104a 0001 10 1044 0001 01')
    wfd = bytes.fromhex('506f9a0a') + wfd_element(number // 8 % 8 if number % 8 else 0, noise)
    return (RADIOTAP + bytes.fromhex('8000 0000') + b'\xff' * 6 + address + address + bytes(2) +
            bytes(8) + struct.pack('<HH', 100, 0x0421) + element(0, b'DIRECT-') +
            element(1, bytes.fromhex('8c129824b048606c')) + element(3, bytes((6,))) +
            element(221, wps) + element(221, p2p) + element(221, wfd))


def main():
    air = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    air.bind((sys.argv[1], 0))
    if sys.argv[3:] == ['bytes']:
        NAMES[5:7] = '\u00e4'.encode() * 15 + b'x\xc3', b'\xff\xfe\xfd %d'
    frames = [beacon(i) for i in range(int(sys.argv[2]))]
    while True:
        random.shuffle(frames)
        for frame in frames:
            air.send(frame)


main()
