// The template editor: numbers beside the lines, marks at the wrong ones, placeholders at the cursor.

const sheet = document.getElementById("f-body");
const lines = document.getElementById("lines");
let last = sheet;

// What the answer says about the words: its "wrongLines" and "wrongFields".
const told = (what) => (document.querySelector("[data-wrong-lines]")?.dataset[what] ?? "").split(",").filter(Boolean);
const wrongLines = () => new Set(told("wrongLines").map(Number));

// Where a row breaks may depend on the rows before it: the layer holds the same text as one block, as the sheet itself
// does, and the numbers are put where its lines begin.
function draw() {
  const wrong = wrongLines();
  const same = document.createElement("div");
  same.className = "same";
  same.append(
    ...`${sheet.value}\n`.match(/.*\n/g).map((text) => {
      const line = document.createElement("span");
      line.textContent = text;
      return line;
    }),
  );
  lines.replaceChildren(same);
  place();
  for (const [at, mark] of marks().entries()) mark.classList.toggle("bad", wrong.has(at + 1));
  const fields = told("wrongFields");
  for (const name of ["subject", "preheader", "body"]) {
    const field = document.getElementById(`f-${name}`);
    field?.toggleAttribute("aria-invalid", false);
    if (fields.includes(name)) field?.setAttribute("aria-invalid", "true");
  }
}

const marks = () => [...lines.querySelectorAll(".mark")];

function place() {
  const [same] = lines.children;
  const tops = [...same.children].map((line) => line.getClientRects()[0].top);
  const there = marks();
  for (const [at, top] of tops.entries()) {
    const mark = there[at] ?? lines.appendChild(Object.assign(document.createElement("div"), { className: "mark" }));
    mark.style.top = `${same.offsetTop + top - tops[0]}px`;
    mark.style.height = `${(tops[at + 1] ?? tops[0] + same.offsetHeight) - top}px`;
  }
}

// What was said about words that were typed before these, where nothing could be said about these.
function takeBack(event) {
  if (event.detail.elt.id !== "write") return;
  const words = document.createElement("p");
  words.className = "problem";
  words.textContent = document.getElementById("checked").dataset.unkept;
  document.querySelector("#verdict .verdict")?.replaceChildren(words);
}

// The notice on top says what is wrong for as long as it is.
function retell() {
  const notice = document.getElementById("refused");
  const wrong = document.querySelector("#verdict .wrong:has(.grave)");
  if (wrong) notice?.querySelector(".wrong").replaceWith(wrong.cloneNode(true));
  else notice?.remove();
}

function chooseLine(number) {
  const before = sheet.value.split("\n").slice(0, number - 1).join("\n");
  const at = before.length + (before ? 1 : 0);
  sheet.setSelectionRange(at, at + sheet.value.slice(at).split("\n")[0].length);
}

// The channels that are not set up stay unfolded while somebody types.
let unfolded = false;
document.addEventListener("toggle", (event) => event.target.matches(".elsewhere") && (unfolded = event.target.open), true);

if (sheet) {
  draw();
  sheet.addEventListener("input", draw);
  new ResizeObserver(place).observe(lines);
  document.addEventListener("htmx:afterSwap", () => {
    draw();
    retell();
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
    sheet.focus();
    chooseLine(Number(jump.dataset.line));
  }
});

// Words that came back: the cursor is in the wrong line, and the notice in sight.
addEventListener("DOMContentLoaded", () => {
  if (!document.getElementById("refused")) return;
  if (document.activeElement === sheet && wrongLines().size) chooseLine(Math.min(...wrongLines()));
  document.getElementById("refused").scrollIntoView({ block: "nearest" });
});
