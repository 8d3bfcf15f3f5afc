// Says on the page, not in the console, when a passkey was not used: broken off, none there, or refused by the browser.
"use strict";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.getElementById("passkey-trouble").hidden = false;
});
