#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""hour.py MINUTES SAMPLES NAME=PID...

Looks once a minute at what the processes and the kernel hold, and at what miracast-sink wrote to SAMPLES;
says at the end, as TAP, whether anything has grown since a sixth of the time had passed.
"""
import json
import os
import sys
import time

GROWTH = 2048  # KiB that a process may hold more
KERNEL_GROWTH = 4096  # KiB, of a whole machine
DRIFT = 20000  # us


def kib(path, *names):
    with open(path, encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.split(":")[0] in names)


def held(pids):
    """Of each process: memory in KiB, and descriptors; and what the kernel cannot give back, in KiB."""
    memory = {name: kib(f"/proc/{pid}/status", "VmRSS", "VmSwap") for name, pid in pids.items()}
    files = {name: len(os.listdir(f"/proc/{pid}/fd")) for name, pid in pids.items()}
    return memory, files, kib("/proc/meminfo", "SUnreclaim", "VmallocUsed", "Percpu")


def latest(path):
    """The last whole line."""
    with open(path, "rb") as file:
        file.seek(max(os.path.getsize(path) - 4096, 0))
        return json.loads(file.read().rsplit(b"\n", 2)[-2])


def minute(path, before):
    """What came since the line before it; then that line."""
    now = latest(path)
    came = {key: now[key] - before.get(key, 0) for key in now}
    # The mean is of all units so far.
    came["ahead"] = (now["sound_ahead_us"] * now["sound_compared"] -
                     before.get("sound_ahead_us", 0) * before.get("sound_compared", 0)
                     ) // max(came["sound_compared"], 1)
    return came, now


def main():
    minutes, path = int(sys.argv[1]), sys.argv[2]
    pids = dict(argument.split("=") for argument in sys.argv[3:])
    lines, last = [], {}
    begin = time.monotonic()
    for n in range(1, minutes + 1):
        time.sleep(max(begin + 60 * n - time.monotonic(), 0))
        try:
            memory, files, kernel = held(pids)
        except FileNotFoundError as error:
            print(f"not ok 1 all processes are still there\n# {error.filename} is gone\n1..1")
            return 1
        came, last = minute(path, last)
        lines.append((memory, files, kernel, came))
        print(f"# minute {n}: {came['frames_decoded']} pictures, {came['sound_frames']} frames of sound, "
              f"{came['sound_frames_lost']} lost, {came['ahead'] / 1000:.1f} ms before the picture; "
              + ", ".join(f"{name} {memory[name]} KiB {files[name]} files" for name in pids)
              + f"; kernel {kernel} KiB", flush=True)

    sixth = max(minutes // 6, 1)
    early, late = lines[:sixth], lines[-sixth:]
    checks = []
    for name in pids:
        more = late[-1][0][name] - early[-1][0][name]
        checks.append((more <= GROWTH, f"{name} holds no more memory than before ({more:+} KiB)"))
        more = late[-1][1][name] - early[-1][1][name]
        checks.append((more <= 0, f"{name} has no more files open ({more:+})"))
    more = late[-1][2] - early[-1][2]
    checks.append((more <= KERNEL_GROWTH, f"the kernel holds no more memory ({more:+} KiB)"))
    drift = (sum(line[3]["ahead"] for line in late) - sum(line[3]["ahead"] for line in early)) / sixth
    checks.append((abs(drift) <= DRIFT, f"sound and picture are as far apart as before ({drift / 1000:+.1f} ms)"))
    silent = sum(line[3]["sound_frames"] == 0 or line[3]["frames_decoded"] == 0 for line in lines)
    checks.append((silent == 0, f"each minute has sound and pictures (all but {silent})"))
    for n, (good, what) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {n} {what}")
    print(f"1..{len(checks)}")
    return not all(good for good, _ in checks)


sys.exit(main())
