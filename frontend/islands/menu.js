// Menus made of <details>: Esc and a press elsewhere close them.
export function startMenus(element) {
  document.addEventListener("click", (event) => { if (element.open && !element.contains(event.target)) element.open = false; });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !element.open) return;
    element.open = false;
    element.querySelector("summary").focus();
  });
}
