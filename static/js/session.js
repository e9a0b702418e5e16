// The browser's own side of the session: the cookie is out of a script's reach, the server renews it.

/** Ask for a new token in place of the ending one; answers whether there is one now. */
export async function renewSession(csrfToken) {
  try {
    const response = await fetch("/api/v1/auth/refresh", {
      method: "POST",
      headers: { "x-csrf-token": csrfToken },
    });
    return response.ok;
  } catch {
    return false;
  }
}

/** An answer of the API as JSON, or null where there is none. */
export async function answer(address) {
  try {
    const response = await fetch(address, { headers: { accept: "application/json" } });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
