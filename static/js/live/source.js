// Where the events come from: a stream, or asking again and again where no stream gets through.

import { Place } from "./cursor.js";
import { Poll } from "./poll.js";
import { Stream } from "./stream.js";

/** How often a stream is tried again meanwhile: milliseconds. */
const TRY_AGAIN = 120_000;

/** Dispatches `event` (each once, in order) and `link` (when `facts` changed). */
export class Source extends EventTarget {
  #place;
  types;
  #stream;
  #poll;
  #polling = false;
  #trial;
  #outside;

  constructor({ address, types, since, facts, outside }) {
    super();
    this.#outside = outside;
    this.types = types;
    this.#place = new Place(since);
    this.#stream = new Stream({ address, types, since, facts: { ...facts, polling: false }, outside });
    this.#poll = new Poll({ address, types, since: () => this.since, outside });
    this.#stream.addEventListener("event", ({ detail }) => this.#heard(detail));
    this.#stream.addEventListener("link", () => this.#streamChanged());
    this.#stream.addEventListener("blocked", () => this.#blocked());
    this.#stream.addEventListener("clear", () => this.#stopPolling());
    this.#poll.addEventListener("event", ({ detail }) => {
      this.#heard(detail);
      this.#stream.since = this.since;
    });
    this.#poll.addEventListener("link", () => this.#changed());
    this.#poll.addEventListener("failed", () => this.#failed());
  }

  get facts() {
    return this.#polling ? this.#poll.facts : this.#stream.facts;
  }

  get since() {
    return this.#place.since;
  }

  open() {
    this.#stream.open();
  }

  /** Go on with other types of events, from where it stands. */
  ask(types) {
    this.types = types;
    this.#stream.types = types;
    this.#poll.ask(types);
    if (!this.#polling) this.#stream.open();
  }

  close() {
    this.#polling = false;
    this.#outside.clearTimeout(this.#trial);
    this.#poll.stop();
    this.#stream.close();
  }

  hurry() {
    if (this.#polling) this.#poll.now();
    else this.#stream.hurry();
  }

  end(reason) {
    this.close();
    this.#stream.end(reason);
  }

  #heard(event) {
    if (this.#place.take(event)) this.dispatchEvent(new CustomEvent("event", { detail: event }));
  }

  #streamChanged() {
    // while it is tried beside the polling, only its end is news
    if (this.#stream.facts.ended && this.#polling) this.#stopPolling();
    else if (!this.#polling) this.#changed();
  }

  #blocked() {
    this.#trial = this.#outside.setTimeout(() => this.#stream.open(), TRY_AGAIN);
    if (this.#polling) return;
    this.#polling = true;
    this.#poll.start(this.#stream.facts);
    this.#changed();
  }

  #stopPolling() {
    if (!this.#polling) return;
    this.#polling = false;
    this.#outside.clearTimeout(this.#trial);
    this.#poll.stop();
    this.#changed();
  }

  // Nothing is reached at all: that is no matter of streams.
  #failed() {
    this.#stream.facts = { ...this.#poll.facts, polling: false };
    this.#polling = false;
    this.#outside.clearTimeout(this.#trial);
    this.#stream.open();
  }

  #changed() {
    const facts = this.facts;
    if (facts.ended) {
      this.close();
      this.#stream.facts = facts;
    }
    this.dispatchEvent(new CustomEvent("link"));
  }
}
