// One connection: opens the stream, keeps its place, and comes back after a break.

import { decode } from "../decode.js";
import { unknown } from "./link.js";
import { Passage } from "./blocked-detector.js";
import { finality, isStream, retryAfter } from "./responses.js";
import { EventParser } from "./sse.js";

const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 30_000;
/** Comments come more often than this even without events: a longer silence is a dead socket. */
const SILENCE = 45_000;

/**
 * Dispatches `event` (detail: `{type, data, id}`, data parsed), `link` (when `facts` changed),
 * `blocked` (streams don't get through: it is closed until opened again) and `clear` (they do).
 * `since` is the id of the last event seen: where a new connection goes on; it asks for `types`.
 */
export class Stream extends EventTarget {
  #address;
  #outside;
  #passage;
  #attempt = 0;
  #hint = null;
  #timer;
  #silence;
  #controller;

  constructor({ address, types, since, facts, outside = globalThis }) {
    super();
    this.#address = address;
    this.types = types;
    this.since = since;
    this.#outside = outside;
    this.facts = { ...(facts ?? unknown(outside.Date.now())) };
    this.#passage = new Passage({
      outside,
      onBlocked: () => this.#blocked(),
      onClear: () => this.dispatchEvent(new CustomEvent("clear")),
    });
  }

  open() {
    if (this.facts.ended) return;
    this.close();
    this.facts.nextTry = null;
    this.#changed();
    this.#controller = new AbortController();
    this.#passage.opening();
    this.#read(this.#controller);
  }

  close() {
    this.#outside.clearTimeout(this.#timer);
    this.#outside.clearTimeout(this.#silence);
    this.#passage.stop();
    const controller = this.#controller;
    this.#controller = undefined;
    controller?.abort();
  }

  /** Try now instead of later, if a try is being waited for. */
  hurry() {
    if (this.facts.nextTry !== null) this.open();
  }

  /** No further try: `reason` says why. */
  end(reason) {
    this.close();
    this.facts.nextTry = null;
    this.facts.ended = reason;
    this.#changed();
  }

  async #read(controller) {
    let wait = null;
    let streamed = false;
    try {
      const response = await this.#outside.fetch(this.#url(), {
        headers: { accept: "text/event-stream" },
        cache: "no-store",
        signal: controller.signal,
      });
      if (controller !== this.#controller) return undefined;
      if (finality(response)) return this.end(finality(response));
      // An id that the server can't read: start from now, and let the page fetch what it missed.
      if (response.status === 400 && this.since !== null) {
        this.since = null;
        this.#tell({ type: "reset", data: { reason: "unreadable" }, id: null });
      }
      streamed = isStream(response);
      if (streamed) await this.#follow(response.body, controller);
      else wait = retryAfter(response);
    } catch {
      // A connection refused, cut, or closed by us: the next lines know which.
    }
    if (controller !== this.#controller) return undefined;
    return this.#passage.ended(streamed) ? this.#blocked() : this.#lost(wait);
  }

  async #follow(body, controller) {
    const parser = new EventParser({
      // what came in one piece with the event that made us close is not heard any more
      onEvent: (event) => controller === this.#controller && this.#heard(event),
      onRetry: (milliseconds) => (this.#hint = milliseconds),
    });
    const text = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      this.#listen(controller);
      const { done, value } = await reader.read();
      if (done || controller !== this.#controller) return;
      this.#passage.heard();
      parser.feed(text.decode(value, { stream: true }));
    }
  }

  #listen(controller) {
    this.#outside.clearTimeout(this.#silence);
    this.#silence = this.#outside.setTimeout(() => {
      if (controller === this.#controller) {
        this.close();
        this.#lost(null);
      }
    }, SILENCE);
  }

  #heard({ type, data, id }) {
    if (id) this.since = id;
    if (type === "heartbeat") {
      this.facts.provenAt = this.#outside.Date.now();
      this.facts.lostAt = null;
      this.#attempt = 0;
    }
    this.#tell({ type, data: decode(data), id });
    if (type === "heartbeat") this.#changed();
  }

  #blocked() {
    this.close();
    this.facts.lostAt ??= this.#outside.Date.now();
    this.dispatchEvent(new CustomEvent("blocked"));
  }

  #lost(wait) {
    const now = this.#outside.Date.now();
    this.close();
    this.facts.lostAt ??= now;
    const delay = wait ?? this.#delay();
    this.facts.nextTry = now + delay;
    this.#timer = this.#outside.setTimeout(() => this.open(), delay);
    this.#changed();
  }

  // The server's own hint first: it spreads its readers after a restart. Then longer and longer.
  #delay() {
    const attempt = this.#attempt++;
    if (attempt === 0 && this.#hint !== null) return this.#hint;
    const longest = Math.min(LONGEST_DELAY, (this.#hint ?? FIRST_DELAY) * 2 ** attempt);
    return longest * (0.5 + this.#outside.Math.random() / 2);
  }

  #url() {
    const query = new URLSearchParams(this.types.map((type) => ["types", type]));
    if (this.since !== null) query.set("since", this.since);
    return `${this.#address}?${query}`;
  }

  #tell(event) {
    this.dispatchEvent(new CustomEvent("event", { detail: event }));
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("link"));
  }
}
