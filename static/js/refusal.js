// Says that the page could not be had as it was wanted, and that what stands here may be old.

import { isPassing } from "./refresher.js";

const TRIED_AGAIN = "The page could not be fetched: what stands here may be old. It is tried again.";

export class Refusal {
  #element;
  #announcer;

  constructor(element, announcer) {
    this.#element = element;
    this.#announcer = announcer;
  }

  /** `status` and `words` are those of a page that could not be fetched. */
  say(status, words) {
    const text = isPassing(status) ? TRIED_AGAIN : `Nothing else is shown: ${words}`;
    if (!this.#element.hidden && this.#element.textContent === text) return;
    this.#element.textContent = text;
    this.#element.hidden = false;
    this.#announcer.now(text);
  }

  clear() {
    this.#element.hidden = true;
  }
}
