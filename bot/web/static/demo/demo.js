// The demonstration's page: asks once a second what is new, redraws only that, and passes on what is pressed.

const body = document.body.dataset;
const words = JSON.parse(body.words);
const chat = document.querySelector("#chat");
const dialog = document.querySelector("#dialog");
const person = document.querySelector("#person");
const toast = document.querySelector("#toast");

const PAUSE = 800;
const PAUSE_HIDDEN = 5000;
const PATIENCE = 10_000; // An answer that takes longer is asked for again.

// ---------------------------------------------------------------- talking to the server

function address(path) {
  const query = new URLSearchParams({ lang: body.locale, customer: body.customer, staff: body.staff });
  return `${path}?${query}`;
}

async function post(path, what) {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(address(path), { method: "POST", headers, body: JSON.stringify(what) });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

async function ask(path, what, { quietly = false } = {}) {
  try {
    const answer = await post(path, what);
    if (!quietly && answer.note) say(answer.note, answer.alarming);
    await look();
    return answer;
  } catch {
    say(words.failed, true);
    return {};
  }
}

// ---------------------------------------------------------------- what is new

let mark = "";
let skew = new Date(body.moment) - Date.now();
let lost = 0;
let turn = 0;
let latest = 0; // The turn of what is drawn.

async function look() {
  const mine = (turn += 1);
  const options = { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) };
  const response = await fetch(`${address("/demo/now")}&known=${mark}`, options);
  if (!response.ok) throw new Error(`now answered ${response.status}`);
  const news = await response.json();
  if (news.performance !== body.performance) return location.reload(); // Started anew: other tokens, other tickets.
  if (mine < latest) return; // A later look has been drawn; it knew more. One that was only asked for may never come.
  latest = mine;
  skew = new Date(news.moment) - Date.now();
  tick();
  if (!news.panels) return;
  mark = news.mark;
  for (const [name, html] of Object.entries(news.panels)) redraw(document.querySelector(`[data-panel="${name}"]`), html);
  marks();
}

