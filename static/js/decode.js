// JSON whose ids may be longer than a number of JavaScript's can hold: those become text.

const LONG = /\d{16}/;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** The value of a JSON text; a whole number that a number can't hold exactly is its digits. */
export function decode(text) {
  return JSON.parse(LONG.test(text) ? text.replace(TOKEN, exact) : text);
}

function exact(token) {
  const isWhole = /^-?\d+$/.test(token);
  return isWhole && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token;
}
