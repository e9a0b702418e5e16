// What happens, as it happens: one stream for all tabs of an educator in one browser.

import { canShare, Channel, lockOf, SILENT } from "./channel.js";
import { Follower } from "./follower.js";
import { FEED_TYPES } from "../feed-entry.js";
import { Leader } from "./leader.js";
import { Leadership } from "./leadership.js";
import { unknown } from "./link.js";
import { Place } from "./cursor.js";

/** The one stream has what most pages use; what only some do is asked for while one is open. */
const CONTROL = ["ready", "heartbeat", "reset", "scope_changed", "token_expiring"];
/** Between two takings of the lead by one tab: milliseconds. */
const PATIENCE = 10_000;

/**
 * Dispatches `event` (detail: `{type, data, id}`), each event of `types` and each control event
 * once and in order, and `link` (when `facts` changed). `since` is the id that the page's figures
 * are as of; after a `reset` the page fetches itself again. `who` is the educator's id as text.
 * `token_expiring` comes to one tab only: it renews the session for all, then calls `open()`.
 */
export class Live extends EventTarget {
  facts;
  #address;
  #wants;
  #types;
  #who;
  #outside;
  #place;
  #channel = null;
  #leadership = null;
  #leader = null;
  #follower = null;
  #term = 0;
  #tookAt = -Infinity;

  constructor({ address, types, since, who, outside = globalThis }) {
    super();
    this.#address = address;
    this.#wants = types;
    this.#types = new Set([...types, ...CONTROL]);
    this.#who = who;
    this.#outside = outside;
    this.#place = new Place(since);
    this.facts = unknown(outside.Date.now());
  }

  /** The id of the last event seen. */
  get since() {
    return this.#place.since;
  }

  /** Begin to listen, or connect again. */
  open() {
    if (this.facts.ended) return;
    if (this.#leader) this.#leader.open();
    else if (this.#follower) this.#follower.join();
    else if (this.#who && canShare(this.#outside)) this.#share();
    else this.#lead({ channel: SILENT, gather: false });
  }

  /** Listen no more, until opened again; another tab leads if this one did. */
  close() {
    this.#follower?.leave();
    this.#leadership?.leave();
    this.#leader?.close();
    this.#follower?.close();
    this.#channel?.close();
    this.#leadership = this.#leader = this.#follower = this.#channel = null;
  }

  /** Try now instead of later, if a try is being waited for. */
  hurry() {
    this.#leader?.hurry();
    this.#follower?.hurry();
  }

  /** No further try: `reason` says why. */
  end(reason) {
    this.close();
    this.#learn({ ...this.facts, nextTry: null, ended: reason });
  }

  #share() {
    this.#channel = new Channel({
      who: this.#who,
      outside: this.#outside,
      onMessage: (message) => (this.#leader ?? this.#follower)?.receive(message),
      onOtherEducator: () => this.#leader?.verify(),
    });
    this.#leadership = new Leadership({
      locks: this.#outside.navigator.locks,
      name: lockOf(this.#who),
      onLead: ({ stolen }) => {
        const gather = stolen || this.#follower.term > 0;
        this.#lead({ channel: this.#channel, gather });
      },
      onTakenOver: () => this.#robbed(),
      onAlone: () => {
        this.#channel.close();
        this.#channel = null;
        this.#lead({ channel: SILENT, gather: false });
      },
    });
    this.#follow();
  }

  #follow() {
    this.#follower = new Follower({
      channel: this.#channel,
      term: this.#term,
      types: this.#wants,
      since: () => this.since,
      outside: this.#outside,
      onEvent: (event) => this.#hear(event),
      onFacts: (facts) => this.#learn(facts),
      onStuck: () => this.#take(),
    });
    this.#follower.join();
    this.#leadership.seek();
  }

  #lead({ channel, gather }) {
    this.#term = Math.max(this.#outside.Date.now(), (this.#follower?.term ?? 0) + 1);
    this.#follower?.close();
    this.#follower = null;
    this.#leader = new Leader({
      channel,
      term: this.#term,
      who: this.#who,
      source: {
        address: this.#address,
        types: [...new Set([...FEED_TYPES, ...this.#wants])],
        since: this.since,
        facts: this.facts,
        outside: this.#outside,
      },
      onEvent: (event) => this.#hear(event),
      onFacts: (facts) => this.#learn(facts),
    });
    this.#leader.begin({ gather });
  }

  #take() {
    const now = this.#outside.Date.now();
    if (now - this.#tookAt < PATIENCE) return;
    this.#tookAt = now;
    this.#leadership.seek({ steal: true });
  }

  #robbed() {
    this.#leader.close();
    this.#leader = null;
    // the tab that leads now may not have heard of our term
    this.#term = 0;
    this.#follow();
  }

  #hear(event) {
    if (this.facts.ended || !this.#place.take(event) || !this.#types.has(event.type)) return;
    this.dispatchEvent(new CustomEvent("event", { detail: event }));
  }

  #learn(facts) {
    if (this.facts.ended) return;
    if (facts.ended) this.close();
    this.facts = { ...facts, openedAt: this.facts.openedAt };
    this.dispatchEvent(new CustomEvent("link"));
  }
}
