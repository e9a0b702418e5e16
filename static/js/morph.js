// Makes a part of the page like a fresh one from the server and keeps what the reader holds: the
// nodes, the focus, what they opened and what they are typing.

import { markChanged } from "./fields.js";

/**
 * `current` becomes what `fresh` is. Children with a `data-key` or an id keep their node wherever
 * they go; what carries `data-own` is a script's own and is left alone. In a list with `data-calm`
 * for which `isHeld` answers true no row moves, comes or goes: only its values change.
 *
 * Answers whether such a list now differs in its rows or their order.
 */
export function morph(current, fresh, { isHeld = () => false } = {}) {
  const focused = document.activeElement;
  const differs = alike(current, fresh, isHeld);
  if (focused !== document.activeElement && focused?.isConnected) {
    focused.focus({ preventScroll: true });
  }
  return differs;
}

function alike(element, fresh, isHeld) {
  if (element.hasAttribute("data-own")) return false;
  const isEdited = wasEdited(element);
  copyAttributes(element, fresh);
  const differs =
    element.hasAttribute("data-calm") && isHeld(element)
      ? valuesOnly(element, fresh, isHeld)
      : children(element, fresh, isHeld);
  if (!isEdited) copyValue(element, fresh);
  return differs;
}

function copyAttributes(element, fresh) {
  const isMarked = element.classList.contains("changed");
  for (const { name, value } of fresh.attributes) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  for (const { name } of [...element.attributes]) {
    if (!fresh.hasAttribute(name) && !isReaders(element, name)) element.removeAttribute(name);
  }
  if (isMarked) element.classList.add("changed");
}

// What is open was opened by the reader.
function isReaders(element, name) {
  return name === "open" && (element.localName === "details" || element.localName === "dialog");
}

// What the reader put in and the server has not answered yet.
function wasEdited(element) {
  if (element.localName === "input") return element.value !== element.defaultValue;
  if (element.localName !== "select") return false;
  const given = [...element.options].findLastIndex((option) => option.defaultSelected);
  return element.selectedIndex !== Math.max(0, given);
}

function copyValue(element, fresh) {
  if (!["input", "select"].includes(element.localName)) return;
  if (element.type !== "hidden" && element.value !== fresh.value) element.value = fresh.value;
}

function children(element, fresh, isHeld) {
  const known = keyed(element);
  let differs = false;
  let at = element.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const own = keyOf(wanted) ? known.get(keyOf(wanted)) : unkeyed(at);
    if (own && own.nodeName === wanted.nodeName) {
      if (own === at) at = at.nextSibling;
      else element.insertBefore(own, at);
      differs = same(own, wanted, isHeld) || differs;
    } else {
      const made = element.insertBefore(document.importNode(wanted, true), at);
      if (keyOf(made)) markChanged(made);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
  return differs;
}

function valuesOnly(list, fresh, isHeld) {
  const known = keyed(list);
  const wanted = [...fresh.children];
  for (const row of wanted) {
    const own = known.get(keyOf(row));
    if (own) alike(own, row, isHeld);
  }
  return [...known.keys()].join("\n") !== wanted.map(keyOf).join("\n");
}

function same(own, wanted, isHeld) {
  if (own.nodeType === Node.ELEMENT_NODE) return alike(own, wanted, isHeld);
  if (own.nodeValue !== wanted.nodeValue) {
    own.nodeValue = wanted.nodeValue;
    const field = own.parentElement?.closest("[data-field]");
    if (field) markChanged(field);
  }
  return false;
}

function keyed(element) {
  const children = [...element.children].filter(keyOf);
  return new Map(children.map((child) => [keyOf(child), child]));
}

function unkeyed(node) {
  while (node && keyOf(node)) node = node.nextSibling;
  return node;
}

function keyOf(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.dataset.key || node.id : "";
}
