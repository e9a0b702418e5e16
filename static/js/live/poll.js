// Asks again and again, where no stream gets through. Says the same as a stream would.

import { decode } from "../decode.js";
import { POLL_EVERY } from "./link.js";
import { missed } from "./catch-up.js";
import { finality, retryAfter } from "./responses.js";
import { wholeOf } from "../update.js";

/** How long an answer is waited for: milliseconds. */
const PATIENCE = 8_000;
const READY = "/readyz";

/**
 * Dispatches `event` and `link` as `Stream` does, and `failed` when the server can't be reached (it
 * has stopped then). `address` is that of the stream, `since()` the id of the last event seen.
 */
export class Poll extends EventTarget {
  facts;
  #address;
  #types;
  #wantsFigures;
  #since;
  #outside;
  #round = null;
  #timer;

  constructor({ address, types, since, outside = globalThis }) {
    super();
    this.#address = address.replace(/stream$/, "");
    this.ask(types);
    this.#since = since;
    this.#outside = outside;
  }

  /** Ask for other types of events from now on. */
  ask(types) {
    this.#wantsFigures = types.includes("performance_update");
    this.#types = types.filter((type) => type !== "performance_update").concat("scope_changed");
  }

  /** Begin with what is known so far. */
  start(facts) {
    this.facts = { ...facts, nextTry: null, polling: true };
    this.now();
  }

  /** Ask now, unless it is being asked. */
  now() {
    if (this.#round) return;
    this.#outside.clearTimeout(this.#timer);
    this.facts.nextTry = null;
    const round = new AbortController();
    this.#round = round;
    this.#ask(round);
  }

  stop() {
    this.#outside.clearTimeout(this.#timer);
    const round = this.#round;
    this.#round = null;
    round?.abort();
  }

  async #ask(round) {
    const patience = this.#outside.setTimeout(() => round.abort(), PATIENCE);
    const outcome = await this.#outcome(round);
    this.#outside.clearTimeout(patience);
    if (round !== this.#round) return;
    const now = this.#outside.Date.now();
    if (outcome.events) {
      Object.assign(this.facts, { provenAt: now, lostAt: null });
      for (const detail of outcome.events) {
        this.dispatchEvent(new CustomEvent("event", { detail }));
        // `ready` says whose answers these are: somebody else's are told no further
        if (round !== this.#round) return;
      }
    }
    this.#round = null;
    if (outcome.unreachable) this.facts.lostAt ??= now;
    else if (outcome.ended) this.facts.ended = outcome.ended;
    else this.#again(Math.max(POLL_EVERY, outcome.wait ?? 0));
    this.dispatchEvent(new CustomEvent(outcome.unreachable ? "failed" : "link"));
  }

  #again(delay) {
    this.facts.nextTry = this.#outside.Date.now() + delay;
    this.#timer = this.#outside.setTimeout(() => this.now(), delay);
  }

  async #outcome({ signal }) {
    const read = async (address) => {
      const response = await this.#outside.fetch(address, {
        headers: { accept: "application/json" },
        cache: "no-store",
        signal,
      });
      if (!response.ok) throw new Refusal(response, address);
      return decode(await response.text());
    };
    try {
      if (!(await read(READY)).live) return {};
      return { events: await this.#news(read) };
    } catch (error) {
      if (!(error instanceof Refusal)) return { unreachable: true };
      return { ended: error.finality, wait: retryAfter(error.response) };
    }
  }

  async #news(read) {
    const since = this.#since();
    const address = `${this.#address}events`;
    const { events, asOf, asOfTime } = await missed({ read, address, types: this.#types, since });
    const happened = events?.map((event) => told(event.type, event, event.id)) ?? [
      told("reset", { reason: "expired" }, asOf),
    ];
    const figures = this.#wantsFigures && happened.length > 0 ? await read(`${this.#address}overview`) : null;
    // asked last: the cookie may be somebody else's by now, an answer before was theirs at the latest
    const me = await read("/api/v1/auth/me");
    const scope = { educator_id: me.id };
    return [
      told("ready", { as_of: asOf, as_of_time: asOfTime, scope }, since ?? asOf),
      ...happened,
      ...(figures ? [told("performance_update", wholeOf(figures))] : []),
      told("heartbeat", { as_of_time: asOfTime, lag_ms: null }, asOf),
    ];
  }
}

class Refusal extends Error {
  constructor(response, address) {
    super(`${response.status}`);
    this.response = response;
    // readiness is nobody's in particular
    this.finality = address === READY ? undefined : finality(response);
  }
}

function told(type, data, id = null) {
  return { type, data, id };
}
