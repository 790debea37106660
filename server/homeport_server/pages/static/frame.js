// What every page does: regions change around what somebody is typing, times grow old, and a server that is gone is told of.
"use strict";
// Who has come in already and opens a link once more has its key in the address still, which may be sent to others.
if (location.hash.startsWith("#key=")) history.replaceState(null, "", location.pathname + location.search);

// What somebody is typing or choosing stays, and so does what they have unfolded; all else of a part is drawn anew, the
// words of a button that has the focus as well.
// What was filled into a form stays until it is sent, whichever of its fields has the focus.
const filled = (node) => node.form && (node.options ? [...node.options].some((each) => each.selected !== each.defaultSelected) : node.value !== node.defaultValue);
const held = (node) => {
  const field = node.localName === "option" ? node.closest("select") : node;
  return field && (field === document.activeElement || filled(field));
};
Idiomorph.defaults.restoreFocus = true;
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) =>
  !((["value", "selected"].includes(name) && held(node)) || (name === "open" && node.localName === "details"));

// An entry of a list that looks as before is not looked into: of a long list little changes at a time.
Idiomorph.defaults.callbacks.beforeNodeMorphed = (node, next) => !(node.localName === "li" && node.isEqualNode(next));

const unreachable = document.getElementById("unreachable");
const gone = (is) => { unreachable.hidden = !is; };
for (const event of ["htmx:sendError", "htmx:sseError"]) document.addEventListener(event, () => gone(true));
for (const event of ["htmx:afterRequest", "htmx:sseOpen"]) {
  document.addEventListener(event, (told) => { if (!told.detail.failed) gone(false); });
}

// <div data-later hx-disable>: htmx begins with it once the page has been painted, so that its stream holds up no first sight.
requestAnimationFrame(() => setTimeout(() => {
  for (const each of document.querySelectorAll("[data-later]")) {
    each.removeAttribute("hx-disable");
    htmx.process(each);
  }
}));

// <time datetime="…" data-ago>: how long ago that was, kept true while the page stands open.
const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
const ago = (at) => {
  const seconds = Math.max(0, Math.round((Date.now() - new Date(at)) / 1000));
  if (seconds < 2) return "now";
  const [size, unit] = UNITS.find(([each]) => seconds >= 2 * each) ?? UNITS.at(-1);
  return `${Math.floor(seconds / size)} ${unit} ago`;
};
const grow = (within = document) => {
  for (const each of within.querySelectorAll("time[data-ago]")) {
    const said = ago(each.dateTime);
    if (each.textContent !== said) each.textContent = said;
  }
};
setInterval(grow, 1000);
document.addEventListener("htmx:load", (event) => grow(event.target));
grow();
