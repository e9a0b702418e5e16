// The tab that holds the browser's one stream, and passes on what comes over it.

import { decode } from "../decode.js";
import { merged } from "../update.js";
import { compare } from "./position.js";
import { Replay } from "./replay.js";
import { Source } from "./source.js";

/** How long a new leader lets the others say how far they have come: milliseconds. */
const GATHERED = 100;
/** A tab further behind than so many positions reloads itself: nobody waits for it. */
const FAR_BEHIND = 5_000;
/** So long a type of event is still asked for that nobody wants any more: milliseconds. */
const LINGER = 10_000;
const ME = "/api/v1/auth/me";

/**
 * `source`: what a `Source` needs; to its `types` come those that other tabs want.
 * `term` grows from leader to leader: the higher one is believed.
 * `onEvent(event)`, `onFacts(facts)`: for this tab's own page.
 */
export class Leader {
  #channel;
  #term;
  #who;
  #given;
  #onEvent;
  #onFacts;
  #source = null;
  #replay = new Replay();
  #figures = null;
  #said = 0;
  #joining = [];
  #wanted = new Map();
  #timer;
  #narrowing;

  constructor({ channel, term, who, source, onEvent, onFacts }) {
    this.#channel = channel;
    this.#term = term;
    this.#who = who;
    this.#given = source;
    this.#onEvent = onEvent;
    this.#onFacts = onFacts;
  }

  /** Begin; `gather`: there are others, whose place counts for where to go on. */
  begin({ gather }) {
    this.#say({ kind: "leading" });
    if (gather) this.#timer = this.#given.outside.setTimeout(() => this.#start(), GATHERED);
    else this.#start();
  }

  /** Connect again. */
  open() {
    this.#source?.open();
  }

  hurry() {
    this.#source?.hurry();
  }

  close() {
    this.#given.outside.clearTimeout(this.#timer);
    this.#given.outside.clearTimeout(this.#narrowing);
    this.#source?.close();
  }

  receive(message) {
    if (message.term) this.#contradict(message.term);
    if (message.hurry) this.hurry();
    if (message.kind === "join") this.#admit(message);
    else if (message.kind === "leave") this.#left(message.from);
    else if (message.kind === "ask") {
      this.#say({ kind: "here", to: message.from, facts: this.#facts });
    }
  }

  /** Ask whose the cookie is: another tab found it to be somebody else's. */
  async verify() {
    const response = await this.#given.outside.fetch(ME, { cache: "no-store" }).catch(() => null);
    if (response?.ok) this.#check(decode(await response.text()).id);
    else if (response?.status === 401) this.#source?.end("signed-out");
  }

  // The lock decides who leads. One who was robbed in its sleep does not know it yet, and may have
  // been believed.
  #contradict(term) {
    if (term >= this.#term) this.#term = term + 1;
    this.#say({ kind: "leading" });
  }

  get #facts() {
    return this.#source?.facts ?? this.#given.facts;
  }

  #start() {
    const since = this.#joining.reduce(
      (first, { since }) => (isBefore(since, first, this.#given.since) ? since : first),
      this.#given.since,
    );
    this.#replay.restart(since);
    this.#joining.forEach(({ from, types = [] }) => this.#wanted.set(from, types));
    this.#source = new Source({ ...this.#given, types: this.#types, since });
    this.#source.addEventListener("event", ({ detail }) => this.#heard(detail));
    this.#source.addEventListener("link", () => this.#changed());
    this.#source.open();
    this.#joining.splice(0).forEach((message) => this.#admit(message));
  }

  #admit(message) {
    if (!this.#source) {
      this.#joining.push(message);
      return;
    }
    this.#wanted.set(message.from, message.types ?? []);
    if (this.#types.some((type) => !this.#source.types.includes(type))) this.#ask();
    const events = this.#replay.after(message.since);
    this.#say({
      kind: "welcome",
      to: message.from,
      facts: this.#facts,
      at: this.#source.since,
      events,
      figures: this.#figures,
    });
  }

  get #types() {
    return [...new Set([...this.#given.types, ...[...this.#wanted.values()].flat()])];
  }

  #ask() {
    if (!this.#types.includes("performance_update")) this.#figures = null;
    this.#source.ask(this.#types);
  }

  // A reader who only goes to the next page is back in a moment.
  #left(tab) {
    const { outside } = this.#given;
    this.#wanted.delete(tab);
    outside.clearTimeout(this.#narrowing);
    this.#narrowing = outside.setTimeout(() => {
      if (this.#source?.types.some((type) => !this.#types.includes(type))) this.#ask();
    }, LINGER);
  }

  #heard(event) {
    const { type, data, id } = event;
    if (type === "ready" && !this.#check(data.scope.educator_id)) return;
    if (type === "ready") this.#say({ kind: "owner" });
    if (type === "performance_update") this.#figures = { ...event, data: merged(this.#figures?.data, data) };
    else if (type === "reset" || (type === "ready" && this.#replay.start === null)) {
      this.#replay.restart(id);
    } else if (data.id === id && type !== "ready" && type !== "heartbeat") this.#replay.add(event);
    // one renewal of the session is enough for all
    if (type !== "token_expiring") {
      this.#said += 1;
      this.#say({ kind: "event", event });
    }
    this.#onEvent(event);
  }

  #check(educator) {
    const isTheirs = educator === undefined || String(educator) === this.#who;
    if (!isTheirs) this.#source?.end("someone-else");
    return isTheirs;
  }

  #changed() {
    this.#say({ kind: "facts", facts: this.#facts });
    this.#onFacts(this.#facts);
  }

  /** `said` tells whether one who listens has heard all. */
  #say(message) {
    this.#channel.post({ ...message, term: this.#term, said: this.#said });
  }
}

function isBefore(since, first, own) {
  return compare(since, first) < 0 && compare(own, since) <= FAR_BEHIND;
}
