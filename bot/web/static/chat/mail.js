// The small form that has the conversation sent to an address. Where no mail can be sent, the page has no such form.

export class Mail {
  #words;
  #send;
  #sent;
  #open = document.querySelector("#mail-open");
  #form = document.querySelector("#mail");
  #address = document.querySelector("#mail-address");
  #said = document.querySelector("#mail-said");

  /**
   * `send` posts an address; it answers with the address as it is written to, and throws what was refused.
   * `sent` tells that it is done, for the form is closed then.
   */
  constructor(words, send, sent) {
    if (!this.#form) return;
    this.#words = words;
    this.#send = send;
    this.#sent = sent;
    this.#open.addEventListener("click", () => this.#show(this.#form.hidden));
    document.querySelector("#mail-cancel").addEventListener("click", () => this.close());
    this.#address.addEventListener("input", () => this.#say(""));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** There is something to send, or nothing yet. */
  offer(wanted) {
    if (!this.#form) return;
    if (!wanted) this.close();
    this.#open.hidden = !wanted;
  }

  /** Answers whether there was something to close. */
  close() {
    if (!this.#form || this.#form.hidden) return false;
    this.#show(false);
    this.#open.focus();
    return true;
  }

  #show(wanted) {
    this.#form.hidden = !wanted;
    this.#open.setAttribute("aria-expanded", String(wanted));
    this.#say("");
    if (wanted) this.#address.focus();
  }

  async #submit() {
    const address = this.#address.value.trim();
    if (!address || !this.#address.checkValidity()) return this.#wrong();
    const button = this.#form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      const words = this.#words.mail_sent.replace("{address}", await this.#send(address));
      this.#address.value = "";
      this.close();
      this.#sent(words);
    } catch (error) {
      if (error.status === 422) this.#wrong();
      else this.#say(this.#words[REFUSALS[error.status]] ?? this.#words.error, true);
    } finally {
      button.disabled = false;
    }
  }

  #wrong() {
    this.#say(this.#words.mail_wrong, true);
    this.#address.setAttribute("aria-invalid", "true");
    this.#address.focus();
  }

  #say(text, alarming = false) {
    this.#address.removeAttribute("aria-invalid");
    this.#said.textContent = text;
    this.#said.className = alarming ? "alarming" : "";
  }
}

const REFUSALS = { 403: "mail_none", 409: "mail_empty", 429: "mail_too_often" };
