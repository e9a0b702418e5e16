import assert from "node:assert/strict";
import { test } from "node:test";

import { decode } from "../../static/js/decode.js";

test("an id that no number can hold is its digits", () => {
  assert.deepEqual(decode('{"a": 115370000000000061, "b": [9007199254740993, -9007199254740993]}'), {
    a: "115370000000000061",
    b: ["9007199254740993", "-9007199254740993"],
  });
});

test("two ids that differ in their last digit alone stay two", () => {
  const [one, other] = decode("[115370000000000060,115370000000000061]");
  assert.notEqual(one, other);
});

test("a number that fits stays a number", () => {
  const text =
    '{"id": 9007199254740991, "n": -3, "average": 123456789012.345000000000, "e": 1.5E+300,' +
    ' "least": -0.000000000000000000123}';
  assert.deepEqual(decode(text), JSON.parse(text));
});

test("a score that would be rounded is its digits", () => {
  const digits = ["59.99499999999999999999999999", "-123456789.12345678", "1.2345678901234567e-5"];
  assert.deepEqual(decode(`[${digits}, 59.995]`), [...digits, 59.995]);
});

test("digits inside of text stay as they are", () => {
  const said = { name: 'say "115370000000000061", \\', "115370000000000061": "1\u20281" };
  assert.deepEqual(decode(JSON.stringify(said)), said);
  assert.deepEqual(decode('{"a\\\\": "\\\\", "b": 115370000000000061}'), {
    "a\\": "\\",
    b: "115370000000000061",
  });
});

test("what is no JSON is refused", () => {
  assert.throws(() => decode('{"a": 115370000000000061'), SyntaxError);
  assert.throws(() => decode("115370000000000061 x"), SyntaxError);
});
