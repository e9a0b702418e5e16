// The newest events that passed, for a tab that joins later.

import { compare } from "./position.js";

const MOST = 500;
/** Characters of JSON. */
const MOST_TEXT = 1_000_000;

/** Holds everything that passed after `start`; the oldest is let go of when it gets too much. */
export class Replay {
  #held = [];
  #size = 0;
  #most;
  #mostText;

  constructor({ most = MOST, mostText = MOST_TEXT } = {}) {
    this.#most = most;
    this.#mostText = mostText;
    this.start = null;
  }

  /** Forget all: what is to come comes after this id. */
  restart(id) {
    this.#held = [];
    this.#size = 0;
    this.start = id;
  }

  add(event) {
    const size = JSON.stringify(event.data).length;
    this.#held.push({ event, size });
    this.#size += size;
    while (this.#held.length > this.#most || this.#size > this.#mostText) {
      const oldest = this.#held.shift();
      this.#size -= oldest.size;
      this.start = oldest.event.id;
    }
  }

  /** What passed after an id, oldest first; null where that is no longer all there. */
  after(since) {
    if (since === null) return [];
    if (!(compare(this.start, since) <= 0)) return null;
    return this.#held.map(({ event }) => event).filter(({ id }) => compare(id, since) > 0);
  }
}
