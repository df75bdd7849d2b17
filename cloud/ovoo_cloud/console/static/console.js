// The page says so when its figures can no longer be refreshed, and takes it back when they can.
"use strict";

(() => {
  const lost = (yes) => {
    const notice = document.getElementById("lost");
    if (notice) notice.hidden = !yes;
  };
  document.addEventListener("htmx:error", () => lost(true));
  document.addEventListener("htmx:response:error", () => lost(true));
  document.addEventListener("htmx:after:swap", () => lost(false));
})();
