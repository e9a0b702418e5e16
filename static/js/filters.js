// The form above a table of standings: what is typed is what is shown.

/** After the last keystroke: milliseconds. */
const PAUSE = 250;

export class Filters {
  #root;
  #go;
  #timer;

  /** `go(address, how)` shows the view with another address. */
  constructor(root, go) {
    this.#root = root;
    this.#go = go;
    root.addEventListener("input", ({ target }) => {
      if (target.form?.id !== "filters") return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#apply("replace"), PAUSE);
    });
    root.addEventListener("submit", (event) => {
      if (event.target.id !== "filters") return;
      event.preventDefault();
      clearTimeout(this.#timer);
      this.#apply("push");
    });
    root.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-go]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      this.#go(link.href, "push");
    });
  }

  #apply(how) {
    const form = this.#root.querySelector("#filters");
    if (!form.reportValidity()) return;
    this.#go(addressOfForm(form.action, new FormData(form)), how);
  }
}

/** What the form would be sent as, without what nobody filled in. */
export function addressOfForm(action, fields) {
  const address = new URL(action);
  const filled = [...fields].filter(([, value]) => value.trim() !== "");
  address.search = new URLSearchParams(filled);
  return address.href;
}
