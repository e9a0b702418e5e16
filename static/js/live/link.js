// What may honestly be said about the data on the page, from what is known of the stream.

/** Without a heartbeat for this long the figures may be old: milliseconds. */
export const PROOF_LASTS = 25_000;
/** How often the server is asked where no stream gets through: milliseconds. */
export const POLL_EVERY = 10_000;

/** The facts of a page that begins to listen. */
export function unknown(now) {
  return {
    openedAt: now,
    provenAt: null,
    lostAt: null,
    nextTry: null,
    ended: null,
    polling: false,
  };
}

/**
 * One of `connecting`, `live`, `polling`, `reconnecting`, `stale`, `ended`.
 *
 * Only a heartbeat is proof, or, where no stream gets through, the server's own word that a change
 * made now would arrive. `facts`, times in milliseconds: `openedAt` (this page started to listen),
 * `provenAt` (the last proof arrived, or null), `lostAt` (since when none came over an unbroken
 * connection, or null), `nextTry` (or null), `ended` (the reason, or null), `polling` (whether it is
 * asked again and again instead of streamed).
 */
export function linkState(facts, now) {
  if (facts.ended) return { name: "ended", reason: facts.ended };
  const fresh = now - (facts.provenAt ?? facts.openedAt) < PROOF_LASTS;
  if (!fresh) return { name: "stale", nextTry: facts.nextTry };
  if (facts.lostAt !== null) {
    return { name: "reconnecting", since: facts.lostAt, nextTry: facts.nextTry };
  }
  if (facts.provenAt === null) return { name: "connecting" };
  return { name: facts.polling ? "polling" : "live" };
}
