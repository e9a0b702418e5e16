// What the tabs of one educator in one browser tell each other.

// The number grows when the messages change: tabs of two releases each have their own.
const NAME = "classpulse live 2";

/** Whether the tabs of this browser can share anything: both need a secure context or localhost. */
export function canShare(outside) {
  return Boolean(outside.navigator?.locks && outside.BroadcastChannel);
}

/** The name of the lock that goes with the channel. */
export function lockOf(who) {
  return `${NAME}, educator ${who}`;
}

/** Stands in where nobody listens. */
export const SILENT = { post() {}, close() {} };

/**
 * `onMessage(message)`: another tab of the same educator says something; `to` names one tab, or
 * nobody. `onOtherEducator()`: the cookie that all tabs share turned out to be another educator's.
 */
export class Channel {
  tab;
  #who;
  #port;

  constructor({ who, outside, onMessage, onOtherEducator }) {
    this.#who = who;
    this.tab = outside.Math.random().toString(36).slice(2);
    this.#port = new outside.BroadcastChannel(NAME);
    this.#port.onmessage = ({ data }) => {
      if (data.who === who && (data.to ?? this.tab) === this.tab) onMessage(data);
      else if (data.who !== who && data.kind === "owner") onOtherEducator();
    };
  }

  post(message) {
    this.#port.postMessage({ ...message, who: this.#who, from: this.tab });
  }

  close() {
    this.#port.onmessage = null;
    this.#port.close();
  }
}
