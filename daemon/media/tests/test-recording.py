#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test-recording.py RECORDING SECONDS: a transport stream of ours, read by others' demultiplexers.

RECORDING writes it, and reads it by our own checker. Then GStreamer, FFmpeg and tstools have to find
each picture and each unit of sound, and may not complain. Writes TAP, with the figures.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SMALL = 16  # pixels, of a picture that is only to be counted
LPCM_UNIT = 1924  # bytes, with its head
AAC_FRAME = 1024 * 4  # bytes, decoded


class Complaint(Exception):
    pass


def run(*command, **environment):
    """What it wrote. It has to end well, and to have nothing to say on standard error."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False,
                              stdin=subprocess.DEVNULL, env=os.environ | environment)
    except FileNotFoundError as error:
        raise Complaint(f"{command[0]} is not installed") from error
    if done.returncode or done.stderr.strip():
        raise Complaint(f"{command[0]}: status {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def figure(pattern, text):
    found = re.search(pattern, text)
    if not found:
        raise Complaint(f"nothing like {pattern!r} in\n{text[-2000:]}")
    return int(found[1])


def same(what, found, sent):
    if found != sent:
        raise Complaint(f"{what}: {found}, and {sent} were sent")


def by_gstreamer(path, codec, sent):
    pictures, sound = path.with_suffix(".pictures"), path.with_suffix(".sound")
    decode = "! aacparse ! avdec_aac ! audioconvert ! audio/x-raw,format=S16LE,layout=interleaved"
    run(*f"gst-launch-1.0 -q filesrc location={path} ! tsdemux name=d "
        f"d.video_0_1011 ! queue ! h264parse ! avdec_h264 ! videoconvert ! videoscale "
        f"! video/x-raw,format=GRAY8,width={SMALL},height={SMALL} ! filesink location={pictures} "
        f"d.audio_0_1100 ! queue {decode if codec == 'aac' else ''} "
        f"! filesink location={sound}".split(),
        GST_DEBUG="mpegts*:2,tsdemux:2,h264parse:2,aacparse:2,libav:2")
    same("pictures that GStreamer decodes", pictures.stat().st_size / SMALL**2, sent["pictures"])
    same("units of sound that GStreamer finds",
         sound.stat().st_size / (LPCM_UNIT if codec == "lpcm" else AAC_FRAME), sent["sound"])
    return "all pictures, all sound"


def by_ffmpeg(path, codec, sent):
    """It does not know what LPCM is in Wi-Fi Display, and says so."""
    level, streams = ("error", "v") if codec == "lpcm" else ("warning", "v a")
    for stream in streams.split():
        run("ffmpeg", "-v", level, "-i", str(path), "-map", f"0:{stream}", "-f", "null", "-")
        text = run("ffprobe", "-v", level, "-count_frames", "-select_streams", stream,
                   "-show_entries", "stream=nb_read_frames", str(path))
        same(f"frames of {stream} that FFmpeg decodes", figure(r"nb_read_frames=(\d+)", text),
             sent["pictures" if stream == "v" else "sound"])
    return f"all of {streams}"


def by_tstools(path, codec, sent):
    coded = path.with_suffix(".h264")
    text = run("tsreport", "-b", str(path))
    if "###" in text:
        raise Complaint(text)
    same("gaps of PCR that tsreport finds", figure(r"gaps: (\d+)", text), 0)
    same("packets sent twice that tsreport finds",
         sum(int(n) for n in re.findall(r"duplicate packets: (\d+)", text)), 0)
    times = r"PID {} .*\n +PCR/PTS(?s:.*?)difference \(of (\d+)\)"
    same("pictures that tsreport finds", figure(times.format(1011), text), sent["pictures"])
    same("units of sound that tsreport finds", figure(times.format(1100), text), sent["sound"])
    text = run("tsinfo", str(path))
    for descriptor in ("AVC video", "AVC timing and HRD",
                       "User Private (131)" if codec == "lpcm" else "MPEG-2 AAC audio"):
        if descriptor not in text:
            raise Complaint(f"no {descriptor} in\n{text}")
    run("ts2es", "-pid", "0x1011", str(path), str(coded))
    text = run("esreport", "-h264", str(coded))
    same("access units that esreport finds", figure(r"(\d+) of type  9 ", text), sent["pictures"])
    return "no gap, all pictures, all sound, each descriptor"


def test(recording, codec, seconds, folder):
    path = pathlib.Path(folder) / f"{codec}.ts"
    text = run(recording, codec, seconds, str(path))
    print("\n".join(f"# {codec}, {seconds} s: {line}" for line in text.splitlines()))
    sent = {"pictures": figure(r"pictures (\d+)", text), "sound": figure(r"sound (\d+)", text)}
    for reader in by_gstreamer, by_ffmpeg, by_tstools:
        print(f"# {reader.__name__[3:]}: {reader(path, codec, sent)}", flush=True)


def main():
    recording, seconds = sys.argv[1:]
    failed = False
    print("1..2", flush=True)
    for number, codec in enumerate(("lpcm", "aac"), 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(recording, codec, seconds, folder)
                print(f"ok {number} {codec}", flush=True)
            except Complaint as complaint:
                failed = True
                print("\n".join(f"# {line}" for line in str(complaint).splitlines()))
                print(f"not ok {number} {codec}", flush=True)
    return failed


sys.exit(main())
