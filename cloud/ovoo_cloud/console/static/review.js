// The review by keyboard: j and k move, a accepts, o opens the override; typing in a field is left alone.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const rows = [...document.querySelectorAll("#review tr[tabindex]")];
  const move = (step) => {
    const at = rows.indexOf(document.activeElement.closest("tr[tabindex]"));
    const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
    if (next) next.focus();
  };
  const after = location.hash.startsWith("#after-") && rows.find((row) => row.id === `row-${location.hash.slice(7)}`);
  if (after) (rows[rows.indexOf(after) + 1] || after).focus();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const row = document.activeElement.closest("tr[tabindex]");
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "a" && row) row.querySelector("form[data-accept]").requestSubmit();
    else if (event.key === "o" && row) {
      const box = row.querySelector("details");
      box.open = true;
      box.querySelector("select, input:not([type=hidden])").focus();
    } else return;
    event.preventDefault();
  });
});
