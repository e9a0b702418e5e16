// Finding somebody by name from any page: `/` or Ctrl-K, a few letters, Enter.

/** What is typed faster than this is one question: milliseconds. */
const TYPING = 150;

export class Find {
  #form;
  #input;
  #panel;
  #announcer;
  #card;
  #timer;
  #asking = null;

  /** `card` shows the student that was chosen, and is closed when another is looked for. */
  constructor(form, { card, announcer }) {
    this.#form = form;
    this.#input = form.elements.q;
    this.#panel = document.getElementById("found");
    this.#card = card;
    this.#announcer = announcer;
    document.addEventListener("keydown", (event) => this.#shortcut(event));
    document.addEventListener("click", ({ target }) => this.#form.contains(target) || this.#close());
    form.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !form.contains(relatedTarget)) this.#close();
    });
    form.addEventListener("keydown", (event) => this.#pressed(event));
    form.addEventListener("submit", (event) => this.#entered(event));
    form.addEventListener("click", (event) => this.#clicked(event));
    this.#input.addEventListener("input", () => this.#soon());
    this.#input.addEventListener("focus", () => this.#soon());
  }

  get #words() {
    return this.#input.value.trim();
  }

  get #links() {
    return [...this.#panel.querySelectorAll("a")];
  }

  // Whether what is shown answers what stands in the field.
  get #isAnswered() {
    const found = this.#panel.querySelector("[data-found]");
    return !this.#panel.hidden && found?.dataset.q.trim() === this.#words;
  }

  #shortcut(event) {
    const isModified = event.ctrlKey || event.metaKey;
    const isSlash = event.key === "/" && !isModified && !event.altKey && !isTyping(event.target);
    const isK = event.key.toLowerCase() === "k" && isModified && !event.altKey && !event.shiftKey;
    if (!isSlash && !isK) return undefined;
    event.preventDefault();
    const dialog = document.querySelector("dialog[open]");
    if (!dialog) return this.#focus();
    // a card that closes gives the focus back first
    dialog.addEventListener("close", () => this.#focus(), { once: true });
    return this.#card.close();
  }

  #focus() {
    this.#input.focus();
    this.#input.select();
  }

  #soon() {
    clearTimeout(this.#timer);
    if (!this.#words) return this.#close();
    if (!this.#isAnswered) this.#timer = setTimeout(() => this.#ask(), TYPING);
    return undefined;
  }

  async #ask() {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const query = new URLSearchParams(new FormData(this.#form));
    try {
      const answer = await fetch(`/find/found?${query}`, {
        signal: asking.signal,
        redirect: "error",
        headers: { accept: "text/html" },
      });
      if (!answer.ok) throw new Error(answer.statusText);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      // the focus may have left meanwhile, and the answer is of an earlier question then
      if (asking.signal.aborted || !this.#form.contains(document.activeElement)) return;
      this.#panel.replaceChildren(...fresh.body.children);
      this.#panel.hidden = false;
      const count = this.#links.length;
      this.#announcer.now(count ? `${count} found.` : this.#panel.textContent.trim());
    } catch (error) {
      // Enter still leads to the page of what was found, which says what is wrong
      if (error.name !== "AbortError") this.#close();
    } finally {
      if (this.#asking === asking) this.#asking = null;
    }
  }

  #entered(event) {
    // what is not answered yet is a page to go to
    if (this.#words && !this.#isAnswered) return;
    event.preventDefault();
    if (this.#words) this.#links[0]?.click();
  }

  #clicked(event) {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    this.#close();
    if (!link.dataset.student) return;
    event.preventDefault();
    this.#input.value = "";
    this.#card.open(link.dataset.student, this.#input);
  }

  #pressed(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key === "Escape") {
      if (this.#panel.hidden && !this.#input.value) this.#input.blur();
      this.#input.value = "";
      this.#close();
      event.preventDefault();
    } else if (event.key in steps && !this.#panel.hidden) {
      const places = [this.#input, ...this.#links];
      const at = places.indexOf(document.activeElement) + steps[event.key];
      places[Math.min(Math.max(at, 0), places.length - 1)].focus();
      event.preventDefault();
    }
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    if (this.#panel.contains(document.activeElement)) this.#input.focus();
    this.#panel.hidden = true;
  }
}

function isTyping(target) {
  return target.closest?.("input, select, textarea, [contenteditable]") !== null;
}
