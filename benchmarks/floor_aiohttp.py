"""Floor B: the same without aiogram, by aiohttp alone; and an API that commits twice for each event.

`python -m benchmarks.floor_aiohttp PORT API_PORT FOLDER`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from benchmarks import floor_store
from benchmarks.floor_store import FloorStore


class Floor:
    def __init__(self, store: FloorStore, client: aiohttp.ClientSession, api_port: int) -> None:
        self._store = store
        self._client = client
        self._api = f"http://127.0.0.1:{api_port}/bot4242:bench-AAbbCCddEEffGGhhIIjjKK"
        self._under_way: set[asyncio.Task[None]] = set()

    async def hook(self, request: web.Request) -> web.Response:
        body = await request.read()
        update = floor_store.update(body)
        await self._store.arrived(update["update_id"], body)
        task = asyncio.create_task(self._tapped(update["callback_query"]))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return web.Response()

    async def event(self, request: web.Request) -> web.Response:
        """Two commits: what came, and that it is planned."""
        body = await request.read()
        told = floor_store.update(body)
        number = int(told["ticket"]["ref"].rpartition("-")[2])
        await self._store.arrived(number, body)
        await self._store.scored(f"r:{number}:s:overall:1")
        return web.json_response({"ticket": {"ref": told["ticket"]["ref"]}, "invite": {"id": number}}, status=202)

    async def _tapped(self, query: dict[str, Any]) -> None:
        await self._store.scored(query["data"])
        message = query["message"]
        edit = {
            "chat_id": message["chat"]["id"],
            "message_id": message["message_id"],
            "text": floor_store.TEXT,
            "parse_mode": "HTML",
            "reply_markup": floor_store.keyboard(query["data"]),
        }
        answer = {"callback_query_id": query["id"], "text": floor_store.NOTE}
        await self._call("editMessageText", edit)
        await self._call("answerCallbackQuery", answer)

    async def _call(self, method: str, values: dict[str, Any]) -> None:
        async with self._client.post(f"{self._api}/{method}", data=values) as answer:
            assert (await answer.json())["ok"]


async def main(port: int, api_port: int, folder: Path) -> None:
    client = aiohttp.ClientSession()
    floor = Floor(await floor_store.opened(folder / "floor.db"), client, api_port)
    app = web.Application()
    app.router.add_post("/hooks/support-bot", floor.hook)
    app.router.add_post("/api/v1/events", floor.event)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
