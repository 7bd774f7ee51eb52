#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""demo/report.py LOGS: what the demo did, as text, from the files it left in LOGS.

Ends with status 1 and a sentence if the demo has not shown what it is for.
"""
import collections
import json
import pathlib
import re
import sys

import numpy
from PIL import Image

MIN_PSNR = 25  # dB
MIN_DECODED = 60
MIN_SIZE = (1280, 720)
SMALL = (320, 180)
BLOCK = 16  # pixels: H.264 macroblocks, so that what moves does not bleed into what does not
MIN_STILL = 0.3  # of the picture

PENDING = 0x103
NTSTATUS = {
    0x00000000: "STATUS_SUCCESS",
    0xC00000B5: "STATUS_IO_TIMEOUT",
    0xC0000120: "STATUS_CANCELLED",
    0xC000020C: "STATUS_CONNECTION_DISCONNECTED",
    0xC00002B6: "STATUS_DEVICE_REMOVED",
}


def picture(path):
    return numpy.asarray(Image.open(path).convert("RGB"), dtype=numpy.float64)


def still_parts(first, later):
    """True where no pixel of a block, or of its neighbours, changed between two screenshots."""
    changed = (first != later).any(axis=2)
    height, width = (n // BLOCK for n in changed.shape)
    blocks = changed[: height * BLOCK, : width * BLOCK]
    blocks = blocks.reshape(height, BLOCK, width, BLOCK).any(axis=(1, 3))
    grown = numpy.pad(blocks, 1)
    grown = sum(
        grown[y : y + height, x : x + width].astype(int) for y in range(3) for x in range(3)
    )
    still = numpy.zeros(changed.shape, dtype=bool)
    still[: height * BLOCK, : width * BLOCK] = numpy.kron(
        grown == 0, numpy.ones((BLOCK, BLOCK), dtype=bool)
    )
    return still


def psnr(one, other, where):
    error = ((one[where] - other[where]) ** 2).mean()
    return float("inf") if error == 0 else 10 * numpy.log10(255**2 / error)


def read_figures(path):
    return {name: int(value) for name, value in (line.split() for line in path.open())}


def read_trace(path):
    """Per message: times in s of its send, deliver, callback; and the statuses of callbacks."""
    line = re.compile(r"\s(\d+\.\d+): miracast_(\w+): (.*)")
    messages = collections.defaultdict(dict)
    statuses = collections.Counter()
    for match in filter(None, map(line.search, path.open())):
        time, event, text = match.groups()
        fields = dict(re.findall(r"(\w+)=(\S+)", text))
        if event not in ("send", "deliver", "callback") or "id" not in fields:
            continue
        # Accepted, and somebody waits for the answer.
        if event == "send" and (int(fields["status"], 0) != PENDING or fields["callback"] != "1"):
            continue
        messages[fields["id"]][event] = float(time)
        if event == "callback":
            statuses[int(fields["status"], 0)] += 1
    return messages, statuses


def spread(seconds):
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    at = {share: ordered[int(share * (len(ordered) - 1))] * 1e3 for share in (0, 0.5, 0.95, 1)}
    return "min {:.2f}  median {:.2f}  95 % {:.2f}  max {:.2f} ms".format(*at.values())


def main():
    logs = pathlib.Path(sys.argv[1])
    display = read_figures(logs / "display.txt")
    messages, statuses = read_trace(logs / "trace.txt")
    sink = json.loads((logs / "sink.json").read_text())
    session = json.loads((logs / "status.json").read_text())["sessions"][0]
    statistics = session["statistics"]
    sent = sum("send" in m for m in messages.values())
    called = sum("callback" in m for m in messages.values())
    decoded = sink["media"]["frames_decoded"]

    shown = picture(logs / "sink.png")
    drawn = picture(logs / "source.png")
    still = still_parts(drawn, picture(logs / "source-later.png"))
    same_size = shown.shape == drawn.shape
    quality = psnr(shown, drawn, still) if same_size and still.any() else 0
    sent_picture = picture(logs / "sent.png")
    small = Image.open(logs / "sent-small.png").size
    sent_quality = psnr(sent_picture, drawn, still) if sent_picture.shape == drawn.shape else 0

    print("Picture")
    print(f"  sink.png                 {shown.shape[1]}x{shown.shape[0]}")
    print(f"  source.png               {drawn.shape[1]}x{drawn.shape[0]}")
    print(f"  does not move            {still.mean():.0%} of it")
    print(f"  PSNR there               {quality:.1f} dB")
    print(f"  before it was encoded    {sent_quality:.1f} dB (miracastctl screenshot)")
    print()
    print("Messages, kernel to user-mode driver (tracepoints)")
    print(f"  sent                     {sent}")
    print(f"  callbacks                {called}")
    for status, count in sorted(statuses.items()):
        print(f"    {NTSTATUS.get(status, hex(status)):<30} {count}")
    times = [m for m in messages.values() if len(m) == 3]
    print("  delivery to callback     " + spread([m["callback"] - m["deliver"] for m in times]))
    print(
        f"  commit to callback       mean {display['round_trip_ns_sum'] / max(called, 1) / 1e6:.2f}"
        f"  max {display['round_trip_ns_max'] / 1e6:.2f} ms"
    )
    print()
    print("Frames")
    print(f"  committed                {display['frames_committed']}")
    print(f"  sent                     {display['frames_sent']}")
    print(f"  completed                {display['frames_completed']}")
    print(f"  encoded                  {display['frames_encoded']}")
    print(f"  not streaming            {display['frames_not_streaming']}")
    print(f"  replaced before sent     {display['frames_replaced']}")
    print(f"  flips that did not wait  {display['flips_late']}")
    print(f"  decoded by the sink      {decoded}")
    print(f"  RTP packets lost         {sink['media']['rtp_lost']}")
    print()
    print("Session")
    print(f"  ended                    {session['reason']}: {session['message']}")
    for key, value in (session["details"] | statistics).items():
        if key != "rtsp-exchange":
            print(f"  {key:<24} {value}")
    print()
    print("RTSP")
    for line in statistics.get("rtsp-exchange", "").splitlines():
        print(f"  {line}")
    for violation in sink["rtsp"]["violations"]:
        print(f"  the sink remarks: {violation}")

    wrong = []
    if not same_size:
        wrong.append("the two pictures are not of one size")
    if shown.shape[1] < MIN_SIZE[0] or shown.shape[0] < MIN_SIZE[1]:
        wrong.append(f"the picture is smaller than {MIN_SIZE[0]}x{MIN_SIZE[1]}")
    if still.mean() < MIN_STILL:
        wrong.append("too little of the picture stands still to compare it")
    if quality < MIN_PSNR:
        wrong.append(f"the pictures differ: {quality:.1f} dB, and {MIN_PSNR} dB is the least")
    if sent_quality < MIN_PSNR:
        wrong.append(f"what is sent differs from what is drawn: {sent_quality:.1f} dB")
    if small != SMALL:
        wrong.append(f"the small picture is {small}, and {SMALL} was asked for")
    if decoded < MIN_DECODED:
        wrong.append(f"the sink decoded {decoded} frames, and {MIN_DECODED} is the least")
    if not sent or sent != called:
        wrong.append(f"{sent} messages were accepted, and {called} callbacks came")
    if display["messages_sent"] != sum(
        n for name, n in display.items() if name.startswith("callbacks_")
    ):
        wrong.append("the display driver's own count of messages and callbacks differs")
    print()
    for sentence in wrong:
        print(f"FAILED: {sentence}.")
    if not wrong:
        print("All as it should be.")
    return 1 if wrong else 0


sys.exit(main())
