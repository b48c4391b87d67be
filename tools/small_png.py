"""Pictures with a palette, a third of the size: the browser that took them counts their colours and maps them."""

from __future__ import annotations

import base64
import struct
import zlib

from playwright.async_api import Browser

_COLOURS = 128
_APART = 50  # squared, so some four steps in each of red, green and blue
_MAP = """async ([png, most, APART]) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d", { willReadFrequently: true });
  canvas.drawImage(image, 0, 0);
  const pixels = new Uint32Array(canvas.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const one of pixels) counts.set(one, (counts.get(one) ?? 0) + 1);
  const parts = (colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
  const far = (one, other) => one.reduce((sum, part, at) => sum + (part - other[at]) ** 2, 0);
  // A thin red edge counts for more than one more grey of some letters: none beside a colour that is there already.
  const common = [...counts].sort((one, other) => other[1] - one[1]).map(([colour]) => colour);
  const palette = [];
  for (const colour of common) {
    if (palette.length === most) break;
    if (palette.every((other) => far(parts(colour), parts(other)) > APART)) palette.push(colour);
  }
  const known = palette.map(parts);
  const places = new Map(palette.map((colour, at) => [colour, at]));
  const nearest = (colour) => {
    const mine = parts(colour);
    let best = 0;
    for (let at = 1; at < known.length; at += 1) if (far(mine, known[at]) < far(mine, known[best])) best = at;
    places.set(colour, best);
    return best;
  };
  const mapped = Uint8Array.from(pixels, (colour) => places.get(colour) ?? nearest(colour));
  let text = "";
  for (let at = 0; at < mapped.length; at += 30000) text += String.fromCharCode(...mapped.subarray(at, at + 30000));
  return [image.width, image.height, known, btoa(text)];
}"""


async def small(browser: Browser, png: bytes, *, colours: int = _COLOURS) -> bytes:
    """The same picture in its commonest colours, 256 at most; every other one becomes the nearest of these."""
    page = await browser.new_page()
    width, height, palette, mapped = await page.evaluate(_MAP, [base64.b64encode(png).decode(), colours, _APART])
    await page.close()
    return _written(width, height, palette, base64.b64decode(mapped))


def _written(width: int, height: int, palette: list[list[int]], pixels: bytes) -> bytes:
    rows = b"".join(b"\0" + pixels[at : at + width] for at in range(0, width * height, width))
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + _chunk(b"PLTE", bytes(part for colour in palette for part in colour))
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
