# SPDX-License-Identifier: GPL-2.0-or-later
"""display.py FOLDER SENT: what demo/display does at the display's end; SENT: a picture, once it is there."""
import math
import os
import sys
import time

sys.path.insert(0, "apps/connect/tests")
sys.dont_write_bytecode = True
from PIL import Image, ImageChops, ImageStat  # noqa: E402

from stage import App, Stage, wait  # noqa: E402

MIN_PSNR = 22  # dB: the window shows it at less than half its size

programs = os.environ["PROGRAMS"]
stage = Stage(os.environ["SINK_BUS"])
import gi  # noqa: E402 after the environment is made

gi.require_version("Atspi", "2.0")
began = time.monotonic()


def step(name, what):
    time.sleep(2)
    stage.screenshot(f"{sys.argv[1]}/{name}.png")
    print(f"display: {time.monotonic() - began:5.0f} s  {what}", flush=True)


def psnr(one, other):
    squares = [e ** 2 for e in ImageStat.Stat(ImageChops.difference(one, other)).rms]
    return 10 * math.log10(255 ** 2 / max(sum(squares) / 3, 0.01))


def compare():
    """The best of where the picture may lie in the window, which is as wide as it."""
    window = Image.open(f"{sys.argv[1]}/3-picture.png").convert("RGB")
    sent = Image.open(sys.argv[2]).convert("RGB")
    sent = sent.resize((window.width, round(sent.height * window.width / sent.width)), Image.BILINEAR)
    return max(psnr(sent, window.crop((0, top, window.width, top + sent.height)))
               for top in range(window.height - sent.height + 1))


def show():
    program = f"{stage.folder}/viewer"
    with open(program, "w") as script:
        script.write(f'#!/bin/sh\nexec {programs}/apps/sink/miracast-sink-window --name "Living room"\n')
    os.chmod(program, 0o755)
    app = App(stage, program, 800)
    app.find("label", "^Living room$")
    step("1-waiting", "it waits for another machine")
    app.wait_text("Shows ")
    step("2-source", "one has come")
    app.find("image", "^What the other device shows$")
    wait("what is sent", lambda: os.path.exists(sys.argv[2]))
    time.sleep(10)
    step("3-picture", "its picture is there")
    quality = compare()
    print(f"display: PSNR of what is sent and what is shown: {quality:.1f} dB", flush=True)
    assert quality >= MIN_PSNR
    app.close()


try:
    os.makedirs(sys.argv[1], exist_ok=True)
    show()
finally:
    stage.stop()
