// Nothing that somebody typed is lost, and nothing fails without a word: a form leaves the page only when it would be
// taken, and what went wrong stands in one place until something works again.

const WHY = { 0: "offline", 401: "signed_out", 403: "not_allowed", 404: "gone", 413: "too_large", 429: "too_many" };
const trouble = document.getElementById("trouble");

function say(why) {
  if (trouble.dataset.why === why) return;
  trouble.dataset.why = why;
  trouble.replaceChildren(document.querySelector(`template[data-trouble="${why}"]`).content.cloneNode(true));
}

function hush() {
  delete trouble.dataset.why;
  trouble.replaceChildren();
}

const because = (status) => WHY[status] ?? "error";
const token = () => document.querySelector("input[name=csrf]").value;

// Whether this browser is still signed in as who opened the page. If so the page's forms get the token that holds now;
// otherwise the answer is what is wrong.
async function renew() {
  try {
    const answer = await fetch("/admin/session", { cache: "no-store", signal: AbortSignal.timeout(20_000) });
    if (!answer.ok) return because(answer.status);
    const { account, csrf } = await answer.json();
    if (account !== document.body.dataset.account) return "other_account";
    for (const field of document.querySelectorAll("input[name=csrf]")) field.value = csrf;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRF-Token": csrf }));
    return "";
  } catch (error) {
    return error instanceof SyntaxError ? "error" : "offline";
  }
}

// What a form saves while somebody types is answered before the form itself is sent.
async function settled(form) {
  while (form.classList.contains("htmx-request")) {
    await new Promise((done) => form.addEventListener("htmx:afterRequest", done, { once: true }));
  }
}

const asked = new WeakSet();
let cleared = null;

document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (event.defaultPrevented || form.getAttribute("method") !== "post" || form === cleared) return;
  event.preventDefault();
  if (asked.has(form)) return;
  asked.add(form);
  await settled(form);
  const why = await renew();
  asked.delete(form);
  if (why) return say(why);
  hush();
  cleared = form;
  form.requestSubmit(submitter);
  cleared = null;
});

// The same for what htmx sends.
document.addEventListener("htmx:afterRequest", (event) => event.detail.successful && hush());
document.addEventListener("htmx:sendError", () => say("offline"));
document.addEventListener("htmx:timeout", () => say("offline"));
document.addEventListener("htmx:responseError", async (event) => {
  const { elt, requestConfig, xhr } = event.detail;
  if (xhr.status !== 403) return say(because(xhr.status));
  const before = token();
  const why = await renew();
  if (why || token() === before || !requestConfig.triggeringEvent) return say(why || "not_allowed");
  htmx.trigger(elt, requestConfig.triggeringEvent.type); // the page was older than the session
});

// A file that is too large is named before it is sent.
document.addEventListener("change", (event) => {
  const most = Number(event.target.dataset.most);
  if (!most) return;
  const large = [...event.target.files].some((file) => file.size > most);
  event.target.setCustomValidity(large ? event.target.dataset.tooLarge : "");
  event.target.reportValidity();
});
