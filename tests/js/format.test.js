import assert from "node:assert/strict";
import { test } from "node:test";

process.env.TZ = "Asia/Kolkata";
const { UNKNOWN, lengthOfBar, shown } = await import("../../static/js/format.js");

test("unknown is a dash, never a zero", () => {
  for (const form of ["text", "whole", "percent", "marks", "clock", "moment", "day"]) {
    assert.equal(shown(null, form), "–");
    assert.equal(shown(undefined, form), "–");
  }
  assert.equal(shown(0, "percent"), "0.00%");
  assert.equal(shown(0, "whole"), "0");
});

test("figures keep their two places", () => {
  assert.equal(shown(83.33, "percent"), "83.33%");
  assert.equal(shown(71.3, "percent"), "71.30%");
  assert.equal(shown(1234567, "whole"), "1,234,567");
  assert.equal(shown(17.5, "marks"), "17.5");
});

test("a figure that is kept as its digits is rounded as these", () => {
  assert.equal(shown("59.99499999999999999999999999", "marks"), "59.99");
  assert.equal(shown("59.99500000000000000000000001", "marks"), "60");
  assert.equal(shown("123456789.12499999999999999999", "percent"), "123,456,789.12%");
  assert.equal(shown("9007199254740993", "whole"), "9,007,199,254,740,993");
  assert.equal(lengthOfBar("59.99499999999999999999999999"), "59.99");
});

test("times are the reader's own, days are not moved", () => {
  assert.equal(shown("2025-10-20T15:30:05Z", "clock"), "21:00:05");
  assert.equal(shown("2025-10-20T18:40:05Z", "moment"), "Oct 21, 00:10");
  assert.equal(shown("2025-10-20", "day"), "Oct 20, 2025");
  for (const never of ["infinity", "-infinity", "12000-01-01"]) {
    assert.equal(shown(never, "day"), UNKNOWN);
  }
});

test("a bar is never longer than whole nor shorter than nothing", () => {
  assert.equal(lengthOfBar(104.5), "100.00");
  assert.equal(lengthOfBar(null), "0.00");
  assert.equal(lengthOfBar(71.3), "71.30");
});

test("a result and a yes are words, and unknown is neither", () => {
  assert.equal(shown(1, "sections"), "1 section");
  assert.equal(shown("1234", "subjects"), "1,234 subjects");
  assert.equal(shown(0, "students"), "0 students");
  assert.equal(shown("no_data", "result"), "no grades yet");
  assert.equal(shown("pass", "result"), "passing");
  assert.equal(shown(false, "yes_no"), "no");
  assert.equal(shown(null, "yes_no"), UNKNOWN);
});

test("what a figure does not know is a sentence", () => {
  const covered = (due, marked, expected, taken, uncounted = 0) =>
    shown(
      {
        due_items: due,
        marked_items: marked,
        registers_expected: expected,
        registers_taken: taken,
        uncounted_count: uncounted,
      },
      "coverage",
    );
  assert.equal(covered(9, 7, 20, 18), "7 of 9 due items marked, 2 registers missing");
  assert.equal(covered(1, 0, 5, 4), "0 of 1 due item marked, 1 register missing");
  assert.equal(covered(1234, 1000, 5, 5), "1,000 of 1,234 due items marked, no register missing");
  assert.equal(covered(0, 0, null, 3), "no items due");
  assert.equal(covered(0, 0, null, 3, 2), "no items due, 2 grades not counted");
  assert.equal(shown(null, "coverage"), UNKNOWN);
  assert.equal(shown("calendar", "basis"), "school days");
  assert.equal(shown("sessions", "basis"), "sessions");
});
