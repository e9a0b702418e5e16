// Judges whether a stream gets through to this browser, or something on the way holds or cuts it.

/** The server's first bytes come with its answer: milliseconds. */
const FIRST_BYTE = 10_000;
/** A connection that lasted so long was not cut by a rule. */
const LASTED = 10_000;
const CUTS = 3;

/** `onBlocked()`: nothing came in time. `onClear()`: a connection has lasted. */
export class Passage {
  #outside;
  #timer;
  #cuts = 0;
  #heard = false;
  #clear = false;
  #onBlocked;
  #onClear;

  constructor({ outside, onBlocked, onClear }) {
    this.#outside = outside;
    this.#onBlocked = onBlocked;
    this.#onClear = onClear;
  }

  /** A request goes out. */
  opening() {
    this.stop();
    this.#heard = false;
    this.#clear = false;
    this.#timer = this.#outside.setTimeout(this.#onBlocked, FIRST_BYTE);
  }

  /** Something of a stream came. */
  heard() {
    if (this.#heard) return;
    this.#heard = true;
    this.stop();
    this.#timer = this.#outside.setTimeout(() => {
      this.#clear = true;
      this.#cuts = 0;
      this.#onClear();
    }, LASTED);
  }

  /** It ended by itself; answers whether that was once too often. `streamed`: it had begun. */
  ended(streamed) {
    this.stop();
    if (this.#clear) return false;
    this.#cuts = streamed ? this.#cuts + 1 : 0;
    if (this.#cuts < CUTS) return false;
    // of later tries the first that is cut is enough
    this.#cuts = CUTS - 1;
    return true;
  }

  stop() {
    this.#outside.clearTimeout(this.#timer);
  }
}
