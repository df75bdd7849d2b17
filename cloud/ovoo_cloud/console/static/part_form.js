// What was typed and not saved is not left without asking; the page says so while it stands.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("#part-form, #join");
  if (!form) return;
  let unsaved = form.hasAttribute("data-unsaved");
  const sign = document.getElementById("unsaved");
  const mark = (yes) => {
    unsaved = yes;
    if (sign) sign.hidden = !yes;
  };
  form.addEventListener("input", () => mark(true));
  for (const each of document.querySelectorAll("main form")) each.addEventListener("submit", () => { unsaved = false; });
  addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
  const wrong = form.querySelector(".error-text, [data-open]");
  if (wrong && !document.querySelector("[autofocus]")) {
    const field = wrong.closest(".field, fieldset, section");
    const input = field && field.querySelector("input:not([type=hidden]), select, textarea");
    if (form.hasAttribute("data-unsaved") && input) input.focus();
  }
});
