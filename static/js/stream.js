// The page's one connection: opens the stream, keeps its place, and comes back after a break.

import { EventParser } from "./sse.js";

const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 30_000;
/** Comments come more often than this even without events: a longer silence is a dead socket. */
const SILENCE = 45_000;
const FINAL = { 401: "signed-out", 403: "forbidden", 404: "forbidden" };

/**
 * Dispatches `event` (detail: `{type, data, id}`, data parsed) and `link` (when `facts` changed).
 * `since` is the id that the page's figures are as of.
 */
export class Stream extends EventTarget {
  facts = { openedAt: 0, provenAt: null, lostAt: null, nextTry: null, ended: null };
  #address;
  #types;
  #since;
  #outside;
  #attempt = 0;
  #hint = null;
  #timer;
  #silence;
  #controller;

  constructor({ address, types, since, outside = globalThis }) {
    super();
    this.#address = address;
    this.#types = types;
    this.#since = since;
    this.#outside = outside;
    this.facts.openedAt = outside.Date.now();
  }

  /** The id of the last event seen: where a new connection goes on. */
  get since() {
    return this.#since;
  }

  open() {
    if (this.facts.ended) return;
    this.close();
    this.facts.nextTry = null;
    this.#changed();
    this.#controller = new AbortController();
    this.#read(this.#controller);
  }

  close() {
    this.#outside.clearTimeout(this.#timer);
    this.#outside.clearTimeout(this.#silence);
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
    try {
      const response = await this.#outside.fetch(this.#url(), {
        headers: { accept: "text/event-stream" },
        cache: "no-store",
        signal: controller.signal,
      });
      if (FINAL[response.status]) return this.end(FINAL[response.status]);
      // An id that the server can't read: start from now, and let the page fetch what it missed.
      if (response.status === 400 && this.#since !== null) {
        this.#since = null;
        this.#tell({ type: "reset", data: { reason: "unreadable" }, id: null });
      }
      if (isStream(response)) await this.#follow(response.body, controller);
      else wait = retryAfter(response);
    } catch {
      // A connection refused, cut, or closed by us: the next lines know which.
    }
    if (controller === this.#controller) this.#lost(wait);
    return undefined;
  }

  async #follow(body, controller) {
    const parser = new EventParser({
      onEvent: (event) => this.#heard(event),
      onRetry: (milliseconds) => (this.#hint = milliseconds),
    });
    const text = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      this.#listen(controller);
      const { done, value } = await reader.read();
      if (done || controller !== this.#controller) return;
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
    if (id) this.#since = id;
    if (type === "heartbeat") {
      this.facts.provenAt = this.#outside.Date.now();
      this.facts.lostAt = null;
      this.#attempt = 0;
    }
    this.#tell({ type, data: JSON.parse(data), id });
    if (type === "heartbeat") this.#changed();
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
    const query = new URLSearchParams(this.#types.map((type) => ["types", type]));
    if (this.#since !== null) query.set("since", this.#since);
    return `${this.#address}?${query}`;
  }

  #tell(event) {
    this.dispatchEvent(new CustomEvent("event", { detail: event }));
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("link"));
  }
}

function isStream(response) {
  return (
    response.status === 200 &&
    (response.headers.get("content-type") ?? "").startsWith("text/event-stream")
  );
}

function retryAfter(response) {
  const seconds = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  return Number.isNaN(seconds) ? null : seconds * 1000;
}
