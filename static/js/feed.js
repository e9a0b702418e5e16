// The newest events, the newest at the top; similar ones are one entry that grows in its place.

import { decode } from "./decode.js";
import { List } from "./list.js";
import { FeedGroups } from "./feed-groups.js";

export class Feed {
  #list;
  #element;
  #runs;
  #isDue = false;

  constructor(root) {
    this.#list = new List(root, "feed");
    this.#element = root.querySelector('[data-list="feed"]');
    this.restart();
  }

  /** Add an event; one that is counted already, or that the list leaves out, changes nothing. */
  add(event) {
    if (this.#runs.add(event)) this.#show();
  }

  /** Go on from what the page shows now: it was fetched again. */
  restart() {
    this.#runs = new FeedGroups(decode(this.#element.dataset.runs));
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
