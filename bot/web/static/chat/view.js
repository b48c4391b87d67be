// Draws the conversation. One list item a message, found again by its id: a message that changes is redrawn where it is.

import { draw, link, safe } from "./markup.js";

const NEAR = 80; // pixels from the end
const TOGETHER = 120_000;
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }; // as our messages write it: "today 14:30"
const BLINK = 400;
const UNSEEN = 1000; // What is drawn under a resting finger is not pressed so soon: nobody has read it yet.
const SPOT = 24; // pixels that a resting finger strays

export class View extends EventTarget {
  #words;
  #locale;
  #items = new Map();
  #log = document.querySelector("#log");
  #scroller = document.querySelector("#scroller");
  #greeting = document.querySelector("#greeting");
  #newest = document.querySelector("#newest");
  #toast = document.querySelector("#toast");
  #toasting = 0;
  #typing = document.querySelector("#typing");
  #beginning = 0;
  #drawn = 0; // When anything was drawn last.
  #finger = null; // Where a pointer pressed, and what, as long as it rests there.

  constructor(words, locale) {
    super();
    this.#words = words;
    this.#locale = locale;
    this.#newest.addEventListener("click", () => this.toEnd());
    this.#scroller.addEventListener("scroll", () => this.#isNearEnd() && (this.#newest.hidden = true), { passive: true });
    addEventListener("pointermove", (event) => this.#rests(event) || (this.#finger = null), { passive: true });
    new ResizeObserver(() => this.#stuck && this.toEnd()).observe(this.#scroller);
    this.#scroller.addEventListener("scrollend", () => (this.#stuck = this.#isNearEnd()), { passive: true });
  }

  #stuck = true;

  clear() {
    this.#items.clear();
    this.#log.replaceChildren();
    this.#greeting.hidden = false;
  }

  /** Draws what is new or has changed; answers whether anything has. */
  show(entries) {
    const atEnd = this.#isNearEnd();
    const changed = entries.filter((entry) => this.#put(entry));
    if (changed.length === 0) return false;
    this.#drawn = performance.now();
    this.#greeting.hidden = this.#items.size > 0;
    this.#order();
    const mine = changed.some((entry) => entry.from === "you" && entry.state);
    if (atEnd || mine) this.toEnd();
    else if (changed.some((entry) => entry.from === "team")) this.#newest.hidden = false;
    return true;
  }

  /** How a message of the visitor's fares, until the server shows it itself. */
  mark(id, state) {
    const item = this.#items.get(id);
    if (item?.entry.state) this.#put({ ...item.entry, state, version: `${item.entry.version}-${state}` });
  }

  /** The messages of ours, for the unread mark. */
  theirs() {
    return [...this.#items.values()].map((item) => item.entry).filter((entry) => entry.from === "team");
  }

  toast(text, alarming = false) {
    clearTimeout(this.#toasting);
    this.#toast.textContent = text;
    this.#toast.className = alarming ? "shown alarming" : "shown";
    this.#toasting = setTimeout(() => (this.#toast.className = ""), Math.max(2500, text.length * 60));
  }

  /** An answer is being prepared; said only when that takes longer than a blink. */
  typing(going) {
    clearTimeout(this.#beginning);
    if (going) this.#beginning = setTimeout(() => this.#draft(), BLINK);
    else {
      this.#typing.className = "";
      this.#typing.replaceChildren();
    }
  }

  #draft() {
    if (this.#typing.className) return;
    const atEnd = this.#isNearEnd();
    this.#typing.className = "shown";
    this.#typing.append(...[1, 2, 3].map(() => make("i")), make("span", "", this.#words.typing));
    this.#typing.querySelectorAll("i").forEach((dot) => dot.setAttribute("aria-hidden", "true"));
    if (atEnd) this.toEnd();
  }

  toEnd() {
    this.#newest.hidden = true;
    this.#stuck = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #isNearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  #put(entry) {
    const known = this.#items.get(entry.id);
    if (known && (known.entry.version === entry.version || older(entry, known.entry))) return false;
    const item = document.createElement("li");
    item.className = entry.from;
    item.entry = entry;
    item.append(this.#bubble(entry), this.#foot(entry));
    const focused = known?.contains(document.activeElement) ? position(known) : -1;
    if (known && place(known.entry) === place(entry)) known.replaceWith(item);
    else {
      known?.remove();
      this.#place(item);
    }
    this.#items.set(entry.id, item);
    if (focused >= 0) refocus(item, focused);
    return true;
  }

  #place(item) {
    const here = place(item.entry);
    let before = null;
    for (let other = this.#log.lastElementChild; other; other = other.previousElementSibling) {
      if (!other.entry) continue;
      if (place(other.entry) < here) break;
      before = other;
    }
    this.#log.insertBefore(item, before);
  }

  #bubble(entry) {
    const bubble = make("div", "bubble");
    const words = make("span", "unseen", entry.from === "you" ? `${this.#words.you}${this.#words.colon}` : "");
    const text = make("div", "text");
    text.dir = "auto";
    if (entry.text) text.append(draw(entry.text));
    else text.textContent = entry.plain ?? "";
    bubble.append(words, text);
    if (entry.quote) bubble.append(Object.assign(make("blockquote", "", entry.quote), { dir: "auto" }));
    if (entry.facts) bubble.append(facts(entry.facts));
    if (entry.rows) bubble.append(...entry.rows.map((row) => this.#row(row, entry)));
    if (entry.footer) bubble.append(make("p", "footer", entry.footer));
    return bubble;
  }

  #row(buttons, entry) {
    const row = make("div", "row");
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", (entry.plain ?? "").slice(0, 120));
    if (buttons.length >= 4 && buttons.every((one) => [...one.label].length <= 4)) row.classList.add("scale");
    row.append(...buttons.map((one) => this.#button(one, entry)).filter(Boolean));
    return row;
  }

  #button(one, entry) {
    const address = one.url ? safe(one.url) : "";
    if (one.url && !address) return null;
    const made = address ? link(address) : make("button");
    made.classList.add("choice", one.tone ?? "neutral");
    made.textContent = one.label;
    if (one.hint) {
      made.setAttribute("aria-label", one.hint);
      made.title = one.hint;
    }
    if (address) return made;
    made.type = "button";
    if (one.chosen) made.classList.add("chosen");
    const group = entry.rows.flat().filter((other) => family(other) === family(one)); // They may stand in several rows.
    if (group.some((other) => other.chosen)) made.setAttribute("aria-pressed", String(Boolean(one.chosen)));
    made.addEventListener("click", (event) => this.#isMeant(event, one) && this.#press(made, one, entry));
    return made;
  }

  // A second tap on the same spot was meant for what stood there. The keyboard has no spot: its clicks have no detail.
  #isMeant(event, one) {
    const again = event.detail > 0 && this.#rests(event) && this.#finger.action !== one.action;
    if (again && performance.now() - this.#drawn < UNSEEN) return false;
    this.#finger = event.detail > 0 ? { x: event.clientX, y: event.clientY, action: one.action } : null;
    return true;
  }

  #rests({ clientX, clientY }) {
    return this.#finger !== null && Math.hypot(clientX - this.#finger.x, clientY - this.#finger.y) < SPOT;
  }

  get empty() {
    return this.#items.size === 0;
  }

  #press(button, one, entry) {
    if (button.closest("[aria-busy]")) return;
    const item = button.closest("li");
    item.setAttribute("aria-busy", "true");
    button.classList.add("pressed");
    const done = () => {
      item.removeAttribute("aria-busy");
      button.classList.remove("pressed");
    };
    this.dispatchEvent(new CustomEvent("tap", { detail: { action: one.action, receipt: entry.receipt, done } }));
  }

  #foot(entry) {
    const foot = make("div", "foot");
    if (entry.state === "failed") {
      const again = make("button", "again", this.#words.not_sent);
      again.type = "button";
      again.addEventListener("click", () => this.dispatchEvent(new CustomEvent("again", { detail: entry.id })));
      foot.append(again);
    } else if (entry.state === "sending") foot.append(this.#words.sending);
    else {
      const time = make("time", "", new Date(entry.at).toLocaleTimeString(this.#locale, CLOCK));
      time.dateTime = entry.at;
      foot.append(time);
    }
    return foot;
  }

  // A line for each new day, and one time for what was said in one go.
  #order() {
    this.#log.querySelectorAll(".day").forEach((day) => day.remove());
    const items = [...this.#log.children];
    let before = new Date();
    items.forEach((item, index) => {
      const at = new Date(item.entry.at);
      if (at.toDateString() !== before.toDateString()) {
        const words = at.toLocaleDateString(this.#locale === "en" ? "en-GB" : this.#locale, { weekday: "long", day: "numeric", month: "long" });
        item.before(make("li", "day", words));
      }
      before = at;
      item.classList.toggle("joined", together(item.entry, items[index + 1]?.entry));
    });
  }
}

function together(one, next) {
  return Boolean(next) && !one.state && one.from === next.from && new Date(next.at) - new Date(one.at) < TOGETHER;
}

// What is still on its way stands last, whatever the clock of this machine says.
const place = (entry) => `${entry.state ? 1 : 0} ${entry.at} ${entry.id}`;

// What can be chosen together differs only in the end of what it carries.
const family = (button) => (button.action ?? "").replace(/[^:]*$/, "");

function older(one, other) {
  return one.from === "team" && Number.parseFloat(one.version) < Number.parseFloat(other.version);
}

function make(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function facts(lines) {
  const list = make("dl");
  for (const { label, value } of lines) list.append(make("dt", "", label), Object.assign(make("dd", "", value), { dir: "auto" }));
  return list;
}

// A message that is redrawn under somebody's finger keeps the keyboard where it was.
const targets = (item) => [...item.querySelectorAll("button, a")];
const position = (item) => targets(item).indexOf(document.activeElement);

function refocus(item, at) {
  const all = targets(item);
  if (all.length) all[Math.min(at, all.length - 1)].focus({ preventScroll: true });
  else document.querySelector("#text").focus({ preventScroll: true });
}
