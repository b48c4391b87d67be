// The line to the server: who we are, what we say, and what comes back. It never loses and never doubles: what is said
// has an id that stays the same on every try, and what comes back is told by id and version.

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;
const SILENCE = 40_000; // The server gives a sign every 15 s.
const FIRST_SIGN = 8000;
const POLL = 5000;
const HIDDEN_POLL = 20_000;
const HIDDEN_AFTER = 30_000;

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(24)), (byte) => LETTERS[byte % 36]).join("");

class Refused extends Error {
  constructor(status, after) {
    super(`refused: ${status}`);
    this.status = status;
    this.after = after;
  }
}

export class Talk extends EventTarget {
  #base = new URL(".", location.href);
  #storage;
  #identity = "";
  #locale;
  #cursor = "";
  #beginning = null;
  #running = false;
  #sending = false;
  #buffered = 0; // How often a stream opened and stayed silent: something on the way holds it back.
  #sleeping = new Set();
  #mail = null;

  constructor(storage, locale) {
    super();
    this.#storage = storage;
    this.#locale = locale;
    const wake = () => this.#sleeping.forEach((rise) => rise());
    addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
  }

  get known() {
    return Boolean(this.#storage.get("token"));
  }

  get outbox() {
    return this.#storage.get("outbox", []);
  }

  identify(identity) {
    this.#identity = identity;
    // Whoever becomes known keeps what they said as a stranger; whoever signs out leaves nothing to the next one.
    if (!identity && this.#storage.get("identified")) this.#forget();
  }

  async start() {
    if (this.#running) return;
    this.#running = true;
    this.#flush();
    let wait = FIRST_WAIT;
    for (;;) {
      try {
        await this.#listen(() => (wait = FIRST_WAIT));
        this.#say("line", { up: true });
      } catch (error) {
        if (error instanceof Refused && error.status === 401) this.#storage.set({ token: "" });
        else this.#say("line", { up: false });
        await this.#pause(Math.max(wait, error.after ?? 0) * (0.75 + Math.random() / 2));
        wait = Math.min(wait * 2, LONGEST_WAIT);
      }
    }
  }

  text(words) {
    const said = { id: newId(), text: words, at: new Date().toISOString() };
    this.#storage.set({ outbox: [...this.outbox, said] });
    this.#flush();
    return said;
  }

  again(id) {
    this.#storage.set({ outbox: this.outbox.map((one) => (one.id === id ? { ...one, failed: false } : one)) });
    this.#flush();
  }

  async tap(action, receipt) {
    const body = { id: newId(), action, receipt };
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#post("tap", body);
        return;
      } catch (error) {
        if (tries >= 4 || !passing(error)) throw error;
        await this.#pause(Math.max(tries * 700, error.after ?? 0));
      }
    }
  }

  /** Has the conversation sent to an address; the same address again, before it was taken, is the same mail. */
  async mail(address) {
    if (this.#mail?.address !== address) this.#mail = { id: newId(), address };
    const response = await this.#post("transcript", this.#mail);
    this.#mail = null;
    return (await response.json()).address;
  }

  async #flush() {
    if (this.#sending) return;
    this.#sending = true;
    let wait = FIRST_WAIT;
    for (let next; (next = this.outbox.find((one) => !one.failed)); ) {
      try {
        await this.#post("text", { id: next.id, text: next.text });
        this.#storage.set({ outbox: this.outbox.filter((one) => one.id !== next.id) });
        this.#say("sent", { id: next.id });
        wait = FIRST_WAIT;
      } catch (error) {
        if (passing(error)) {
          await this.#pause(Math.max(wait, error.after ?? 0));
          wait = Math.min(wait * 2, LONGEST_WAIT);
        } else {
          this.#storage.set({ outbox: this.outbox.map((one) => (one.id === next.id ? { ...one, failed: true } : one)) });
          this.#say("failed", { id: next.id });
        }
      }
    }
    this.#sending = false;
  }

  async #begin() {
    const asked = { identity: this.#identity, locale: this.#locale };
    const headers = this.known ? { Authorization: `Bearer ${this.#storage.get("token")}` } : {};
    let response = await this.#fetch("session", asked, headers);
    if (response.status === 403) {
      console.warn("afterword: the visitor's token was not accepted; the chat goes on without it");
      this.#identity = "";
      response = await this.#fetch("session", { ...asked, identity: "" }, headers);
    }
    if (!response.ok) throw refusal(response);
    const { token, visitor, identified, before } = await response.json();
    const known = this.#storage.get("visitor");
    if (known && known !== visitor && known !== before) this.#forget();
    this.#storage.set({ token, visitor, identified });
    this.began = true;
  }

  // The first request of a page renews the token; all that go out meanwhile wait for it.
  async #authorized() {
    if (!this.began || !this.known) {
      this.#beginning ??= this.#begin().finally(() => (this.#beginning = null));
      await this.#beginning;
    }
    return { Authorization: `Bearer ${this.#storage.get("token")}` };
  }

  #forget() {
    this.#storage.set({ token: "", visitor: "", identified: false, outbox: [], seen: "" });
    this.#cursor = "";
    this.#say("forget", {});
  }

