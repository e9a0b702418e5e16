// Menus close as menus do: by Escape, by a choice, by a click elsewhere, when the keyboard leaves.

/** Every `<details class="menu">` of the document, those that come later too. */
export function closeMenus(document) {
  document.addEventListener("click", ({ target }) => {
    for (const menu of opened(document)) {
      if (!menu.contains(target) || target.closest("a")) menu.open = false;
    }
  });
  document.addEventListener("focusin", ({ target }) => {
    for (const menu of opened(document)) if (!menu.contains(target)) menu.open = false;
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    for (const menu of opened(document)) {
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
      menu.open = false;
    }
  });
}

function opened(document) {
  return document.querySelectorAll("details.menu[open]");
}
