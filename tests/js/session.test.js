import assert from "node:assert/strict";
import { test } from "node:test";
import { csrfToken } from "../../static/js/session.js";

test("the token that a write repeats is that of the cookie of now", () => {
  assert.equal(csrfToken("theme=dark; classpulse_csrf=abc123; x=1"), "abc123");
  assert.equal(csrfToken("theme=dark"), "");
  assert.equal(csrfToken(""), "");
});
