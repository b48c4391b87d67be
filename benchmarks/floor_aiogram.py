"""Floor A: a bare aiogram dispatcher behind aiohttp. `python -m benchmarks.floor_aiogram PORT API_PORT FOLDER`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, Update
from aiohttp import web

from benchmarks import floor_store
from benchmarks.floor_store import FloorStore


def dispatcher(store: FloorStore) -> Dispatcher:
    dispatching = Dispatcher()

    @dispatching.callback_query()
    async def tapped(query: CallbackQuery) -> None:
        assert query.data is not None
        assert isinstance(query.message, Message)
        await store.scored(query.data)
        markup = InlineKeyboardMarkup.model_validate({"inline_keyboard": floor_store.buttons(query.data)})
        await query.message.edit_text(floor_store.TEXT, parse_mode="HTML", reply_markup=markup)
        await query.answer(floor_store.NOTE)

    return dispatching


def application(store: FloorStore, bot: Bot) -> web.Application:
    dispatching = dispatcher(store)
    under_way: set[asyncio.Task[object]] = set()

    async def hook(request: web.Request) -> web.Response:
        body = await request.read()
        update = Update.model_validate_json(body, context={"bot": bot})
        await store.arrived(update.update_id, body)
        task: asyncio.Task[object] = asyncio.create_task(dispatching.feed_update(bot, update))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks/support-bot", hook)
    return app


async def main(port: int, api_port: int, folder: Path) -> None:
    session = AiohttpSession(api=TelegramAPIServer.from_base(f"http://127.0.0.1:{api_port}"))
    bot = Bot("4242:bench-AAbbCCddEEffGGhhIIjjKK", session=session)
    store = await floor_store.opened(folder / "floor.db")
    runner = web.AppRunner(application(store, bot), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
