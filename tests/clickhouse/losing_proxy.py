#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A proxy for tests that loses every fifth answer to an INSERT, and cuts every seventh INSERT in the middle.

usage: losing_proxy.py DIRECTORY PORT_OF_SERVER

It listens on a free port of 127.0.0.1 and writes it to the file `port`, and a line to the file `lost` for each lost answer.
"""
import asyncio
import os
import sys

folder, server_port = sys.argv[1], int(sys.argv[2])
inserts = 0


async def serve(from_client, to_client):
    global inserts
    to_server = None
    try:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", server_port)
        loses = False

        async def answers():
            while data := await from_server.read(65536):
                if loses:
                    with open(os.path.join(folder, "lost"), "a", encoding="utf-8") as file:
                        file.write("answer\n")
                    break
                to_client.write(data)
                await to_client.drain()
            to_client.close()

        task = asyncio.create_task(answers())
        while data := await from_client.read(65536):
            if data.startswith(b"POST") and b"query=INSERT" in data[:200]:
                inserts += 1
                loses = inserts % 5 == 0
                if inserts % 7 == 0:
                    to_server.write(data[: len(data) // 2])
                    break
            to_server.write(data)
            await to_server.drain()
        to_server.close()
        await task
    except OSError:
        pass
    finally:
        to_client.close()
        if to_server is not None:
            to_server.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with open(os.path.join(folder, "port.new"), "w", encoding="utf-8") as made:
        made.write(str(server.sockets[0].getsockname()[1]))
    os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
    async with server:
        await server.serve_forever()


asyncio.run(main())
