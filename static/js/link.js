// What may honestly be said about the data on the page, from what is known of the stream.

/** Without a heartbeat for this long the figures may be old: milliseconds. */
export const PROOF_LASTS = 25_000;

/**
 * One of `connecting`, `live`, `reconnecting`, `stale`, `ended`.
 *
 * Only a heartbeat is proof. `facts`, times in milliseconds: `openedAt` (this page started to
 * listen), `provenAt` (the last heartbeat arrived, or null), `lostAt` (since when no heartbeat came
 * over an unbroken connection, or null), `nextTry` (or null), `ended` (the reason, or null).
 */
export function linkState(facts, now) {
  if (facts.ended) return { name: "ended", reason: facts.ended };
  const fresh = now - (facts.provenAt ?? facts.openedAt) < PROOF_LASTS;
  if (!fresh) return { name: "stale", nextTry: facts.nextTry };
  if (facts.lostAt !== null) {
    return { name: "reconnecting", since: facts.lostAt, nextTry: facts.nextTry };
  }
  return { name: facts.provenAt === null ? "connecting" : "live" };
}
