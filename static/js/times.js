// Writes the moments on a page in the reader's own time zone; the exact UTC stays in the tooltip. Without this script
// the page shows UTC.
"use strict";

(() => {
  // As the server writes it: "7 Dec, 13:20", and in which zone that is.
  const english = "en-GB";
  const day = { day: "numeric", month: "short" };
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
  const weekday = { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZoneName: "short" };

  function written(at, how) {
    if (how === "weekday") {
      return at.toLocaleString(english, { ...weekday, ...time });
    }
    const now = new Date();
    if (at.toDateString() === now.toDateString()) {
      return at.toLocaleTimeString(english, time);
    }
    const year = at.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
    return at.toLocaleString(english, { ...day, ...year, ...time });
  }

  function localise(part) {
    for (const each of part.querySelectorAll("time[data-local]")) {
      const at = new Date(each.dateTime);
      if (!Number.isNaN(at.valueOf())) {
        each.title = `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
        each.textContent = written(at, each.dataset.local);
        each.removeAttribute("data-local");
      }
    }
  }

  localise(document);
  // What htmx puts in place of an old part comes in UTC again.
  document.addEventListener("htmx:load", (event) => localise(event.detail.elt.parentElement || document));
})();
