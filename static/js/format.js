// Values as text. The server's display.py is the twin: both write the same figures. A number that
// decode.js kept as its digits is rounded as these, not as the nearest number of JavaScript's.

export const UNKNOWN = "–";

const LANGUAGE = globalThis.document?.documentElement.lang || "en";
const whole = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 0 });
const marks = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 2 });
const percent = new Intl.NumberFormat(LANGUAGE, {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const day = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeZone: "UTC" });
const clock = new Intl.DateTimeFormat(LANGUAGE, { timeStyle: "medium", hourCycle: "h23" });
const hours = new Intl.DateTimeFormat(LANGUAGE, { timeStyle: "short", hourCycle: "h23" });
const dayAndHours = new Intl.DateTimeFormat(LANGUAGE, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

const RESULTS = { pass: "passing", fail: "failing", no_data: "no grades yet" };

const BASES = { calendar: "school days", sessions: "sessions", mixed: "school days or sessions" };

const FORMS = {
  text: String,
  whole: (value) => whole.format(value),
  sections: counted("section"),
  subjects: counted("subject"),
  students: counted("student"),
  rows: counted("row"),
  items: counted("item"),
  percent: (value) => `${percent.format(value)}%`,
  marks: (value) => marks.format(value),
  day: dayOf,
  result: (value) => RESULTS[value],
  yes_no: (value) => (value ? "yes" : "no"),
  basis: (value) => BASES[value],
  coverage: coverageOf,
  clock: (value) => clock.format(new Date(value)),
  hours: (value) => hours.format(new Date(value)),
  moment: (value) => (isToday(new Date(value)) ? hours : dayAndHours).format(new Date(value)),
};

/** `value` as text in one of the forms; unknown is "–", never 0. */
export function shown(value, form) {
  return value === null || value === undefined || value === "" ? UNKNOWN : FORMS[form](value);
}

/** A percentage as the length of a bar: 0 to 100, nothing for unknown. */
export function lengthOfBar(value) {
  return Math.min(Math.max(Number(value ?? 0), 0), 100).toFixed(2);
}

/** How a figure moved since `then`: "+1.25", "−3", "no change", or nothing where one is unknown. */
export function shownChange(now, then, form) {
  if (now === null || now === undefined || then === null || then === "") return "";
  const moved = Math.round((now - then) * 100) / 100;
  if (moved === 0) return "no change";
  return (moved > 0 ? "+" : "−") + (form === "whole" ? whole : percent).format(Math.abs(moved));
}

function counted(noun) {
  return (value) => `${whole.format(value)} ${noun}${Number(value) === 1 ? "" : "s"}`;
}

// What a figure does not know: "7 of 9 due items marked, 2 registers missing".
function coverageOf(value) {
  const { due_items: due, marked_items: marked, uncounted_count: uncounted } = value;
  const items = `due item${Number(due) === 1 ? "" : "s"} marked`;
  const parts = [due ? `${whole.format(marked)} of ${whole.format(due)} ${items}` : "no items due"];
  if (value.registers_expected !== null) {
    const missing = value.registers_expected - value.registers_taken;
    parts.push(missing ? `${counted("register")(missing)} missing` : "no register missing");
  }
  if (uncounted) parts.push(`${counted("grade")(uncounted)} not counted`);
  return parts.join(", ");
}

function dayOf(value) {
  const date = new Date(`${String(value).slice(0, 10)}T00:00:00Z`);
  // a day that Postgres knows and our calendar does not, as infinity
  return Number.isNaN(date.getTime()) ? UNKNOWN : day.format(date);
}

function isToday(time) {
  return time.toDateString() === new Date().toDateString();
}
