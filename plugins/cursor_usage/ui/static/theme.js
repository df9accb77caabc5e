// Runs before the first paint: light or dark as Airflow around the page is, else as chosen there, else as the system is.
(() => {
  "use strict";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  // Null where there is none, or where it belongs to somebody else.
  function outerRoot() {
    try {
      return window.parent === window ? null : window.parent.document.documentElement;
    } catch {
      return null;
    }
  }

  function stored() {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // a file that is opened from a disk may have no storage
    }
  }

  function theme() {
    const outer = outerRoot();
    for (const name of ["dark", "light"]) {
      if (outer && (outer.classList.contains(name) || outer.dataset.theme === name)) return name;
    }
    const choice = stored();
    if (choice === "dark" || choice === "light") return choice;
    return system.matches ? "dark" : "light";
  }

  function show(name) {
    if (root.dataset.theme === name) return;
    root.dataset.theme = name;
    document.dispatchEvent(new CustomEvent("themechange"));
  }

  const follow = () => show(theme());
  root.classList.add("js");
  follow();
  addEventListener("storage", (event) => event.key === "theme" && follow());
  system.addEventListener("change", follow);
  const outer = outerRoot();
  if (outer) new MutationObserver(follow).observe(outer, { attributes: true, attributeFilter: ["class", "data-theme"] });
  // Paper is white.
  addEventListener("beforeprint", () => show("light"));
  addEventListener("afterprint", follow);
})();
