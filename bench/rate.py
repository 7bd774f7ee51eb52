#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench/rate.py [--docs]: how the rate follows a link that steps 20, 3, 20 Mbit/s.

The source is daemon/media's, with 1280x720 at 30 Hz that always moves, on the host and without a VM;
this is the link and the sink: so many bits a second, a queue of 100 ms, what is more is lost; the sink
reports once a second by RTCP and asks for a keyframe when a picture is damaged. Once with the rate
that follows, once with a fixed one; then 2 % loss, and 50 ms of jitter. Writes build/bench/rate.*, and
prints what demo/rate.py finds in it; --docs also draws docs/rate.svg. Three minutes.
"""
import collections
import fcntl
import heapq
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

OUT = "build/bench/rate"
KBIT = 16000
WIDE, NARROW = 20000, 3000
QUEUE = 0.1  # seconds
SAMPLE = 0.1
REPORT = 1.0
ASK = 0.5
VIDEO_PID = 0x1011
DATAGRAM = 1400  # bytes, the largest


class Link:
    """Datagrams in, and out when they have gone through."""

    def __init__(self, kbit):
        self.kbit, self.loss, self.jitter = kbit, 0.0, 0.0
        self.queue = collections.deque()
        self.bytes = 0
        self.free_at = 0.0
        self.flying = []
        self.number = 0
        self.random = random.Random(3)

    def push(self, datagram):
        """What finds no place is lost."""
        if self.bytes + len(datagram) > max(self.kbit * 125 * QUEUE, DATAGRAM):
            return
        self.queue.append(datagram)
        self.bytes += len(datagram)

    def pull(self, now):
        """What has come out by now, in the order in which it comes."""
        while self.queue and self.free_at <= now:
            datagram = self.queue.popleft()
            self.bytes -= len(datagram)
            self.free_at = max(self.free_at, now - 0.005) + len(datagram) / (self.kbit * 125)
            if self.random.random() < self.loss:
                continue
            self.number += 1
            late = self.random.uniform(0, 2 * self.jitter)
            heapq.heappush(self.flying, (self.free_at + late, self.number, datagram))
        while self.flying and self.flying[0][0] <= now:
            yield heapq.heappop(self.flying)[2]

    def next(self):
        """When there is something to do."""
        times = [self.free_at] if self.queue else []
        return min(times + ([self.flying[0][0]] if self.flying else []), default=None)


class Sink:
    """What came: RFC 3550's figures, and which pictures are whole. One that comes late is put right
    by a sink's buffer: so order is that of the numbers, 100 ms later."""

    def __init__(self):
        self.first = self.highest = None
        self.came = self.bytes = self.expected_before = self.came_before = 0
        self.transit, self.jitter = None, 0.0
        self.ssrc = 0
        self.waiting = []
        self.played = None
        self.pictures = self.damaged_pictures = self.gaps = 0
        self.damaged = False
        self.begun = False

    def take(self, datagram, now):
        """One datagram."""
        number, stamp, self.ssrc = struct.unpack(">HII", datagram[2:12])
        if self.first is None:
            self.first = self.highest = number
        step = (number - self.highest + 0x8000) % 0x10000 - 0x8000
        extended = self.highest + step
        self.highest = max(self.highest, extended)
        self.came += 1
        self.bytes += len(datagram)
        transit = (now * 90000 - stamp) % (1 << 32)
        if self.transit is not None:
            change = (transit - self.transit + (1 << 31)) % (1 << 32) - (1 << 31)
            self.jitter += (abs(change) - self.jitter) / 16
        self.transit = transit
        heapq.heappush(self.waiting, (extended, now, datagram))

    def play(self, now):
        """What is a tenth of a second old, or in order."""
        while self.waiting and (self.waiting[0][0] == (self.played or 0) + 1 or
                                self.waiting[0][1] <= now - 0.1):
            number, _, datagram = heapq.heappop(self.waiting)
            if self.played is not None and number <= self.played:
                continue
            if self.played is not None and number != self.played + 1:
                self.gaps += 1
                self.damaged = True
            self.played = number
            self.look(datagram)

    def look(self, datagram):
        """Pictures begin in TS packets that say so; those to begin with are marked."""
        for at in range(12, len(datagram), 188):
            if (datagram[at + 1] << 8 | datagram[at + 2]) & 0x5fff != 0x4000 | VIDEO_PID:
                continue
            # The one before has ended.
            if self.begun:
                self.pictures += 1
                self.damaged_pictures += self.damaged
            self.begun = True
            if datagram[at + 3] & 0x20 and datagram[at + 4] and datagram[at + 5] & 0x40:
                self.damaged = False

    def lost(self):
        """Packets that never came, so far."""
        return max(self.highest - self.first + 1 - self.came, 0) if self.came else 0

    def report(self):
        """A receiver report (RFC 3550, 6.4.2)."""
        expected = self.highest - self.first + 1 - self.expected_before
        came = self.came - self.came_before
        self.expected_before += expected
        self.came_before += came
        part = min(max(expected - came, 0) * 256 // max(expected, 1), 255)
        return struct.pack(">BBHIIIIIII", 0x81, 201, 7, 1, self.ssrc,
                           part << 24 | self.lost() & 0xffffff, self.highest & 0xffffffff,
                           int(self.jitter), 0, 0)


def bind_pair():
    """Two sockets on an even port and the one above."""
    while True:
        rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        rtcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        rtp.bind(("127.0.0.1", 0))
        port = rtp.getsockname()[1]
        try:
            if port % 2 == 0:
                rtcp.bind(("127.0.0.1", port + 1))
                return rtp, rtcp, port
        except OSError:
            pass
        rtp.close()
        rtcp.close()


def scene(name, rate, steps, seconds):
    """Records one; steps: [(when, mark, what the link is set to)]."""
    rtp, rtcp, port = bind_pair()
    rtp.setblocking(False)
    rtcp.setblocking(False)
    source = subprocess.Popen(["build/user/bench/bench-rate", str(KBIT), rate, str(port)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    fcntl.fcntl(source.stdout, fcntl.F_SETFL, os.O_NONBLOCK)
    link, sink = Link(100 * KBIT), Sink()
    begin = None
    sample_at = report_at = ask_at = 0.0
    gaps = 0
    steps = list(steps)
    peer = None
    with open(f"{OUT}/{name}.sink", "w", encoding="ascii") as samples, \
            open(f"{OUT}/{name}.marks", "w", encoding="ascii") as marks, \
            open(f"{OUT}/{name}.session", "wb") as session:
        while begin is None or time.time() - begin < seconds:
            now = time.time()
            wait = min(x for x in (link.next(), now + 0.01) if x is not None) - now
            select.select([rtp, rtcp, source.stdout], [], [], max(wait, 0.0005))
            now = time.time()
            for _ in range(500):
                try:
                    datagram = rtp.recv(2048)
                except BlockingIOError:
                    break
                link.push(datagram)
                begin = begin or now + 3
            try:
                _, peer = rtcp.recvfrom(2048)
            except BlockingIOError:
                pass
            session.write(source.stdout.read() or b"")
            for datagram in link.pull(now):
                sink.take(datagram, now)
            sink.play(now)
            if sink.gaps > gaps and now >= ask_at:
                gaps, ask_at = sink.gaps, now + ASK
                source.stdin.write(b"\n")
                source.stdin.flush()
            if peer and sink.came and now >= report_at:
                report_at = now + REPORT
                rtcp.sendto(sink.report(), peer)
            if now >= sample_at:
                sample_at = now + SAMPLE
                json.dump({"real_us": int(now * 1e6), "rtp_packets": sink.came,
                           "rtp_bytes": sink.bytes, "rtp_lost": sink.lost(),
                           "frames_decoded": sink.pictures,
                           "frames_damaged": sink.damaged_pictures}, samples)
                samples.write("\n")
            while begin and steps and now - begin >= steps[0][0]:
                _, mark, values = steps.pop(0)
                vars(link).update(values)
                json.dump({"real_us": int(now * 1e6), "what": mark,
                           "kbit": link.kbit if "kbit" in values else 0}, marks)
                marks.write("\n")
        json.dump({"real_us": int(time.time() * 1e6), "what": "end", "kbit": 0}, marks)
        marks.write("\n")
    source.stdin.close()
    source.wait()


def main():
    """See the top."""
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    os.makedirs(OUT, exist_ok=True)
    there_and_back = [(0, "begin", {"kbit": WIDE}), (10, "down", {"kbit": NARROW}),
                      (40, "up", {"kbit": WIDE})]
    scene("free", "fixed", [(0, "begin", {})], 5)
    scene("beyond", "auto", there_and_back, 55)
    scene("fixed", "fixed", there_and_back, 55)
    scene("air", "auto", [(0, "begin", {"kbit": WIDE}), (5, "loss", {"loss": 0.02}),
                          (25, "jitter", {"loss": 0.0, "jitter": 0.05})], 45)
    subprocess.run(["demo/rate.py", "judge", OUT, "beyond", "fixed", "air"], check=False)
    if "--docs" in sys.argv:
        subprocess.run(["demo/rate.py", "plot", OUT, "docs/rate.svg"], check=True)


main()