  #fetch(path, body, headers) {
    return fetch(new URL(path, this.#base), {
      method: "POST",
      body: JSON.stringify(body),
      headers: { ...headers, "Content-Type": "application/json" },
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(20_000),
    });
  }

  async #post(path, body) {
    const response = await this.#fetch(path, body, await this.#authorized());
    if (response.status === 401) this.#storage.set({ token: "" });
    if (!response.ok) throw refusal(response);
    return response;
  }

  async #get(path, headers, signal) {
    const all = { ...(await this.#authorized()), ...headers };
    const options = { headers: all, credentials: "omit", cache: "no-store", signal };
    const response = await fetch(new URL(path, this.#base), options);
    if (!response.ok) throw refusal(response);
    return response;
  }

  async #listen(alive) {
    if (document.hidden || this.#buffered >= 2) {
      await this.#poll();
      alive();
      await this.#pause(document.hidden ? HIDDEN_POLL : POLL);
    } else await this.#stream(alive);
  }

  async #poll() {
    const query = this.#cursor ? `?after=${encodeURIComponent(this.#cursor)}` : "";
    const response = await this.#get(`messages${query}`, {}, AbortSignal.timeout(20_000));
    const { entries, cursor, typing } = await response.json();
    this.#cursor = cursor;
    this.#say("line", { up: true });
    this.#say("entries", entries);
    this.#say("typing", { typing });
  }

  async #stream(alive) {
    const end = new AbortController();
    let heard = false;
    let timer = setTimeout(() => end.abort(), FIRST_SIGN);
    let hidden;
    const hide = () => {
      clearTimeout(hidden);
      if (document.hidden) hidden = setTimeout(() => end.abort("hidden"), HIDDEN_AFTER);
    };
    document.addEventListener("visibilitychange", hide);
    try {
      const headers = { Accept: "text/event-stream", ...(this.#cursor && { "Last-Event-ID": this.#cursor }) };
      const response = await this.#get("stream", headers, end.signal);
      clearTimeout(timer);
      timer = setTimeout(() => end.abort(), FIRST_SIGN);
      for await (const event of events(response.body)) {
        clearTimeout(timer);
        timer = setTimeout(() => end.abort(), SILENCE);
        if (!heard) this.#say("line", { up: true });
        heard = true;
        this.#buffered = 0;
        alive();
        this.#hear(event);
      }
    } catch (error) {
      if (end.signal.reason === "hidden") return;
      if (end.signal.aborted && !heard) this.#buffered += 1;
      throw error;
    } finally {
      clearTimeout(timer);
      clearTimeout(hidden);
      document.removeEventListener("visibilitychange", hide);
      end.abort();
    }
  }

  #hear({ name, data, id }) {
    if (name === "entries") this.#say("entries", JSON.parse(data));
    else if (name === "typing") this.#say("typing", JSON.parse(data));
    else if (name === "note") this.#say("note", JSON.parse(data));
    if (id) this.#cursor = id;
  }

  #pause(milliseconds) {
    return new Promise((resolve) => {
      const rise = () => {
        clearTimeout(timer);
        this.#sleeping.delete(rise);
        resolve();
      };
      const timer = setTimeout(rise, milliseconds);
      this.#sleeping.add(rise);
    });
  }

  #say(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const refusal = (response) => new Refused(response.status, Number(response.headers.get("Retry-After")) * 1000 || 0);
const passing = (error) => !(error instanceof Refused) || error.status >= 500 || [401, 408, 429].includes(error.status);

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    yield* blocks.map(event);
  }
}

function event(block) {
  const found = { name: "", data: "", id: "" };
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^(event|data|id): ?(.*)$/.exec(line) ?? [];
    if (field === "event") found.name = value;
    else if (field === "id") found.id = value;
    else if (field === "data") found.data += (found.data && "\n") + value;
  }
  return found;
}
