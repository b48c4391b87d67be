// The template editor: numbers beside the lines, marks at the wrong ones, placeholders at the cursor.

const sheet = document.getElementById("f-body");
const lines = document.getElementById("lines");
let last = sheet;

function wrongLines() {
  const told = document.querySelector("[data-wrong-lines]")?.dataset.wrongLines ?? "";
  return new Set(told.split(",").filter(Boolean).map(Number));
}

function draw() {
  const wrong = wrongLines();
  lines.replaceChildren(
    ...sheet.value.split("\n").map((text, at) => {
      const line = document.createElement("div");
      line.textContent = text || " ";
      line.classList.toggle("bad", wrong.has(at + 1));
      return line;
    }),
  );
  sheet.toggleAttribute("aria-invalid", false);
  if (wrong.size) sheet.setAttribute("aria-invalid", "true");
}

// What was said about words that were typed before these, where nothing could be said about these.
function takeBack(event) {
  if (event.detail.elt.id !== "write") return;
  const words = document.createElement("p");
  words.className = "problem";
  words.textContent = document.getElementById("checked").dataset.unkept;
  document.querySelector("#verdict .verdict")?.replaceChildren(words);
}

// The channels that are not set up stay unfolded while somebody types.
let unfolded = false;
document.addEventListener("toggle", (event) => event.target.matches(".elsewhere") && (unfolded = event.target.open), true);

if (sheet) {
  draw();
  sheet.addEventListener("input", draw);
  document.addEventListener("htmx:afterSwap", () => {
    draw();
    if (unfolded) document.querySelector(".elsewhere")?.setAttribute("open", "");
    const seen = document.querySelector("[data-seen]")?.dataset.seen;
    if (seen) for (const field of document.querySelectorAll("input[name=seen]")) field.value = seen;
    const [ticket, none] = ["f-ticket", "p-ticket"].map((id) => document.getElementById(id));
    ticket?.toggleAttribute("aria-invalid", false);
    if (none?.textContent) ticket.setAttribute("aria-invalid", "true");
  });
  for (const failed of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(failed, takeBack);
  for (const field of document.querySelectorAll("#f-subject, #f-preheader, #f-body")) field.addEventListener("focus", () => (last = field));
}

document.addEventListener("click", (event) => {
  const insert = event.target.closest("[data-insert]");
  if (insert && !sheet.readOnly) {
    const before = insert.dataset.insert;
    const after = insert.dataset.insertAfter ?? "";
    const chosen = last.value.slice(last.selectionStart, last.selectionEnd);
    const text = last === sheet ? before + chosen + after : (before + chosen + after).replaceAll("\n", " ");
    last.focus();
    if (document.execCommand("insertText", false, text)) return; // as if it were typed: Ctrl+Z takes it back
    last.setRangeText(text, last.selectionStart, last.selectionEnd, "end");
    last.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const jump = event.target.closest("[data-line]");
  if (jump) {
    event.preventDefault();
    const before = sheet.value.split("\n").slice(0, Number(jump.dataset.line) - 1).join("\n");
    const at = before.length + (before ? 1 : 0);
    sheet.focus();
    sheet.setSelectionRange(at, at + sheet.value.slice(at).split("\n")[0].length);
  }
});
