// The inbox and a ticket's page stay current by themselves. Whatever somebody is at (an open form, a focused button) is
// left as it is, and stands where it stood.

const IDLE = 60 * 60 * 1000; // an unattended screen asks no more, and its session may end
let touched = Date.now();
for (const event of ["pointerdown", "keydown"]) addEventListener(event, () => (touched = Date.now()), true);

const isTyped = (part) => [...part.querySelectorAll("textarea")].some((one) => one.value.trim() !== "");
const isBusy = (item) => item.querySelector("details[open]") || item.contains(document.activeElement) || isTyped(item);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id !== "live") return;
  if (document.hidden || Date.now() - touched > IDLE) event.preventDefault();
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.id !== "live" || !event.detail.successful) return;
  const fresh = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  if (document.getElementById("items")) refreshInbox(fresh);
  else inPlace(() => document.querySelectorAll("[data-live]").forEach((part) => keepUp(part, fresh.getElementById(part.id))));
});

function refreshInbox(fresh) {
  recount(document.getElementById("views"), fresh.getElementById("views"));
  merge(document.getElementById("items"), fresh.getElementById("items"));
  const nobodys = document.getElementById("nobodys");
  if (!nobodys.contains(document.activeElement)) nobodys.replaceChildren(...fresh.getElementById("nobodys").childNodes);
  document.getElementById("nothing").hidden = !!document.querySelector("#items > li");
}

// How much waits in each view; the links stay, and with them the one at which somebody stands.
function recount(views, fresh) {
  const now = new Map([...(fresh?.children ?? [])].map((one) => [one.getAttribute("href"), one.textContent]));
  for (const view of views.children) view.textContent = now.get(view.getAttribute("href")) ?? view.textContent;
}

// What somebody writes in or looks at keeps its place on the screen, whatever grows above it.
function inPlace(change) {
  const held = document.querySelector(".doing details[open]") ?? lookedAt();
  const before = held?.getBoundingClientRect().top;
  change();
  if (held?.isConnected) scrollBy(0, held.getBoundingClientRect().top - before);
}

const lookedAt = () => document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest("[data-live]");

// One part of a ticket's page, beside how it is now; null when the page is another one (somebody is signed out).
function keepUp(part, fresh) {
  if (!fresh || part.innerHTML === fresh.innerHTML) return;
  const list = part.querySelector("ol.talk, ol.items");
  const now = fresh.querySelector("ol.talk, ol.items");
  if (part.id === "live-talk") announce(part, fresh);
  if (isAt(part)) {
    if (part.id === "live-acts") offer(part.querySelector(".doing"), fresh.querySelector(".doing"));
    else if (list?.matches(".items")) mergeAlerts(part, list, now);
    else if (list?.matches(".talk")) append(list, now);
    return;
  }
  const open = [...part.querySelectorAll("details")].reverse().map((one) => one.open);
  part.replaceChildren(...document.importNode(fresh, true).childNodes);
  [...part.querySelectorAll("details")].reverse().forEach((one, n) => (one.open = open[n] ?? one.open));
  htmx.process(part);
}

// Whether somebody writes there, stands there, or has marked words there.
function isAt(part) {
  const marked = getSelection();
  return (
    part.contains(document.activeElement) ||
    part.querySelector(".doing details[open]") !== null ||
    isTyped(part) ||
    (!marked.isCollapsed && marked.rangeCount > 0 && marked.getRangeAt(0).intersectsNode(part))
  );
}

function mergeAlerts(part, list, now) {
  const { changed, now: how, rated, gone } = part.dataset;
  Object.assign(list.dataset, { changed, now: how, rated, gone });
  merge(list, now ?? document.createElement("ol"));
}

function append(list, now) {
  for (const line of now?.children ?? []) {
    if (!document.getElementById(line.id)) list.append(document.importNode(line, true));
  }
}

function announce(part, fresh) {
  const isNew = [...fresh.querySelectorAll("ol.talk > li")].some((line) => !document.getElementById(line.id));
  if (isNew) document.getElementById("news").textContent = part.dataset.new;
}

function merge(list, fresh) {
  const kept = new Map([...list.children].filter(isBusy).map((item) => [item.id, item]));
  for (const item of [...list.children]) if (!kept.has(item.id)) item.remove();
  let last = null;
  for (const item of [...fresh.children]) {
    const busy = kept.get(item.id);
    if (busy) {
      refresh(busy, item, news(busy, item, list.dataset));
      kept.delete(item.id);
      last = busy;
    } else {
      const arrived = document.importNode(item, true);
      list.insertBefore(arrived, last ? last.nextSibling : list.firstChild);
      htmx.process(arrived);
      last = arrived;
    }
  }
  for (const item of kept.values()) tell(item, list.dataset.gone);
}

// What happened meanwhile: how it stands now, or that the customer thinks otherwise.
function news(item, fresh, words) {
  if (item.dataset.state !== fresh.dataset.state) return words.now.replace("…", fresh.dataset.state);
  return item.dataset.rating === fresh.dataset.rating ? words.changed : words.rated;
}

// What stands above the form is brought up to date; the form is not touched.
function refresh(item, fresh, words) {
  const head = item.querySelector(".head");
  if (!head.contains(document.activeElement)) head.replaceWith(document.importNode(fresh.querySelector(".head"), true));
  if (item.dataset.version === fresh.dataset.version) return;
  for (const what of ["version", "state", "rating"]) item.dataset[what] = fresh.dataset[what];
  offer(item.querySelector(".doing"), fresh.querySelector(".doing"));
  tell(item, words);
}

// What cannot be done any more goes, what can be done now comes; the form that somebody is at stays where it is.
function offer(doing, fresh) {
  if (!doing) return;
  const verb = (act) => (act.matches("form") ? act : act.querySelector("form")).getAttribute("action");
  const now = new Map([...(fresh?.children ?? [])].map((act) => [verb(act), act]));
  for (const act of [...doing.children]) {
    const busy = act.open || act.contains(document.activeElement) || isTyped(act);
    if (!now.delete(verb(act)) && !busy) act.remove();
  }
  for (const act of now.values()) {
    const arrived = document.importNode(act, true);
    doing.append(arrived);
    htmx.process(arrived);
  }
}

function tell(item, words) {
  let news = item.querySelector(".news");
  if (!news) {
    news = document.createElement("p");
    news.className = "news";
    news.setAttribute("role", "status");
    item.querySelector(".head").after(news);
  }
  news.textContent = words;
}

// Who closes a form by Escape stands at its button again.
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && event.target.closest(".doing details[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

// A form that opens is written into at once.
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches(".doing details[open]")) event.target.querySelector("textarea, select")?.focus();
  },
  true,
);
