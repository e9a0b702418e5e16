// How far somebody has come in the log: lets an event through once, and in order.

import { compare } from "./position.js";

/** They say where the stream stands, and may say it again. */
const STANDING = new Set(["ready", "heartbeat"]);

export class Place {
  #figures;

  /** `since`: the id that the figures shown are as of, or null. */
  constructor(since) {
    this.since = since ?? null;
    this.#figures = this.since;
  }

  /** Whether the event is news here; the place moves on with it. */
  take({ type, data, id }) {
    if (type === "token_expiring") return true;
    if (type === "performance_update") {
      if (compare(data.as_of, this.#figures) < 0) return false;
      this.#figures = data.as_of;
      return true;
    }
    if (type === "reset") {
      this.since = id;
      this.#figures = null;
      return true;
    }
    const order = compare(id, this.since);
    if (STANDING.has(type) ? order < 0 : order <= 0) return false;
    this.since = id ?? this.since;
    return true;
  }
}
