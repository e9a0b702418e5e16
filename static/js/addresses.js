// Where links of a page lead. The server's addresses.py is the twin.

/** The same page, with a student: what else its address holds stays. */
export function studentLink(id) {
  const address = new URL(location);
  address.searchParams.set("student", id);
  return address.href;
}
