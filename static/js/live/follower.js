// A tab that listens to the leading one, and notices when it says nothing any more.

const LOOK_EVERY = 500;
/** So long without a word, and it is asked: milliseconds. The server's heartbeats are more often. */
const QUIET = 12_000;
/** So long without an answer, and it is taken to be stuck. */
const ANSWER = 2_000;
/** An answer that is so late was not missed: this tab itself was asleep. */
const ASLEEP = 4_000;
const MOST_HELD = 1_000;

/**
 * `types`: the events that this tab wants. `since()`: how far it has come. `onEvent(event)`, `onFacts(facts)`: what the leader says,
 * each thing once and nothing left out. `onStuck()`: it does not answer, and somebody looks at us.
 */
export class Follower {
  /** Of the leader that is believed; 0 while none was heard. */
  term;
  #channel;
  #types;
  #since;
  #outside;
  #onEvent;
  #onFacts;
  #onStuck;
  #joining = true;
  #held = [];
  #said = 0;
  #facts = null;
  #heardAt = 0;
  #askedAt = null;
  #timer;

  constructor({ channel, term, types, since, outside, onEvent, onFacts, onStuck }) {
    this.#channel = channel;
    this.term = term;
    this.#types = types;
    this.#since = since;
    this.#outside = outside;
    this.#onEvent = onEvent;
    this.#onFacts = onFacts;
    this.#onStuck = onStuck;
  }

  /** Say how far we have come, so as to be given the rest. */
  join({ hurry = false } = {}) {
    this.#joining = true;
    this.#held = [];
    this.#ask({ kind: "join", types: this.#types, since: this.#since(), hurry });
  }

  /** Somebody looks, or the network is back: is the leader there, and does it try? */
  hurry() {
    if (this.#joining) this.join({ hurry: true });
    else this.#ask({ kind: "ask", hurry: true });
  }

  /** Say that nothing is wanted here any more. */
  leave() {
    this.#channel.post({ kind: "leave" });
  }

  close() {
    this.#outside.clearTimeout(this.#timer);
  }

  receive(message) {
    if (!message.term || message.term < this.term) return;
    const isNew = message.term > this.term;
    this.term = message.term;
    this.#heardAt = this.#now;
    if (message.kind === "welcome") this.#welcome(message);
    else if (isNew) this.join();
    else if (this.#joining) this.#hold(message);
    else this.#hear(message);
  }

  #welcome({ said, facts, at, events, figures }) {
    this.#askedAt = null;
    if (!this.#joining) return;
    this.#joining = false;
    this.#said = said;
    if (events) events.forEach(this.#onEvent);
    else this.#onEvent({ type: "reset", data: { reason: "missed" }, id: at });
    if (figures) this.#onEvent(figures);
    this.#learn(facts);
    // what was said meanwhile and is not in the welcome
    this.#held.splice(0).forEach((message) => this.#hear(message));
  }

  #hold(message) {
    if (message.kind === "event") this.#held.push(message);
    if (this.#held.length > MOST_HELD) this.join();
  }

  #hear({ kind, said, event, facts }) {
    // any word is an answer, but to a joiner
    this.#askedAt = null;
    const missing = said - this.#said - (kind === "event" ? 1 : 0);
    if (missing > 0) {
      this.join();
    } else if (kind === "event" && missing === 0) {
      this.#said = said;
      this.#onEvent(event);
    }
    if (facts) this.#learn(facts);
  }

  #learn(facts) {
    this.#facts = facts;
    this.#onFacts(facts);
  }

  #look() {
    this.#lookLater();
    if (this.#outside.document.visibilityState === "hidden") {
      this.#askedAt = null;
      return;
    }
    const asked = this.#now - this.#askedAt;
    if (this.#askedAt === null) {
      if (this.#isOverdue) this.hurry();
    } else if (asked > ASLEEP) {
      this.hurry();
    } else if (asked >= ANSWER) {
      this.#onStuck();
    }
  }

  /** Whether something should have come by now: a word, the next try, or the next poll. */
  get #isOverdue() {
    if (this.#joining || this.#now - this.#heardAt > QUIET) return true;
    const due = this.#facts?.nextTry ?? Infinity;
    return this.#now > due + ANSWER;
  }

  #ask(question) {
    this.#askedAt = this.#now;
    this.#channel.post(question);
    this.#lookLater();
  }

  #lookLater() {
    this.#outside.clearTimeout(this.#timer);
    this.#timer = this.#outside.setTimeout(() => this.#look(), LOOK_EVERY);
  }

  get #now() {
    return this.#outside.Date.now();
  }
}
