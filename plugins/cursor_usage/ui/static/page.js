// What moves on the page: charts are drawn when they come near the screen, the navigation says where the reader is.
(() => {
  "use strict";
  const charts = new Map();
  for (const figure of document.querySelectorAll("figure.chart")) {
    if (figure.querySelector(".drawing")) charts.set(figure, CursorCharts.make(figure));
  }

  const near = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        near.unobserve(entry.target);
        charts.get(entry.target).draw();
      }
    },
    { rootMargin: "600px" },
  );
  charts.forEach((_, figure) => near.observe(figure));
  document.addEventListener("themechange", () => charts.forEach((chart) => chart.redraw()));
  addEventListener("beforeprint", () => charts.forEach((chart) => chart.draw()));

  // The section at the top of the screen is the current one.
  const links = new Map([...document.querySelectorAll("nav.sections a")].map((link) => [link.hash.slice(1), link]));
  const sections = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  let current = null;
  function mark() {
    const reached = sections.filter((section) => section.getBoundingClientRect().top < 120).at(-1) ?? null;
    if (reached === current) return;
    current = reached;
    links.forEach((link) => link.removeAttribute("aria-current"));
    if (!current) return document.querySelectorAll("nav.sections ul").forEach((list) => (list.scrollLeft = 0));
    const link = links.get(current.id);
    link.setAttribute("aria-current", "location");
    const list = link.closest("ul");
    list.scrollLeft = link.offsetLeft - (list.clientWidth - link.offsetWidth) / 2;
  }
  let isWaiting = false;
  addEventListener(
    "scroll",
    () => {
      if (isWaiting) return;
      isWaiting = true;
      requestAnimationFrame(() => {
        isWaiting = false;
        mark();
      });
    },
    { passive: true },
  );
  mark();

  // The newest weeks are what a calendar is looked at for.
  for (const box of document.querySelectorAll("figure.calendar .table-box")) box.scrollLeft = box.scrollWidth;

  // The chosen window is in sight where the row of windows is wider than the screen.
  const chosen = document.querySelector('nav.windows [aria-current="true"]');
  if (chosen) chosen.closest("ul").scrollLeft = chosen.offsetLeft - 24;
})();
