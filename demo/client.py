#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of miracastd for the scenarios: connects to a sink by its name and prints each step.

demo/client.py NAME [--pin PIN] [--type-pin FILE] [--show-pin FILE] [--intent N] [--way WAY]
               [--maker MAKER] [--encryption HOW] [--until WHEN] [--timeout S] [--mode MODE]

--type-pin: the person types what stands in FILE, once it is there; --show-pin: what the person is
to type at the sink is written to FILE. --until: leaves when the session is in that state, that
step, or STATE/STEP, and leaves it running. Prints the reason when the session ends, and exits with 1.
"""
import argparse
import os
import sys
import time

from gi.repository import Gio, GLib

BUS = 'io.github.linux_miracast'
ROOT = '/io/github/linux_miracast'
AGENT = '/agent'
AGENT_XML = f"""<node><interface name='{BUS}.Agent1'>
<method name='RequestPin'><arg type='o' direction='in'/><arg type='s' direction='out'/></method>
<method name='DisplayPin'><arg type='o' direction='in'/><arg type='s' direction='in'/></method>
<method name='Confirm'><arg type='o' direction='in'/><arg type='s' direction='in'/>
<arg type='s' direction='in'/><arg type='b' direction='out'/></method>
<method name='Release'><arg type='o' direction='in'/></method></interface></node>"""

parser = argparse.ArgumentParser()
parser.add_argument('name')
parser.add_argument('--pin')
parser.add_argument('--type-pin')
parser.add_argument('--show-pin')
parser.add_argument('--intent', type=int)
parser.add_argument('--way', default='p2p')
parser.add_argument('--maker')
parser.add_argument('--encryption')
parser.add_argument('--reconnect', action='store_true')
parser.add_argument('--until', default='streaming')
parser.add_argument('--timeout', type=float, default=200)
parser.add_argument('--mode', default='640x480@60')
args = parser.parse_args()

bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
loop = GLib.MainLoop()
began = time.monotonic()


def say(*words):
    print(f'{time.monotonic() - began:6.1f} s ', *words, flush=True)


def call(path, interface, method, parameters=None):
    return bus.call_sync(BUS, path, f'{BUS}.{interface}', method, parameters, None, 0, 25000, None)


def objects():
    return bus.call_sync(BUS, ROOT, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects', None,
                         None, 0, 25000, None).unpack()[0]


def wait_for_file(path):
    while not os.path.exists(path) or not os.path.getsize(path):
        if time.monotonic() - began > args.timeout:
            sys.exit(3)
        time.sleep(0.1)
    with open(path, encoding='ascii') as file:
        return file.read().strip()


def on_agent(_connection, _sender, _path, _interface, method, parameters, invocation):
    if method == 'RequestPin' and args.type_pin:
        pin = wait_for_file(args.type_pin)
        say('types', pin)
        invocation.return_value(GLib.Variant('(s)', (pin,)))
    elif method == 'RequestPin':
        invocation.return_dbus_error(f'{BUS}.Error.Cancelled', 'no')
    else:
        if method == 'DisplayPin' and args.show_pin:
            pin = parameters.unpack()[1]
            say('is shown', pin)
            with open(args.show_pin, 'w', encoding='ascii') as file:
                file.write(pin)
        invocation.return_value(GLib.Variant('(b)', (True,)) if method == 'Confirm' else None)


bus.register_object(AGENT, Gio.DBusNodeInfo.new_for_xml(AGENT_XML).interfaces[0], on_agent, None,
                    None)
call(f'{ROOT}/manager', 'Manager1', 'StartDiscovery')
sink = None
while not sink:
    for path, interfaces in objects().items():
        properties = interfaces.get(f'{BUS}.Sink1')
        if properties and properties['Name'] == args.name and properties['Ways']:
            sink = path
            say('found', properties)
    if time.monotonic() - began > args.timeout:
        say('not found', objects()[f'{ROOT}/manager'])
        sys.exit(3)
    time.sleep(0.1)

options = {'options': GLib.Variant('a{ss}', {'mode': args.mode}),
           'agent': GLib.Variant('o', AGENT), 'reconnect': GLib.Variant('b', args.reconnect),
           'way': GLib.Variant('s', args.way), 'wait': GLib.Variant('u', 60)}
if args.pin:
    options['pin'] = GLib.Variant('s', args.pin)
if args.maker:
    options['maker'] = GLib.Variant('s', args.maker)
if args.encryption:
    options['encryption'] = GLib.Variant('s', args.encryption)
if args.intent is not None:
    options['go-intent'] = GLib.Variant('u', args.intent)
say('connects at', f'{time.time():.3f}')
session = call(sink, 'Sink1', 'Connect', GLib.Variant('(a{sv})', (options,))).unpack()[0]
call(f'{ROOT}/manager', 'Manager1', 'StopDiscovery')
last = None


def look():
    global last
    now = objects().get(session, {}).get(f'{BUS}.Session1')
    if not now:
        say('gone')
        sys.exit(3)
    step = now.get('Step')
    shown = (now['State'], step, now.get('StepMessage', ''))
    if shown != last:
        say(*shown)
    last = shown
    if now['State'] == 'ended':
        say('reason:', now['Reason'], '-', now['Message'])
        os._exit(1)
    if args.until in (now['State'], step, f"{now['State']}/{step}"):
        say('details:', now['Details'])
        os._exit(0)
    if time.monotonic() - began > args.timeout:
        os._exit(3)
    return True


GLib.timeout_add(100, look)
loop.run()
