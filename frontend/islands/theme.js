// Light or dark: the choice goes into a cookie, so that the server writes it into the next page and nothing flashes.
export function startTheme(element) {
  element.hidden = false;
  const buttons = [...element.querySelectorAll("[data-theme-choice]")];
  const show = (choice) => buttons.forEach((button) => {
    const on = button.dataset.themeChoice === choice;
    button.classList.toggle("active", on);
    button.setAttribute("aria-pressed", String(on));
  });
  show(document.documentElement.dataset.theme ?? "");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const choice = button.dataset.themeChoice;
      if (choice) document.documentElement.dataset.theme = choice;
      else delete document.documentElement.dataset.theme;
      document.cookie = `theme=${choice}; path=/; max-age=${choice ? 31536000 : 0}; samesite=lax`;
      try { localStorage.setItem("zd-theme", choice); } catch { /* the cookie is enough */ }
      show(choice);
      document.dispatchEvent(new CustomEvent("zd:theme"));
    });
  }
}
