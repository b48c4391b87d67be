// The script that a site embeds: <script src="https://…/chat/<name>.js" async></script>
// It adds a button and a frame; the conversation lives in the frame. A host that has a Content-Security-Policy allows
// this address in `script-src` and `frame-src`, nothing inline.
//
//   data-visitor  a token, signed by the host, that says who the visitor is
//   data-locale   the language of the chat, where it is not the page's own
//   data-open     the chat is open from the start
//   data-into     a CSS selector: the chat fills that element and has no button
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script) return;
  const base = script.src.replace(/\.js([?#].*)?$/, "/");
  const origin = new URL(base).origin;
  const options = script.dataset;

  const STYLE = `
    :host { all: initial; }
    .frame { display: none; position: fixed; z-index: 2147483001; inset-inline-end: 20px; bottom: 92px; width: 392px;
      height: min(660px, calc(100vh - 112px)); border: 0; border-radius: 18px; background: Canvas;
      box-shadow: 0 12px 48px rgb(0 0 0 / .22), 0 2px 8px rgb(0 0 0 / .12); }
    .frame.shown { display: block; animation: rise .18s ease-out; }
    .frame.inside { display: block; position: static; width: 100%; height: 100%; border-radius: inherit;
      box-shadow: none; animation: none; }
    .launcher { display: none; position: fixed; z-index: 2147483000; inset-inline-end: 20px; bottom: 20px; width: 60px;
      height: 60px; padding: 0; border: 0; border-radius: 50%; cursor: pointer; background: var(--accent);
      color: var(--ink); box-shadow: 0 6px 20px rgb(0 0 0 / .25); transition: transform .15s; }
    .launcher.ready { display: block; }
    .launcher:hover { transform: scale(1.06); }
    .launcher:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
    .launcher svg { display: block; width: 28px; height: 28px; margin: auto; fill: none; stroke: currentColor;
      stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
    .unread { position: absolute; top: -2px; inset-inline-end: -2px; box-sizing: border-box; min-width: 22px;
      height: 22px; padding: 0 6px; border-radius: 11px; background: #c8102e; color: #fff; box-shadow: 0 0 0 2px #fff;
      font: 700 13px/22px system-ui, sans-serif; text-align: center; }
    .unread[hidden] { display: none; }
    @keyframes rise { from { opacity: 0; transform: translateY(12px); } }
    @media (max-width: 520px), (max-height: 480px) {
      .frame:not(.inside) { inset: 0; width: 100%; height: 100%; height: 100dvh; border-radius: 0; }
      .frame.shown:not(.inside) + .launcher { display: none; }
    }
    @media (prefers-reduced-motion: reduce) { .frame.shown { animation: none; } .launcher { transition: none; } }
    @media print { .frame, .launcher { display: none !important; } }`;
  const BUBBLE = "M12 4a8 8 0 1 1-3.700 15.100L4 20.500l1.400-4.300A8 8 0 0 1 12 4z";
  const ARROW = "M6 9.500l6 6 6-6";

  let frame, launcher, unread, path, words;
  let open = false;

  const send = (message) => frame.contentWindow?.postMessage({ afterword: 1, ...message }, origin);

  function start() {
    const host = document.createElement("afterword-chat");
    if (document.querySelector(`afterword-chat[data-base="${CSS.escape(base)}"]`)) return;
    host.dataset.base = base;
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const inside = options.into ? document.querySelector(options.into) : null;
    frame = makeFrame(Boolean(inside));
    root.append(frame, makeLauncher());
    addEventListener("message", (event) => {
      if (event.source === frame.contentWindow && event.origin === origin && event.data?.afterword) heard(event.data, inside);
    });
    if (inside) {
      host.style.display = "block";
      host.style.height = "100%";
      open = true;
    }
    (inside ?? document.body).append(host);
  }

  function makeFrame(inside) {
    const made = document.createElement("iframe");
    const locale = options.locale || document.documentElement.lang;
    made.className = inside ? "frame inside" : "frame";
    made.title = "Chat";
    made.src = base + (locale ? `?lang=${encodeURIComponent(locale)}` : "");
    return made;
  }

  function makeLauncher() {
    launcher = document.createElement("button");
    launcher.type = "button";
    launcher.className = "launcher";
    launcher.setAttribute("aria-expanded", "false");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", BUBBLE);
    svg.append(path);
    unread = document.createElement("span");
    unread.className = "unread";
    unread.hidden = true;
    unread.setAttribute("aria-hidden", "true");
    launcher.append(svg, unread);
    launcher.addEventListener("click", () => show(!open));
    return launcher;
  }

  // Nothing is shown before the frame has spoken: a chat that is down leaves no dead button on anybody's page.
  function heard(message, inside) {
    if (message.type === "hello") {
      words = message;
      frame.title = message.title;
      const host = frame.getRootNode().host;
      host.style.setProperty("--accent", message.accent);
      host.style.setProperty("--ink", message.ink);
      send({ type: "start", identity: options.visitor ?? "", inside: Boolean(inside), kept: kept() });
      if (!inside) {
        launcher.classList.add("ready");
        show("open" in options || open, { quietly: true });
      } else send({ type: "shown", shown: true });
    } else if (message.type === "unread") {
      unread.hidden = !message.count;
      unread.textContent = message.count > 99 ? "99+" : String(message.count);
      name(message.count);
    } else if (message.type === "keep") {
      keep(String(message.kept));
    } else if (message.type === "close") {
      show(false);
      launcher.focus();
    }
  }

  // Where a browser grants the frame no storage of its own, we keep what it hands us: who its visitor is.
  function kept() {
    try {
      return localStorage.getItem(`afterword ${base}`);
    } catch {
      return null;
    }
  }

  function keep(value) {
    try {
      localStorage.setItem(`afterword ${base}`, value);
    } catch {
      // Then it lasts as long as this page.
    }
  }

  function show(wanted, { quietly = false } = {}) {
    open = wanted;
    frame.classList.toggle("shown", open);
    launcher.setAttribute("aria-expanded", String(open));
    path.setAttribute("d", open ? ARROW : BUBBLE);
    name(0);
    // Only we can let the frame have the focus; which of its elements gets it is the frame's business.
    if (open && !quietly) frame.focus({ preventScroll: true });
    send({ type: "shown", shown: open, focus: open && !quietly });
  }

  function name(count) {
    const label = open ? words.close : words.open;
    launcher.setAttribute("aria-label", count ? `${label} (${count})` : label);
    launcher.title = label;
  }

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
