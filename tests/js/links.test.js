import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf, viewOf } from "../../static/js/links.js";

const here = new URL("http://school.test/students?term=3&q=a%26b&student=7");

test("a card lies over the view that is open, with all that it filters", () => {
  assert.equal(addressOf("student", 12, here), "/students?term=3&q=a%26b&student=12");
});

test("another view keeps the term and nothing else", () => {
  assert.equal(addressOf("section", 4, here), "/sections/4?term=3");
});

test("a view is its address without the card", () => {
  assert.equal(viewOf(here.href), "http://school.test/students?term=3&q=a%26b");
  assert.equal(viewOf("http://school.test/?student=7"), "http://school.test/");
  assert.equal(viewOf("http://school.test/sections/4"), "http://school.test/sections/4");
});
