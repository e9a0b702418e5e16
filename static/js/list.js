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

  get size() {
    return this.#element.childElementCount;
  }

  has(key) {
    return this.#rows().has(key);
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
      if (this.#element.children[index] !== row) {
        this.#element.insertBefore(row, this.#element.children[index] ?? null);
      }
      if (isNew) markChanged(row);
    });
    while (this.#element.childElementCount > records.length) this.#element.lastElementChild.remove();
    return changed;
  }

  /** Add one record at the top and let go of the last ones over `most`. */
  prepend(record, most) {
    const row = this.#made(record);
    fill(row, record, { mark: false });
    this.#element.prepend(row);
    markChanged(row);
    while (this.#element.childElementCount > most) this.#element.lastElementChild.remove();
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
