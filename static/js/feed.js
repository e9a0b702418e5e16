// The newest events, the newest at the top; similar ones are one entry that grows in its place.

import { List } from "./list.js";
import { Runs } from "./runs.js";

/** Events that are kept while the log's own newest ones are on their way. */
const MOST_HELD = 200;

export class Feed {
  #list;
  #runs;
  #asked = 0;
  #held = [];
  #isDue = false;

  constructor(root) {
    this.#list = new List(root, "feed");
    this.#runs = new Runs(JSON.parse(root.querySelector('[data-list="feed"]').dataset.runs));
  }

  /** Add an event; one that is counted already, or that the list leaves out, changes nothing. */
  add(event) {
    if (this.#asked > 0) {
      this.#held.push(event);
      if (this.#held.length > MOST_HELD) this.#held.shift();
    } else if (this.#runs.add(event)) {
      this.#show();
    }
  }

  /**
   * Begin anew with an answer that is still to come: the log's own events, newest first, or null.
   * What is added until then comes after it.
   */
  async renew(coming) {
    this.#asked += 1;
    const answer = await coming;
    this.#asked -= 1;
    this.#runs = answer ? Runs.of(answer.items.reverse()) : this.#runs.anew();
    if (this.#asked === 0) this.#held.splice(0).forEach((event) => this.#runs.add(event));
    this.#show();
  }

  // Once for all events that came together.
  #show() {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#list.show(this.#runs.records);
    });
  }
}