// Browsers let a page that nobody sees sleep for minutes: whoever comes back to it is told at once.
function pause(milliseconds) {
  return new Promise((resolve) => {
    const rise = () => {
      if (document.hidden) return;
      clearTimeout(timer);
      done();
    };
    const done = () => {
      document.removeEventListener("visibilitychange", rise);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    document.addEventListener("visibilitychange", rise);
  });
}

async function watch() {
  for (;;) {
    await pause(document.hidden ? PAUSE_HIDDEN : PAUSE);
    try {
      await look();
      if (lost > 3) toast.className = "";
      lost = 0;
    } catch {
      lost += 1;
      if (lost === 4 && !document.body.hasAttribute("aria-busy")) say(words.offline, true, true);
    }
  }
}

// ---------------------------------------------------------------- drawing
// Only what differs is replaced, so that focus, open details and animations stay with what has not changed.

const sources = new WeakMap();
const parse = (html) => new DOMParser().parseFromString(html, "text/html").body;

function redraw(panel, html) {
  if (panel && sources.get(panel) !== html) {
    reconcile(panel, parse(html), panel.dataset.drawn === "1");
    sources.set(panel, html);
    panel.dataset.drawn = "1";
    refocus();
  }
}

// What had the keyboard may be redrawn or gone, also behind an open dialog. Then it is found again by its name; and where
// it is no more, what was done is done: the guide says what is next.
let place = null;
document.addEventListener("focusin", ({ target }) => {
  if (!dialog.contains(target)) place = { id: target.dataset.id, panel: target.closest("[data-panel]") };
});
document.addEventListener("pointerdown", ({ target }) => {
  if (!dialog.contains(target)) place = null;
});

function refocus() {
  if (!place?.panel || dialog.open || document.activeElement !== document.body) return;
  const same = place.id && document.querySelector(`[data-id="${CSS.escape(place.id)}"]`);
  const next = [same, document.querySelector(".guide .do"), place.panel.closest("[tabindex]"), document.querySelector(".guide")];
  next.find((one) => one?.checkVisibility())?.focus({ preventScroll: true });
}

function reconcile(old, fresh, animate) {
  const known = new Map([...old.children].map((child) => [child.dataset.key, child]));
  const stays = new Set([...fresh.children].map((child) => child.dataset.key));
  known.forEach((child, key) => stays.has(key) || child.remove()); // First, for whatever is moved loses the keyboard.
  let at = null;
  for (const child of [...fresh.children]) {
    const before = known.get(child.dataset.key);
    const here = before ? keep(before, child, animate) : child;
    if (!before) {
      sources.set(child, child.outerHTML);
      if (animate) child.classList.add("new");
    }
    const there = at ? at.nextElementSibling : old.firstElementChild;
    if (here !== there) old.insertBefore(here, there);
    at = here;
  }
}

function keep(before, child, animate) {
  if ("list" in child.dataset) {
    reconcile(before, child, animate);
    return before;
  }
  const html = child.outerHTML;
  if ((sources.get(before) ?? plain(before)) === html) return before;
  sources.set(child, html);
  const focused = before.contains(document.activeElement) ? document.activeElement.dataset.id : "";
  const typed = before.querySelector("input")?.value;
  const open = before.querySelector("details")?.open;
  before.replaceWith(child);
  if (open) child.querySelector("details").open = true;
  if (typed && child.querySelector("input")) child.querySelector("input").value = typed;
  if (focused) (child.querySelector(`[data-id="${CSS.escape(focused)}"]`) ?? child.querySelector("button"))?.focus({ preventScroll: true });
  if (animate) child.classList.add("changed");
  return child;
}

const plain = (element) => element.outerHTML;

// A mark on the tabs of what cannot be seen on a small screen.
const counts = {};
function marks() {
  for (const [part, selector] of [["agent", "#agent .card"], ["staff", "#staff .post.open"], ["walk", "#walk .walk > li"]]) {
    const now = document.querySelectorAll(selector).length;
    const tab = document.querySelector(`[data-tab="${part}"]`);
    if (part in counts && now > counts[part] && document.body.dataset.part !== part) tab.classList.add("news");
    counts[part] = now;
  }
}

// ---------------------------------------------------------------- the clock

const clock = document.querySelector("#clock");
const day = document.querySelector("#day");
const format = (options) => new Intl.DateTimeFormat(body.locale, { timeZone: body.zone, ...options });
const hours = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const days = format({ weekday: "short", day: "numeric", month: "short" });

function tick() {
  const now = new Date(Date.now() + skew);
  for (const [element, text] of [[clock, hours.format(now)], [day, days.format(now)]]) {
    if (element.textContent !== text) element.textContent = text;
  }
  clock.dateTime = now.toISOString();
}

async function move(what, button) {
  button.setAttribute("aria-busy", "true");
  const moved = await ask("/demo/clock", what, { quietly: true });
  button.removeAttribute("aria-busy");
  if (!moved.moment) return;
  say(words.moved.replace("{time}", clock.textContent));
  // What became due leaves within a moment.
  setTimeout(() => look().catch(() => {}), 250);
}

// ---------------------------------------------------------------- words that pass by

const TYPING = 3000; // The chat shows for twice as long that somebody writes.
let passing = 0;
function say(text, alarming = false, stays = false) {
  clearTimeout(passing);
  toast.textContent = text;
  toast.className = alarming ? "shown alarming" : "shown";
  if (!stays) passing = setTimeout(() => (toast.className = ""), Math.max(3000, text.length * 70));
}

// ---------------------------------------------------------------- forms

function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Shows a form of the product and answers with what was filled in, or null; `written` is called while somebody types. */
function fill(form, written = () => {}) {
  const fields = form.fields.map(drawField);
  const cancel = make("button", { type: "button", textContent: form.cancel });
  const submit = make("button", { type: "submit", className: "main", textContent: form.submit });
  const sheet = make(
    "form",
    { method: "dialog" },
    make("h2", { id: "dialog-title", textContent: form.title }),
    ...(form.intro ? [make("p", { className: "intro", textContent: form.intro })] : []),
    ...fields,
    make("p", { className: "acts" }, cancel, submit),
  );
  let told = 0;
  sheet.addEventListener("input", () => {
    if (Date.now() - told < TYPING) return;
    told = Date.now();
    written();
  });
  return shown(sheet, cancel, () => {
    const values = Object.fromEntries(form.fields.map((field) => [field.name, []]));
    for (const [name, value] of new FormData(sheet)) if (value) values[name].push(value);
    return values;
  });
}

function shown(sheet, cancel, answer) {
  dialog.replaceChildren(sheet);
  dialog.showModal();
  return new Promise((resolve) => {
    let result = null;
    cancel.addEventListener("click", () => dialog.close());
    sheet.addEventListener("submit", () => (result = answer()));
    dialog.addEventListener("close", () => (refocus(), resolve(result)), { once: true });
  });
}

function drawField(field) {
  const box = make("fieldset", {}, make("legend", { textContent: field.label }));
  if (field.kind === "text") {
    const id = `field-${field.name}`;
    const text = make("textarea", { id, name: field.name, rows: 3, maxLength: field.max_length, required: field.required });
    text.value = field.values[0] ?? "";
    const label = make("label", { htmlFor: id, textContent: field.label });
    const group = make("div", { className: "field" }, label, text);
    if (field.hint) group.append(make("small", { textContent: field.hint }));
    return group;
  }
  const type = field.kind === "many" ? "checkbox" : "radio";
  for (const option of field.options) {
    const input = make("input", { type, name: field.name, value: option.value, checked: field.values.includes(option.value) });
    input.required = type === "radio" && field.required;
    box.append(make("label", { className: "option" }, input, make("span", { textContent: option.label })));
  }
  return box;
}

// ---------------------------------------------------------------- what is pressed

async function atDesk(action) {
  const { form } = await ask("/demo/desk", { action }, { quietly: true });
  const values = form && (await fill(form));
  if (values) await ask("/demo/desk", { action, values });
}

async function inInbox({ press: action, target, receipt }) {
  const { form } = await ask("/demo/inbox", { action, target, receipt });
  const typing = () => post("/demo/typing", { action: form.action }).catch(() => {});
  const values = form && (await fill(form, typing));
  if (values) await ask("/demo/inbox", { action: form.action, target, values });
}

async function startOver(button) {
  const { sure, yes, no } = button.dataset;
  const cancel = make("button", { type: "button", textContent: no });
  const submit = make("button", { type: "submit", className: "main", textContent: yes });
  const title = make("h2", { id: "dialog-title", textContent: sure });
  const sheet = make("form", { method: "dialog" }, title, make("p", { className: "acts" }, cancel, submit));
  if (!(await shown(sheet, cancel, () => true))) return;
  say(words.starting, false, true);
  await post("/demo/again", {}).catch(() => {});
  document.body.setAttribute("aria-busy", "true"); // Until a new performance answers, and the page loads it.
}

function show(part) {
  document.body.dataset.part = part;
  for (const tab of document.querySelectorAll("[data-tab]")) {
    tab.setAttribute("aria-pressed", String(tab.dataset.tab === part));
    if (tab.dataset.tab === part) tab.classList.remove("news");
  }
}

/** Brings a part forward and points at the button that is meant, or at what comes first there. */
function lead(part, button) {
  show(part);
  const section = document.querySelector(`#${part}`);
  const first = { agent: ".card .main", staff: ".post.open button, .post button", customer: "iframe" }[part];
  const meant = button && section.querySelector(`[data-id="${CSS.escape(button)}"]`);
  const target = meant || section.querySelector(first) || section.querySelector("[tabindex]");
  section.classList.remove("look");
  requestAnimationFrame(() => section.classList.add("look"));
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest" });
}

function play(customer) {
  body.customer = customer;
  for (const button of document.querySelectorAll("[data-play]")) {
    const mine = button.dataset.play === customer;
    button.setAttribute("aria-pressed", String(mine));
    if (!mine) continue;
    chat.title = chat.dataset.title.replace("{name}", button.firstChild.textContent.trim());
    body.staff = person.value = button.dataset.agent; // Who works this customer's tickets.
  }
  chat.src = `/demo/chat?customer=${customer}`;
  remember();
}

function remember() {
  history.replaceState(null, "", address("/"));
  for (const link of document.querySelectorAll("[data-lang]")) {
    const query = new URLSearchParams({ lang: link.dataset.lang, customer: body.customer, staff: body.staff });
    link.href = `/?${query}`;
  }
  document.querySelector("#admin").href = `/demo/admin?${new URLSearchParams({ lang: body.locale, staff: body.staff })}`;
  look().catch(() => {});
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.hasAttribute("aria-busy")) return;
  const { move: seconds, until, desk, press, show: part, button: meant, tab, play: customer } = button.dataset;
  if (seconds) move({ seconds: Number(seconds) }, button);
  else if (until) move({ until }, button);
  else if (desk) atDesk(desk);
  else if (press) inInbox(button.dataset);
  else if (part) lead(part, meant);
  else if (tab) show(tab);
  else if (customer) play(customer);
  else if (button.id === "again") startOver(button);
});

document.addEventListener("submit", async (event) => {
  const { thread: receipt, target } = event.target.dataset;
  if (!receipt) return;
  event.preventDefault();
  const input = event.target.elements.text;
  const text = input.value.trim();
  if (!text) return;
  input.value = "";
  await ask("/demo/inbox", { text, receipt, target });
});

dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
person.addEventListener("change", () => {
  body.staff = person.value;
  remember();
});

tick();
setInterval(tick, 1000);
remember();
watch();
