// What fingers expect of a page that the server draws: Esc undoes, forms clear once they are taken, clocks go, tabs turn.
"use strict";
(() => {
  // Esc puts back what was there; a field that was left as it was shows what came in the meantime. What stands in a form
  // is none of this: it saves nothing by itself, and has to stay until all of the form is sent.
  const typed = (target) => !target.form && target.matches?.("input[data-now], textarea[data-now]");
  const found = new WeakMap(); // what stood there when it got the focus; an attribute would be morphed away
  const refused = new WeakSet(); // what did not fit may be mended; once it is left it goes
  const saved = new WeakMap(); // by Enter; the browser tells of it once more when the field is left, and others may have written since
  document.addEventListener("focusin", ({ target }) => { if (typed(target)) found.set(target, target.value); });
  document.addEventListener("focusout", ({ target }) => {
    if (!typed(target) || (target.value !== found.get(target) && !refused.delete(target))) return;
    target.value = target.dataset.now;
    if (target.matches("[data-line]")) target.parentElement.dataset.text = target.value;
  });
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (key === "Escape" && typed(target)) {
      target.value = target.dataset.now;
      found.set(target, target.value);
      target.blur();
    } else if (key === "Escape") {
      const open = target.closest?.("details[open]");
      if (open) { open.open = false; open.querySelector("summary").focus(); }
    }
  });
  // A title has as many lines as it needs, and yet is one line: it grows while it is written, and Enter saves it.
  document.addEventListener("input", ({ target }) => {
    saved.delete(target);
    if (target.matches("[data-line]")) target.parentElement.dataset.text = target.value;
  });
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (key !== "Enter" || event.isComposing || !target.matches?.("[data-line]")) return;
    event.preventDefault();
    if (target.value === found.get(target)) return;
    saved.set(target, target.value);
    target.dispatchEvent(new Event("change", { bubbles: true }));
  });
  // A title that was emptied comes back: nobody wants a row without a name.
  document.addEventListener("change", (event) => {
    const { target } = event;
    if (!target.matches("[data-line]") || target.value.trim() || !target.dataset.now) return;
    event.stopImmediatePropagation();
    target.value = target.parentElement.dataset.text = target.dataset.now;
  }, true);
  // The browser tells of a change when Enter is pressed; it would tell again when the field is left.
  document.addEventListener("change", ({ target }) => { if (typed(target)) found.set(target, target.value); });

  // What was pressed may be gone once it is done, such as the row that was deleted: the focus goes on to the next thing to do.
  let then = null;
  const go_on = () => {
    if (!then || document.activeElement !== document.body) return;
    const next = then.map((id) => document.getElementById(id)).find((each) => each);
    if (next) { next.focus({ preventScroll: true }); then = null; }
  };
  document.addEventListener("htmx:beforeRequest", ({ target }) => { then = target.dataset.then?.split(" ") ?? null; });
  document.addEventListener("htmx:sseMessage", go_on);

  document.addEventListener("htmx:afterRequest", ({ target, detail }) => {
    if (!typed(target) || detail.xhr.getResponseHeader("hx-trigger") !== "refused") return;
    if (target === document.activeElement) refused.add(target);
    else target.value = target.dataset.now;
  });

  // What a row does: a click on what has `data-do`, or a change of it, is sent with the record that it is within.
  const does = (element, values) => {
    const { dataset } = element;
    const key = element.closest("[data-phone]").dataset.phone;
    htmx.ajax("POST", `/phones/${key}/${dataset.do}`, {
      source: element, swap: "none",
      values: { record: element.closest("[data-row]").dataset.row, field: dataset.field ?? "", by: dataset.by ?? "", ...values },
    });
  };
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("button[data-do]");
    if (button) does(button, {});
  });
  document.addEventListener("change", ({ target, isTrusted }) => {
    if (!target.matches("textarea[data-do]")) return;
    if (!isTrusted || saved.get(target) !== target.value) does(target, { text: target.value });
    if (isTrusted) saved.delete(target);
  });

  // Enter that was pressed twice finds the form empty: that is no mistake to be told of.
  document.addEventListener("submit", (event) => {
    const { target } = event;
    if (!target.matches("form[data-needs]") || [...new FormData(target).values()].some((each) => each.trim())) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    target.querySelector("input, textarea, select").focus();
  }, true);

  // The second click of a double click meets another button already, which would take back what the first has done.
  document.addEventListener("click", (event) => {
    if (event.detail > 1 && event.target.closest?.("[data-once]")) event.stopImmediatePropagation();
  }, true);

  // A form that was taken is empty again, and a sheet that is done with folds.
  document.addEventListener("htmx:afterRequest", ({ target, detail }) => {
    const form = target.closest?.("form");
    if (!detail.successful || !form || detail.xhr.getResponseHeader("hx-trigger") === "refused") return;
    if (form.matches("[data-clears]")) form.reset();
    if (form.matches("[data-folds]")) form.closest("details").open = false;
  });

  // What was just added at the bottom is shown, by whomever it was: by hand, or by a story.
  const lasts = new Map();
  let added = "";
  document.addEventListener("htmx:beforeRequest", ({ target }) => {
    if (target.matches?.("form.add")) added = `${target.closest("[data-phone]").dataset.phone}-screen`;
  });
  document.addEventListener("htmx:sseMessage", ({ target }) => {
    const all = target.id.endsWith("-screen") ? target.querySelectorAll("[data-rows]") : [];
    if (all.length !== 1) return;
    const last = all[0].lastElementChild;
    const known = lasts.get(target.id);
    lasts.set(target.id, last?.id);
    if (known && last && last.id !== known && (last.querySelector(".waits") || added === target.id)) {
      last.closest(".app-body").scrollTop = last.closest(".app-body").scrollHeight;
      added = "";
    }
  });

  // A menu closes when something else is touched, and one is open at a time.
  document.addEventListener("pointerdown", ({ target }) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
  });

  // The clocks of the phones, right or wrong: each goes by itself, so far ahead of UTC as its phone says.
  const tick = () => {
    for (const each of document.querySelectorAll("[data-ahead]")) {
      const now = new Date(Date.now() + Number(each.dataset.ahead)).toISOString().slice(11, 16);
      if (each.textContent !== now) each.textContent = now;
    }
  };
  setInterval(tick, 1000);

  // On a narrow page one of the three is shown.
  const stage = document.getElementById("stage");
  stage.addEventListener("click", (event) => {
    const tab = event.target.closest(".tab");
    if (!tab) return;
    stage.dataset.shown = tab.dataset.shows;
    for (const each of stage.querySelectorAll(".tab")) each.setAttribute("aria-pressed", String(each === tab));
    if (stage.getBoundingClientRect().top < 0) stage.scrollIntoView();
  });
})();
