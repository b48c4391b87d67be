// Niceties only: the page does all it does without this file.
(() => {
  const comment = document.getElementById("comment");
  const counter = document.getElementById("counter");
  if (comment) {
    const { guide, limit, words } = counter.dataset;
    const written = (number) => Number(number).toLocaleString("en");
    const count = () => {
      const letters = [...comment.value.normalize("NFC").trim()].length;
      const fits = letters > guide ? limit : guide;
      const said = words.replace("{count}", written(letters)).replace("{limit}", written(fits));
      counter.textContent = letters > guide * 0.6 ? said : "";
      counter.classList.toggle("over", letters > limit);
    };
    comment.addEventListener("input", count);
    restore();
    count();
  }
  // What is wrong is looked at, also where the page opens at its top.
  const wrong = document.querySelector("[aria-invalid], [autofocus]");
  if (wrong) {
    wrong.focus({ preventScroll: true });
    (document.getElementById("problem") ?? wrong).scrollIntoView({ block: "center" });
  }
  // Another language is another page: what was filled in goes along, in this window and only there.
  for (const link of document.querySelectorAll(".languages a")) link.addEventListener("click", keep);

  function fields() {
    return [...document.querySelectorAll("form [name]:not([type=hidden])")];
  }

  function keep() {
    const filled = fields().filter((one) => one.type === "textarea" || one.checked);
    try {
      sessionStorage.setItem(location.pathname, JSON.stringify(filled.map((one) => [one.name, one.value])));
    } catch {
      // Then only the score goes along, where the link carries it.
    }
  }

  function restore() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(location.pathname));
      sessionStorage.removeItem(location.pathname);
      if (!Array.isArray(kept)) return;
      for (const one of fields()) {
        const values = kept.filter(([name]) => name === one.name).map(([, value]) => value);
        if (one.type === "textarea") one.value = values[0] ?? one.value;
        else one.checked = values.includes(one.value);
      }
    } catch {
      // Nothing was kept.
    }
  }
  // A second press while the first is on its way does nothing.
  for (const form of document.forms) {
    form.addEventListener("submit", (event) => {
      const button = form.querySelector(".send");
      if (button.hasAttribute("aria-disabled")) event.preventDefault();
      button.setAttribute("aria-disabled", "true");
    });
  }
  // A page that comes back from the browser's memory can be sent again.
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll(".send")) button.removeAttribute("aria-disabled");
  });
})();
