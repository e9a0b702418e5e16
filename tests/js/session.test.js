import assert from "node:assert/strict";
import { test } from "node:test";
import { csrfToken, renewSession } from "../../static/js/session.js";

/** The server's answer to a refresh. */
function answering(status, body) {
  globalThis.document = { cookie: "classpulse_csrf=abc" };
  globalThis.fetch = async () => new Response(JSON.stringify(body), { status });
}

test("the token that a write repeats is that of the cookie of now", () => {
  assert.equal(csrfToken("theme=dark; classpulse_csrf=abc123; x=1"), "abc123");
  assert.equal(csrfToken("theme=dark"), "");
  assert.equal(csrfToken(""), "");
});

test("a stream is opened again for a token that outlives the warning, not for a session's last", async () => {
  answering(200, { expires_in: 43_200 });
  assert.equal(await renewSession(), true);
  answering(200, { expires_in: 59 });
  assert.equal(await renewSession(), false);
  answering(401, { detail: "A session ends after 30 days: log in again." });
  assert.equal(await renewSession(), false);
  globalThis.fetch = async () => {
    throw new TypeError("offline");
  };
  assert.equal(await renewSession(), false);
});
