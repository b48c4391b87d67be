// Niceties only: the page does all it does without this file.
(() => {
  const comment = document.getElementById("comment");
  if (comment) {
    const guide = Number(comment.dataset.guide);
    const counter = document.createElement("p");
    counter.className = "soft counter";
    counter.setAttribute("aria-hidden", "true");
    comment.after(counter);
    const count = () => {
      const letters = [...comment.value].length;
      counter.textContent = letters > guide * 0.6 ? `${letters} / ${guide}` : "";
    };
    comment.addEventListener("input", count);
    count();
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
