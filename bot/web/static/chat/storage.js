// What outlives a reload. Our own storage where the browser grants it to a frame (kept apart for each embedding site);
// else the page around us keeps it, for many browsers grant a frame of another site none; else it lasts as long as we do.

export class Storage {
  #memory = {};
  #key;
  #own;
  #hand;

  /** `hand` gives what is to be kept to the page around us. */
  constructor(chat, hand) {
    this.#key = `afterword.chat.${chat}`;
    this.#hand = hand;
    try {
      this.#own = window.localStorage;
      this.#memory = parse(this.#own.getItem(this.#key));
    } catch {
      this.#own = null;
    }
  }

  /** Takes what the page around us kept. */
  take(kept) {
    if (!this.#own) this.#memory = { ...parse(kept), ...this.#memory };
  }

  get(name, otherwise = null) {
    return this.#memory[name] ?? otherwise;
  }

  set(values) {
    Object.assign(this.#memory, values);
    const kept = JSON.stringify(this.#memory);
    try {
      if (this.#own) this.#own.setItem(this.#key, kept);
      else this.#hand(kept);
    } catch {
      // It is full.
    }
  }
}

function parse(kept) {
  try {
    const found = JSON.parse(kept);
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch {
    return {};
  }
}
