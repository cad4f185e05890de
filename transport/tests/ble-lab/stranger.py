"""A stranger of another stack (Bumble): connects to the peripheral, learns what it can, and breaks the framing.

    stranger.py CONTROLLER

reads cases from stdin, one a line, and answers each with a line of JSON: what was seen of the other side, and
`again`, why connections were given up before anything was said over them. The words are those of PROTOCOL 13b.
What may have been seen is for the caller to judge.

    look                    all of the advertisement, and all that can be read without pairing
    gatt|l2cap PACKET,…     makes a channel and sends these packets, in hexadecimal digits. `open` opens a link,
                            `~` stands for its tag, `cut` disconnects, `wait=SECONDS` waits, and
                            `flood=N` is N data frames, numbered from 0
"""

import asyncio
import json
import os
import struct
import sys
import time

from bumble.core import UUID, AdvertisingData, BaseBumbleError, ConnectionError
from bumble.device import Device, Peer
from bumble.gatt import Characteristic
from bumble.hci import Address
from bumble.l2cap import LeCreditBasedChannelSpec
from bumble.transport import open_transport

SERVICE, WRITE, NOTIFY, CHANNEL = (
    f"4ED6E20{n}-0F5C-4B57-9C1A-6D1B9A7E5C01" for n in (1, 2, 3, 4)
)
# Attempts to connect.
ATTEMPTS = 5
# Seconds until BlueZ has forgotten a connection that ended. It may take a new one before that for one more bearer of
# the old one, and refuse it or not answer it at all.
LETS_GO = 1
# Seconds that BlueZ may take for its first answer.
ANSWER = 15
# Time limits in seconds: for anything, for listening to a channel, and for repeating an open frame.
PATIENCE, LISTEN, OPENING = 40, 15, 5
SDU = 8_192


class Seen:
    """What came of a channel."""

    def __init__(self):
        self.begun = time.monotonic()
        self.answers = []
        self.is_open = True
        # When it ended, with or without a last packet.
        self.ended = None

    def hear(self, packet):
        self.answers.append(bytes(packet))
        if packet[:1] == b"\x04":
            self.end()

    def close(self, *_):
        self.is_open = False
        self.end()

    def end(self):
        if self.ended is None:
            self.ended = time.monotonic() - self.begun


class Stranger:
    def __init__(self, device):
        self.device = device
        # Why connections failed in the present case.
        self.again = []

    async def find(self):
        """The address that announces the service, and what it announces."""
        found = asyncio.get_running_loop().create_future()
        service = bytes.fromhex(SERVICE.replace("-", ""))[::-1]

        def heard(advertisement):
            data = advertisement.data.get_all(AdvertisingData.SERVICE_DATA_128_BIT_UUID, raw=True)
            if any(bytes(part).startswith(service) for part in data) and not found.done():
                found.set_result(advertisement)

        self.device.on("advertisement", heard)
        try:
            # These controllers report an advertisement only when they start to scan.
            while not found.done():
                await self.device.start_scanning(active=True)
                await asyncio.wait([found], timeout=2)
                await self.device.stop_scanning()
        finally:
            self.device.remove_listener("advertisement", heard)
        advertisement = found.result()
        parts = [[kind, bytes(value).hex()] for kind, value in advertisement.data.ad_structures]
        return advertisement.address, parts

    async def connect(self):
        for attempt in reversed(range(ATTEMPTS)):
            await asyncio.sleep(LETS_GO)
            address, parts = await asyncio.wait_for(self.find(), PATIENCE)
            try:
                connection = await asyncio.wait_for(self.device.connect(address), PATIENCE)
            except ConnectionError:
                # It was just about to stop its advertisement.
                if attempt == 0:
                    raise
                continue
            try:
                return connection, await asyncio.wait_for(self.discover(connection), ANSWER), parts
            except (BaseBumbleError, asyncio.TimeoutError) as error:
                if attempt == 0:
                    raise
                self.again.append(repr(error))
                if connection in self.device.connections.values():
                    await connection.disconnect()

    async def discover(self, connection):
        peer = Peer(connection)
        await peer.request_mtu(517)
        await peer.discover_services()
        await peer.discover_characteristics()
        return peer

    async def look(self):
        connection, peer, parts = await self.connect()
        table = []
        for service in peer.services:
            for characteristic in service.characteristics:
                value = None
                if characteristic.properties & Characteristic.Properties.READ:
                    try:
                        value = bytes(await characteristic.read_value()).hex()
                    except Exception as error:  # refused
                        value = str(error)
                table.append([str(service.uuid), str(characteristic.uuid), value])
        await connection.disconnect()
        return {"advertisement": parts, "table": table}

    async def channel(self, kind, packets):
        connection, peer, _ = await self.connect()

        def by_kind(uuid):
            return peer.get_characteristics_by_uuid(UUID(uuid))[0]

        seen = Seen()
        connection.on("disconnection", seen.close)
        psm = struct.unpack(">H", await by_kind(CHANNEL).read_value())[0]
        if kind == "l2cap":
            spec = LeCreditBasedChannelSpec(psm=psm, mtu=SDU, mps=240, max_credits=200)
            channel = await connection.create_l2cap_channel(spec)
            channel.sink = seen.hear
            channel.on("close", seen.close)

            async def send(packet):
                channel.write(packet)
                # `drain` would wait for ever for a channel that is closed meanwhile.
                until = time.monotonic() + PATIENCE
                while seen.is_open and not channel.drained.is_set() and time.monotonic() < until:
                    await asyncio.sleep(0.002)

        else:
            write = by_kind(WRITE)
            await by_kind(NOTIFY).subscribe(seen.hear)

            async def send(packet):
                await write.write_value(packet, with_response=False)

        tag = os.urandom(4)
        seen.begun = time.monotonic()
        for packet in packets:
            if not seen.is_open:
                break
            if packet == "cut":
                await connection.disconnect()
            elif packet.startswith("wait="):
                await asyncio.sleep(float(packet.removeprefix("wait=")))
            elif packet == "open":
                # Repeats the opening as a dialler does until it gets an answer: a value may come before its reader.
                said_until = time.monotonic() + OPENING
                while True:
                    await send(b"\x01" + tag + b"\x01")
                    if seen.answers or not seen.is_open or time.monotonic() > said_until:
                        break
                    await asyncio.sleep(0.5)
            elif packet.startswith("flood="):
                for n in range(int(packet.removeprefix("flood="))):
                    if not seen.is_open:
                        break
                    await send(b"\x03" + tag + struct.pack(">HH", n % 65536, 64) + bytes(400))
                    await asyncio.sleep(0)
            else:
                await send(bytes.fromhex(packet.replace("~", tag.hex())))
        while seen.is_open and time.monotonic() < seen.begun + LISTEN:
            await asyncio.sleep(0.05)
        ended = seen.ended
        if connection in self.device.connections.values():
            await connection.disconnect()
        mine = tag.hex()
        answers = [answer.hex().replace(mine, "~", 1) for answer in seen.answers]
        return {"answers": answers, "ended": ended}


async def main():
    transport = await open_transport(sys.argv[1])
    address = Address("F0:F1:F2:F3:F4:F5")
    device = Device.with_hci("stranger", address, transport.source, transport.sink)
    await device.power_on()
    stranger = Stranger(device)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := (await lines.readline()).decode().split():
        stranger.again = []
        if line[0] == "look":
            told = await stranger.look()
        else:
            told = await stranger.channel(line[0], line[1].split(",") if len(line) > 1 else [])
        print(json.dumps({**told, "again": stranger.again}), flush=True)


asyncio.run(main())
