// Small comforts of the admin's browser; every page does its work without them.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  const before = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => (button.textContent = before), 2000);
});

// A menu closes when one looks elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.who[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.who[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A table that goes on beyond its edge says so.
function edges(box) {
  const left = box.scrollWidth - box.clientWidth - box.scrollLeft;
  box.classList.toggle("more-right", left > 1);
  box.classList.toggle("more-left", box.scrollLeft > 1);
}
const boxes = () => document.querySelectorAll(".scroll").forEach(edges);
document.addEventListener("scroll", (event) => event.target.classList?.contains("scroll") && edges(event.target), true);
document.addEventListener("toggle", boxes, true);
document.addEventListener("htmx:afterSettle", boxes);
addEventListener("resize", boxes);
addEventListener("DOMContentLoaded", boxes);

// On a phone the sections are a row to push along, and a low screen has no room for all: the one that is open is in sight.
addEventListener("DOMContentLoaded", () => {
  const current = document.querySelector(".sections [aria-current]");
  if (!current) return;
  const sections = current.closest(".sections");
  const [row, one] = [sections, current].map((element) => element.getBoundingClientRect());
  sections.scrollLeft += one.left - row.left - (row.width - one.width) / 2;
  sections.scrollTop += Math.max(0, one.bottom + one.height - row.bottom);
});

// What went wrong stands where one is then.
addEventListener("DOMContentLoaded", () => document.querySelector("[aria-invalid=true]")?.focus());

// What is wrong is listed above a form: each line leads to the field that says it.
document.addEventListener("click", (event) => {
  const id = event.target.closest?.('a[href^="#p-"]')?.hash.slice(1);
  const field = id && document.querySelector(`[aria-describedby~="${CSS.escape(id)}"]`);
  if (!field) return;
  event.preventDefault();
  (field.matches("fieldset, div") ? field.querySelector("input, select") ?? field : field).focus();
});

// An answer that says what is wrong (422), or that somebody was faster (409), is shown like any other. Of forms with one
// name only one is open: those that go make room for what comes.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (![409, 422].includes(event.detail.xhr.status)) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
  for (const old of event.detail.target.querySelectorAll("details[name]")) old.removeAttribute("name");
});
document.addEventListener("htmx:load", (event) => event.target.querySelector?.("[aria-invalid=true]")?.focus());

// What a choice needs is open as soon as it is made: data-opens-with="name=value".
document.addEventListener("change", ({ target }) => {
  for (const fold of target.form?.querySelectorAll("details[data-opens-with]") ?? [])
    if (fold.dataset.opensWith === `${target.name}=${target.value}`) fold.open = true;
});
