"use strict";
// What the page can do beyond being read: a crosshair through all plots, words beside it, one state singled out, and
// light or dark. Everything it shows stands in the page already, as titles.
(() => {
  const root = document.documentElement;
  const make = (name, text, parent) => parent.appendChild(Object.assign(document.createElement(name), { textContent: text }));

  // Titles of shapes become our own words, so that the browser does not show them a second time.
  for (const title of document.querySelectorAll("svg title")) {
    const shape = title.parentNode;
    if (shape.localName === "svg") shape.setAttribute("aria-label", title.textContent);
    else shape.dataset.says = title.textContent;
    if (shape.localName === "svg") shape.setAttribute("aria-describedby", shape.querySelector("desc").id);
    shape.removeAttribute("aria-labelledby");
    title.remove();
  }

  const tip = make("div", "", document.body);
  tip.id = "tip";
  tip.hidden = true;
  tip.setAttribute("role", "status");

  const show = (says, x, y) => {
    tip.replaceChildren();
    const [first, ...rows] = says.split("\n");
    const lines = first.includes("\t") ? [first, ...rows] : (make("strong", first, tip), rows);
    for (const line of lines) {
      const row = make("div", "", tip);
      for (const part of line.split("\t")) make("span", part, row);
    }
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    const left = x + 16 + width > innerWidth - 12 ? x - 16 - width : x + 16;
    tip.style.left = `${Math.max(12, left)}px`;
    tip.style.top = `${Math.max(12, Math.min(y + 16, innerHeight - height - 12))}px`;
  };

  // The crosshair: one line in each plot, all at the same sample.
  const charts = [...document.querySelectorAll(".chart")].map((chart) => {
    const line = document.createElementNS(chart.namespaceURI, "line");
    const strips = [...chart.querySelectorAll(".strips rect")];
    line.setAttribute("class", "cross");
    line.setAttribute("y2", strips[0].getAttribute("height"));
    line.setAttribute("visibility", "hidden");
    chart.append(line);
    return { chart, strips, line };
  });
  const cross = (place) => {
    for (const { strips, line } of charts) {
      const at = strips[place]?.dataset.at;
      line.setAttribute("visibility", at ? "visible" : "hidden");
      if (at) for (const end of ["x1", "x2"]) line.setAttribute(end, at);
    }
  };
  const hide = () => {
    tip.hidden = true;
    cross(-1);
  };
  const point = (event) => {
    const shape = event.target.closest?.("[data-says]");
    if (!shape) return hide();
    cross(shape.dataset.at ? [...shape.parentNode.children].indexOf(shape) : -1);
    show(shape.dataset.says, event.clientX, event.clientY);
  };
  addEventListener("pointermove", point);
  addEventListener("pointerdown", point);
  addEventListener("scroll", hide, { passive: true });
  // A finger that is lifted leaves the words standing; a mouse that leaves takes them along.
  document.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());

  // The same by keyboard: a plot takes the focus, arrows walk through its samples.
  for (const { chart, strips } of charts) {
    let place = strips.length - 1;
    const walk = (to) => {
      place = Math.max(0, Math.min(strips.length - 1, to));
      const box = strips[place].getBoundingClientRect();
      cross(place);
      show(strips[place].dataset.says, box.right, box.top);
    };
    const steps = { ArrowLeft: () => place - 1, ArrowRight: () => place + 1, Home: () => 0, End: () => strips.length - 1 };
    chart.setAttribute("tabindex", "0");
    chart.addEventListener("blur", hide);
    chart.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return hide();
      if (!(event.key in steps)) return;
      event.preventDefault();
      walk(steps[event.key]());
    });
  }

  // One state singled out, in every plot and lane, by its name in a key.
  let single = "";
  const entries = [...document.querySelectorAll("[data-state]")].map((span) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = span.title;
    button.dataset.state = span.dataset.state;
    button.append(...span.childNodes);
    span.replaceWith(button);
    return button;
  });
  const single_out = (state) => {
    single = single === state ? "" : state;
    root.classList.toggle("faded", single !== "");
    for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
    if (single) for (const shape of document.querySelectorAll(`.${single}`)) shape.classList.add("lit");
    for (const entry of entries) entry.setAttribute("aria-pressed", String(entry.dataset.state === single));
  };
  for (const entry of entries) {
    entry.setAttribute("aria-pressed", "false");
    entry.addEventListener("click", () => single_out(entry.dataset.state));
  }

  // Light or dark, whatever the machine prefers.
  const toggle = document.getElementById("theme");
  const prefers = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefers.matches);
  const name = () => (toggle.textContent = dark() ? "Light" : "Dark");
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    name();
  });
  prefers.addEventListener("change", name);
  name();

  // Paper folds nothing.
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details")) fold.open = true;
  });
})();
