// An event's id is `EPOCH-POSITION`: this is the one place of the pages that knows it.

const ID = /^([0-9A-Za-z]{1,40})-(\d{1,18})$/;

/** Below, at or above 0 as `a` comes before, at or after `b`; NaN for ids of different epochs. */
export function compare(a, b) {
  const [, epoch, position] = ID.exec(a) ?? [];
  const [, otherEpoch, other] = ID.exec(b) ?? [];
  if (epoch === undefined || epoch !== otherEpoch) return Number.NaN;
  return Number(BigInt(position) - BigInt(other));
}
