// One list of records by their key: rows stay, move, come and go with what is told.

import { fill, markChanged } from "./fields.js";

export class List {
  #element;
  #row;

  /** `name` is that of the `data-list` and of the `<template data-row>` beside it. */
  constructor(root, name) {
    this.#element = root.querySelector(`[data-list="${name}"]`);
    this.#row = root.querySelector(`template[data-row="${name}"]`);
  }

  /** Show exactly `records` (each with its `key`), in their order; answers whether any changed. */
  show(records) {
    const rows = this.#rows();
    const wanted = records.map((record) => rows.get(record.key) ?? this.#made(record));
    let changed = wanted.length !== rows.size;
    records.forEach((record, index) => {
      const row = wanted[index];
      const isNew = !rows.has(record.key);
      changed = fill(row, record, { mark: !isNew }) || isNew || changed;
      if (this.#element.children[index] !== row) this.#move(row, index);
      if (isNew) markChanged(row);
    });
    while (this.#element.childElementCount > records.length) this.#element.lastElementChild.remove();
    return changed;
  }

  /** Show these records where they stand already; answers whether any changed, and the others. */
  update(records) {
    const rows = this.#rows();
    const unknown = records.filter(({ key }) => !rows.has(key));
    let changed = false;
    for (const record of records) {
      const row = rows.get(record.key);
      if (row) changed = fill(row, record) || changed;
    }
    return { changed, unknown };
  }

  /** Whether only a part of all is listed here. */
  get isTruncated() {
    return "truncated" in this.#element.dataset;
  }

  /** How long the bar of a value is in the last row: 0 to 100. */
  last(field) {
    const bar = this.#element.lastElementChild?.querySelector(`[data-bar="${field}"]`);
    return Number(bar?.getAttribute("width") ?? 0);
  }

  // Who stands on a link in a row goes with it.
  #move(row, index) {
    const focused = row.contains(document.activeElement) ? document.activeElement : null;
    this.#element.insertBefore(row, this.#element.children[index] ?? null);
    focused?.focus({ preventScroll: true });
  }

  #rows() {
    return new Map([...this.#element.children].map((row) => [row.dataset.key, row]));
  }

  #made(record) {
    const row = this.#row.content.firstElementChild.cloneNode(true);
    row.dataset.key = record.key;
    if (record.kind) row.dataset.kind = record.kind;
    return row;
  }
}
