// What somebody typed is not left behind silently. A form with data-guard is asked about; one that the server drew with
// data-unsaved holds what was never saved from the start: rows were added, or something in it was wrong.

const guarded = (element) => element.closest?.("form[data-guard]");
let unsaved = false;

addEventListener("DOMContentLoaded", () => (unsaved = Boolean(document.querySelector("form[data-unsaved]"))));
for (const kind of ["input", "change"]) document.addEventListener(kind, (event) => guarded(event.target) && (unsaved = true));
document.addEventListener("htmx:beforeRequest", (event) => event.target.matches("button") && guarded(event.target) && (unsaved = true));
document.addEventListener("submit", (event) => (unsaved &&= event.defaultPrevented));
addEventListener("beforeunload", (event) => unsaved && event.preventDefault());
