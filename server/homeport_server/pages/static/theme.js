// Light or dark: as the system says, unless somebody has switched. Runs before the first paint, so that nothing flashes.
"use strict";
(() => {
  const root = document.documentElement;
  const asked = matchMedia("(prefers-color-scheme: dark)");
  const kept = () => { try { return localStorage.getItem("homeport-theme"); } catch { return null; } };
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : asked.matches);
  const name = () => {
    for (const each of document.querySelectorAll("[data-theme-switch]")) each.textContent = dark() ? "Light" : "Dark";
  };
  const theme = kept();
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  asked.addEventListener("change", name);
  addEventListener("DOMContentLoaded", name);
  addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-switch]")) return;
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("homeport-theme", root.dataset.theme); } catch { /* it lasts as long as the page then */ }
    name();
    dispatchEvent(new CustomEvent("homeport:theme"));
  });
})();
