// JSON whose numbers may be longer than a number of JavaScript's can hold: those become text.

const LONG = /\d{16}|[\d.]{17}/;
/** So many digits every number keeps. */
const KEPT = 15;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * The value of a JSON text; a number that would not be exact is its digits: an id that two rows
 * would share, a score that would be rounded before it is shown.
 */
export function decode(text) {
  return JSON.parse(LONG.test(text) ? text.replace(TOKEN, exact) : text);
}

function exact(token) {
  if (token.startsWith('"')) return token;
  const isExact = /[.eE]/.test(token)
    ? digitsOf(token) <= KEPT
    : Number.isSafeInteger(Number(token));
  return isExact ? token : `"${token}"`;
}

// Without the zeros before the first that counts and after the last.
function digitsOf(token) {
  const digits = token.split(/e/i)[0].replace(/[-.]/g, "");
  let first = 0;
  let end = digits.length;
  while (digits[first] === "0") first += 1;
  while (end > first && digits[end - 1] === "0") end -= 1;
  return end - first;
}
