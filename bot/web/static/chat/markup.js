// Our little HTML (b, i, code, a, br) as DOM nodes. Nothing is ever handed to the browser's own HTML parser: what is
// not one of these tags is shown as the text it is.

const TOKEN = /<(\/?)(b|strong|i|em|code|a|br)((?:\s+[a-z]+="[^"<>]*")*)\s*\/?>|&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/gi;
const HREF = /\bhref="([^"]*)"/i;
const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** @returns {DocumentFragment} */
export function draw(html) {
  const top = document.createDocumentFragment();
  const open = [top];
  let at = 0;
  for (const found of html.matchAll(TOKEN)) {
    open.at(-1).append(html.slice(at, found.index));
    at = found.index + found[0].length;
    if (found[2]) tag(open, found[2].toLowerCase(), Boolean(found[1]), found[3]);
    else open.at(-1).append(entity(found[0]));
  }
  open.at(-1).append(html.slice(at));
  top.normalize();
  return top;
}

/** The address if a link may lead there, else "". */
export function safe(address) {
  try {
    const url = new URL(address);
    return ["https:", "http:", "mailto:"].includes(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}

/** Makes a link that tells its target nothing about where it was pressed. */
export function link(address) {
  const made = document.createElement("a");
  made.href = address;
  made.target = "_blank";
  made.rel = "noopener noreferrer nofollow";
  return made;
}

function tag(open, name, closes, attributes) {
  if (name === "br") {
    open.at(-1).append(document.createElement("br"));
  } else if (closes) {
    const depth = open.findLastIndex((node) => node.tag === name);
    if (depth > 0) open.length = depth;
  } else {
    const node = element(name, attributes);
    node.tag = name;
    open.at(-1).append(node);
    open.push(node);
  }
}

function element(name, attributes) {
  if (name !== "a") return document.createElement(name);
  const address = safe((HREF.exec(attributes)?.[1] ?? "").replace(TOKEN, entity));
  return address ? link(address) : document.createElement("span");
}

function entity(text) {
  const [, , , , decimal, hex, named] = new RegExp(TOKEN.source, "i").exec(text);
  if (named) return NAMED[named.toLowerCase()];
  const point = decimal ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16);
  const good = point > 31 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
  return good ? String.fromCodePoint(point) : "\ufffd";
}
