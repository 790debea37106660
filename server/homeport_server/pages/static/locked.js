// Hands over the key that stands in the link, and leaves no trace of it in the address.
"use strict";
const form = document.querySelector("form");
const key = new URLSearchParams(location.hash.slice(1)).get("key");
const asked = new URLSearchParams(location.search).get("to") ?? "/";
const here = location.pathname === form.getAttribute("action") ? asked : location.pathname + location.search;
form.querySelector("[data-back]").value = here;
if (key) {
  history.replaceState(null, "", location.pathname + location.search);
  form.elements.key.value = key;
  form.submit();
}
