// What every page of the console does: it asks for nothing while nobody looks, and leads to the box that finds things.
"use strict";
document.addEventListener("htmx:beforeRequest", (event) => {
  const polls = event.detail.elt.getAttribute("hx-trigger")?.startsWith("every");
  if (polls && document.hidden) event.preventDefault();
});
// A key lasts for a day: whoever looks on is led to the page that says so. What a server cannot answer stays as it was.
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) location.reload();
  else document.getElementById("unreachable").hidden = false;
});
addEventListener("keydown", (event) => {
  const writes = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || writes || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = document.getElementById("seek");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});
