// What an answer of the server means for a client that keeps asking.

const FINAL = { 401: "signed-out", 403: "forbidden", 404: "forbidden" };

/** Why no other try is to be made, or undefined. */
export function finality(response) {
  return FINAL[response.status];
}

export function isStream(response) {
  return (
    response.status === 200 &&
    (response.headers.get("content-type") ?? "").startsWith("text/event-stream")
  );
}

/** How long it asks to wait, in milliseconds, or null. */
export function retryAfter(response) {
  const seconds = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  return Number.isNaN(seconds) ? null : seconds * 1000;
}
