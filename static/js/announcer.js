// The one polite live region: says what changed, seldom enough to be listened to.

const PAUSE = 15_000;

export class Announcer {
  #element;
  #last = 0;
  #waiting = null;
  #timer = null;

  constructor(element) {
    this.#element = element;
  }

  /** Say the newest of what was given, at most once a pause; `words` is asked when it is time. */
  later(words) {
    this.#waiting = words;
    this.#timer ??= setTimeout(() => this.#speak(), Math.max(500, this.#last + PAUSE - Date.now()));
  }

  /** Say this now: for what a person must know at once. */
  now(text) {
    this.#last = Date.now();
    this.#element.textContent = text;
  }

  #speak() {
    this.#timer = null;
    const text = this.#waiting?.();
    this.#waiting = null;
    if (text) this.now(text);
  }
}
