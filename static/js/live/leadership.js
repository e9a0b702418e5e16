// One among the tabs of a browser leads: the holder of the lock of this name.

/**
 * `onLead({stolen})`: this tab leads from now on. `onTakenOver()`: another tab took the lead away.
 * `onAlone()`: locks are not to be had here.
 * A leader that goes away, closed or crashed, is followed at once by the next that seeks.
 */
export class Leadership {
  #locks;
  #name;
  #onLead;
  #onTakenOver;
  #onAlone;
  #seat = null;

  constructor({ locks, name, onLead, onTakenOver, onAlone }) {
    this.#locks = locks;
    this.#name = name;
    this.#onLead = onLead;
    this.#onTakenOver = onTakenOver;
    this.#onAlone = onAlone;
  }

  /** Wait for the lead, or take it from one who does not answer. */
  seek({ steal = false } = {}) {
    this.leave();
    const seat = { controller: new AbortController(), leave: null };
    this.#seat = seat;
    const how = steal ? { steal: true } : { signal: seat.controller.signal };
    const held = this.#locks.request(this.#name, how, () => {
      if (seat !== this.#seat) return undefined;
      return new Promise((leave) => {
        seat.leave = leave;
        this.#onLead({ stolen: steal });
      });
    });
    held.catch((error) => {
      if (seat !== this.#seat) return;
      this.#seat = null;
      if (error.name !== "AbortError") this.#onAlone();
      else if (seat.leave) this.#onTakenOver();
      // robbed before we knew: asleep when it was our turn
      else this.seek();
    });
  }

  leave() {
    const seat = this.#seat;
    this.#seat = null;
    seat?.controller.abort();
    seat?.leave?.();
  }
}
