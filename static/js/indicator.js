// Says, in words and colour, whether what is on the page is what the school's database holds.

import { shown } from "./format.js";
import { linkState, POLL_EVERY } from "./live/link.js";

const STATES = {
  connecting: "Connecting",
  live: "Live Data",
  polling: `Checking every ${POLL_EVERY / 1000} s`,
  reconnecting: "Reconnecting",
  stale: "Stale",
  ended: "Not live",
};
/** Of an end, by its reason: in short, in a sentence, and the way out. */
const ENDS = {
  "signed-out": ["signed out", "You are signed out.", "Sign in again"],
  "someone-else": [
    "someone else signed in",
    "Someone else signed in in this browser, so this page has stopped updating.",
    "Load the page again",
  ],
  forbidden: ["no access", "You no longer have access to this page.", "Load the page again"],
};

export class Indicator {
  #element;
  #notice;
  #announcer;
  #asOf;
  #name = null;
  #written = "";

  /** `asOf`: the time that the figures on the page are as of. */
  constructor({ element, notice, announcer, asOf }) {
    this.#element = element;
    this.#notice = notice;
    this.#announcer = announcer;
    this.#asOf = asOf;
  }

  set asOf(time) {
    if (time) this.#asOf = time;
  }

  show(facts, now = Date.now()) {
    const state = linkState(facts, now);
    const detail = this.#detail(state, now);
    const written = `${state.name} ${detail}`;
    if (written !== this.#written) {
      this.#written = written;
      this.#part(this.#element, "state").textContent = this.#title(state);
      this.#part(this.#element, "detail").textContent = detail;
    }
    if (state.name !== this.#name) this.#enter(state);
  }

  #title(state) {
    return state.name === "stale" ? `Stale since ${shown(this.#asOf, "hours")}` : STATES[state.name];
  }

  #detail(state, now) {
    const figures = `as of ${shown(this.#asOf, "clock")}`;
    switch (state.name) {
      case "live":
      case "polling":
      case "connecting":
        return figures;
      case "reconnecting":
        return `since ${shown(state.since, "hours")}, ${nextTry(state, now)}`;
      case "stale":
        return `· ${nextTry(state, now)}`;
      default:
        return `${ENDS[state.reason][0]}, ${figures}`;
    }
  }

  // The notice and the announcement come once a state, not once a second.
  #enter(state) {
    const before = this.#name;
    this.#name = state.name;
    document.body.dataset.link = state.name;
    const words = this.#words(state);
    this.#notice.hidden = words === null;
    this.#part(this.#notice, "words").textContent = words ?? "";
    const wayOut = this.#part(this.#notice, "way-out");
    wayOut.textContent = ENDS[state.reason ?? "forbidden"][2];
    if (words !== null) this.#announcer.now(words);
    else if (before === "stale" || before === "reconnecting") {
      if (state.name === "live") this.#announcer.now("Live again. The figures are up to date.");
      if (state.name === "polling") this.#announcer.now(`${STATES.polling}: the figures are kept up.`);
    }
  }

  #words(state) {
    const since = shown(this.#asOf, "hours");
    if (state.name === "stale") {
      return `These figures are from ${since} and may be out of date. Reconnecting…`;
    }
    if (state.name !== "ended") return null;
    return `${ENDS[state.reason][1]} Figures shown are from ${since}.`;
  }

  #part(element, name) {
    return element.querySelector(`[data-part="${name}"]`);
  }
}

function nextTry({ nextTry: at }, now) {
  if (at === null) return "trying now";
  return `next try in ${Math.max(1, Math.ceil((at - now) / 1000))} s`;
}
