// The newest events, the newest at the top.

import { happening } from "./happenings.js";
import { List } from "./list.js";

const MOST = 30;

export class Feed {
  #list;

  constructor(root) {
    this.#list = new List(root, "feed");
  }

  /** Add an event; one that is there already, or that the list leaves out, changes nothing. */
  add(event) {
    const record = happening(event);
    if (record === null || this.#list.has(record.id)) return false;
    this.#list.prepend({ ...record, key: record.id }, MOST);
    return true;
  }

  /** Show the log's own newest events, newest first, instead of what is there. */
  show(events) {
    const records = events.map(happening).filter((record) => record !== null);
    this.#list.show(records.slice(0, MOST).map((record) => ({ ...record, key: record.id })));
  }
}
