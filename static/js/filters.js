// The form above a table of standings: what is typed is what is shown.

/** After the last keystroke: milliseconds. */
const PAUSE = 250;

export class Filters {
  #root;
  #go;
  #timer = null;

  /** `go(address, how)` shows the view with another address. */
  constructor(root, go) {
    this.#root = root;
    this.#go = go;
    root.addEventListener("input", ({ target }) => {
      if (target.form?.id !== "filters") return;
      this.#settle();
      this.#timer = setTimeout(() => this.#apply("replace"), PAUSE);
    });
    root.addEventListener("submit", (event) => {
      if (event.target.id !== "filters") return;
      event.preventDefault();
      this.#apply("push");
    });
    root.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-go]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      const isTyped = this.#settle();
      const form = this.#form;
      if (form?.contains(link)) form.reset();
      const isToApply = isTyped && !form.contains(link) && form.checkValidity();
      this.#go(isToApply ? addressOfForm(form, link.href) : link.href, "push");
    });
  }

  get #form() {
    return this.#root.querySelector("#filters");
  }

  /** No more is waited for; answers whether something was. */
  #settle() {
    const isTyped = this.#timer !== null;
    clearTimeout(this.#timer);
    this.#timer = null;
    return isTyped;
  }

  #apply(how) {
    this.#settle();
    const form = this.#form;
    const wrong = form.querySelector("input:invalid");
    // who types elsewhere is not led away
    if (wrong && (how === "push" || wrong === document.activeElement)) wrong.reportValidity();
    if (!wrong) this.#go(addressOfForm(form, location.href), how);
  }
}

/** `here` with what the form says, from the beginning of the list: its order and its term stay. */
export function addressOfForm(form, here) {
  const address = new URL(here);
  for (const { name, type, value } of form.elements) {
    if (!name || type === "hidden") continue;
    if (value.trim() === "") address.searchParams.delete(name);
    else address.searchParams.set(name, value);
  }
  address.searchParams.delete("cursor");
  address.searchParams.delete("limit");
  return address.href;
}
