// Rows are dragged into an order by their handle: with a finger or a mouse, or with Alt and the arrow keys.
"use strict";
(() => {
  const moved = document.getElementById("moved");
  const key = (row) => row.closest("[data-phone]").dataset.phone;
  const post = (row, deed, values) => htmx.ajax("POST", `/phones/${key(row)}/${deed}`, { source: row, swap: "none", values });
  const rows = (row) => [...row.parentElement.children];

  document.addEventListener("keydown", (event) => {
    const handle = event.target.closest?.("[data-handle]");
    if (!handle || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const row = handle.closest("[data-row]");
    const down = event.key === "ArrowDown";
    const all = rows(row);
    const to = all.indexOf(row) + (down ? 1 : -1);
    if (to < 0 || to >= all.length) {
      moved.textContent = `${row.dataset.title} is ${down ? "last" : "first"} already.`;
      return;
    }
    moved.textContent = `${row.dataset.title} is now ${to + 1} of ${all.length}.`;
    post(row, "shift", { record: row.dataset.row, down: down ? "yes" : "" });
  });

  // While a row is held nothing is morphed around it: what came meanwhile is asked for once it is let go.
  let held = null;
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (held && event.target.contains(held.row)) event.preventDefault();
  });
  const shift = (row, pixels) => { row.style.transform = pixels ? `translateY(${pixels}px)` : ""; };
  const at = ({ row, all, tops, from }, y) => {
    const middle = tops[from] + y + row.offsetHeight / 2;
    return all.reduce((to, each, i) => (i < from && middle < tops[i] + each.offsetHeight ? Math.min(to, i)
      : i > from && middle > tops[i] ? Math.max(to, i) : to), from);
  };
  const let_go = (take) => {
    const { row, all, from, to, body } = held;
    held = null;
    row.classList.remove("lifted");
    for (const each of all) shift(each, 0);
    const name = key(row);
    if (take && to !== from) {
      row.parentElement.insertBefore(row, to > from ? all[to].nextSibling : all[to]);
      moved.textContent = `${row.dataset.title} is now ${to + 1} of ${all.length}.`;
      post(row, "place", { record: row.dataset.row, beside: all[to].dataset.row, behind: to > from ? "yes" : "" });
    }
    htmx.ajax("GET", `/phones/${name}/screen`, { target: `#${name}-screen`, swap: "morph:innerHTML" });
    body.focus({ preventScroll: true });
  };

  document.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest?.("[data-handle]");
    if (!handle || event.button !== 0) return;
    const row = handle.closest("[data-row]");
    const all = rows(row);
    handle.setPointerCapture(event.pointerId);
    row.classList.add("lifted");
    const tops = all.map((each) => each.offsetTop);
    held = { row, all, tops, from: all.indexOf(row), to: all.indexOf(row), y: event.clientY, body: handle };
  });
  document.addEventListener("pointermove", (event) => {
    if (!held) return;
    const y = event.clientY - held.y;
    held.to = at(held, y);
    shift(held.row, y);
    const room = held.row.offsetHeight;
    held.all.forEach((each, i) => {
      if (each === held.row) return;
      shift(each, i > held.from && i <= held.to ? -room : i < held.from && i >= held.to ? room : 0);
    });
  });
  document.addEventListener("pointerup", () => { if (held) let_go(true); });
  document.addEventListener("pointercancel", () => { if (held) let_go(false); });
  document.addEventListener("keydown", (event) => { if (held && event.key === "Escape") let_go(false); });
})();
