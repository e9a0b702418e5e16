// Says that the page could not be had as it was wanted, and that what stands here may be old.

import { isPassing } from "./refresher.js";

const TRIED_AGAIN = "Couldn’t refresh this page, so its figures may be out of date. Retrying…";

export class Refusal {
  #element;
  #announcer;

  constructor(element, announcer) {
    this.#element = element;
    this.#announcer = announcer;
  }

  /** `status` and `words` are those of a page that could not be fetched. */
  say(status, words) {
    const text = isPassing(status) ? TRIED_AGAIN : `Couldn’t load that view: ${words}`;
    if (!this.#element.hidden && this.#element.textContent === text) return;
    this.#element.textContent = text;
    this.#element.hidden = false;
    this.#announcer.now(text);
  }

  clear() {
    this.#element.hidden = true;
  }
}
