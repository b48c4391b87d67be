// The page inside the frame: joins the line (talk.js), the drawing (view.js) and the page that embeds us.

import { Mail } from "./mail.js";
import { Storage } from "./storage.js";
import { Talk } from "./talk.js";
import { View } from "./view.js";

const { chat, title, accent, words: listed } = document.body.dataset;
const words = JSON.parse(listed);
const locale = document.documentElement.lang;
const embedded = window.parent !== window;
let keeper = ""; // The origin of the page around us: what is to be kept goes to no other.

const tell = (message) => embedded && window.parent.postMessage({ afterword: 1, ...message }, "*");

const storage = new Storage(chat, (kept) => keeper && window.parent.postMessage({ afterword: 1, type: "keep", kept }, keeper));
const talk = new Talk(storage, locale);
const view = new View(words, locale);
const mail = new Mail(words, (address) => talk.mail(address), (said) => view.toast(said));

const composer = document.querySelector("#composer");
const text = document.querySelector("#text");
const close = document.querySelector("#close");
const state = document.querySelector("#state");

let shown = false;
let started = false;
let lost = 0;

// ---------------------------------------------------------------- the page around us

function heard(message, from) {
  if (message.type === "start") {
    keeper = from;
    storage.take(message.kept);
    begin(message.identity, message.inside);
  } else if (message.type === "shown") show(message.shown, message.focus);
}

function begin(identity, inside) {
  if (started) return;
  started = true;
  close.hidden = !embedded || inside;
  talk.identify(typeof identity === "string" ? identity : "");
  put(talk.outbox.map(waiting));
  // Nobody becomes a visitor by merely loading the page.
  if (identity || talk.known) talk.start();
}

function show(wanted, focus) {
  shown = wanted;
  if (!shown) return;
  talk.start();
  view.toEnd();
  seen();
  if (focus) (matchMedia("(pointer: fine)").matches ? text : close).focus();
}

function seen() {
  const all = view.theirs();
  const read = storage.get("seen", "");
  if (shown && !document.hidden) {
    storage.set({ seen: all.map((entry) => entry.changed).reduce((one, other) => (one > other ? one : other), read) });
    tell({ type: "unread", count: 0 });
  } else tell({ type: "unread", count: all.filter((entry) => entry.changed > read).length });
}

addEventListener("message", (event) => {
  if (event.source === window.parent && event.data?.afterword) heard(event.data, event.origin);
});
document.addEventListener("visibilitychange", seen);
close.addEventListener("click", () => tell({ type: "close" }));
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !mail.close() && !close.hidden) tell({ type: "close" });
});

// ---------------------------------------------------------------- the line

const waiting = (said) => ({
  id: said.id,
  at: said.at,
  from: "you",
  plain: said.text,
  state: said.failed ? "failed" : "sending",
  version: said.failed ? "0-failed" : "0",
});

const put = (entries) => {
  const changed = view.show(entries);
  mail.offer(!view.empty);
  return changed;
};

talk.addEventListener("entries", ({ detail }) => put(detail) && seen());
talk.addEventListener("note", ({ detail }) => view.toast(detail.text, detail.alarming));
talk.addEventListener("typing", ({ detail }) => view.typing(detail.typing));
talk.addEventListener("sent", ({ detail }) => view.mark(detail.id, "sent"));
talk.addEventListener("failed", ({ detail }) => view.mark(detail.id, "failed"));
talk.addEventListener("forget", () => {
  view.clear();
  mail.offer(false);
});
talk.addEventListener("line", ({ detail }) => {
  if (!detail.up) view.typing(false);
  clearTimeout(lost);
  if (detail.up) {
    if (!state.hidden) view.toast(words.online);
    state.hidden = true;
  } else {
    // A short break is nobody's business.
    lost = setTimeout(() => {
      state.textContent = words.offline;
      state.hidden = false;
    }, 1500);
  }
});

view.addEventListener("again", ({ detail }) => {
  view.mark(detail, "sending");
  talk.again(detail);
});
view.addEventListener("tap", async ({ detail }) => {
  try {
    await talk.tap(detail.action, detail.receipt);
  } catch {
    view.toast(words.error, true);
  } finally {
    detail.done();
  }
});

// ---------------------------------------------------------------- writing

const LONGEST = 4000;

const fit = () => {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 140)}px`;
  document.querySelector("#send").disabled = !text.value.trim();
};

text.addEventListener("input", fit);
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});
composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = text.value.trim();
  if (!wanted) {
    text.value = ""; // Blanks alone would hide what the field is for.
    fit();
    return;
  }
  // Not cut off in silence: what is too long stays in the field, and its writer is told.
  if ([...wanted].length > LONGEST) {
    view.toast(words.too_long.replace("{limit}", LONGEST.toLocaleString(document.documentElement.lang)), true);
    return;
  }
  put([waiting(talk.text(wanted))]);
  text.value = "";
  fit();
  text.focus();
});

// ---------------------------------------------------------------- hello

const ink = getComputedStyle(document.documentElement).getPropertyValue("--accent-ink").trim() || "#ffffff";
if (embedded) tell({ type: "hello", title, accent, ink, open: words.open, close: words.close });
// Opened by itself, or in a frame that somebody made by hand: nobody will answer the hello.
setTimeout(() => started || (begin("", true), show(true)), embedded ? 3000 : 0);
