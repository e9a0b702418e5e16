// Light, dark, or as the reader's system has it; kept in a cookie, so that the next page is right at
// its first paint.

const COOKIE = "classpulse_theme";
/** A year, in seconds. */
const KEPT = 31_536_000;
const NEXT = { system: "light", light: "dark", dark: "system" };

export class Theme {
  #button;

  constructor(button) {
    this.#button = button;
    button.hidden = false;
    button.addEventListener("click", () => this.#choose(NEXT[this.#chosen]));
    this.#name();
  }

  get #chosen() {
    return document.documentElement.dataset.theme ?? "system";
  }

  #choose(theme) {
    const isSystem = theme === "system";
    if (isSystem) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    document.cookie = `${COOKIE}=${theme}; path=/; max-age=${isSystem ? 0 : KEPT}; samesite=lax`;
    this.#name();
  }

  #name() {
    const words = `Theme: ${this.#chosen}. Change to ${NEXT[this.#chosen]}.`;
    this.#button.setAttribute("aria-label", words);
    this.#button.title = words;
  }
}
