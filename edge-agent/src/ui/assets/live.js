// Keeps the state of an open page up to date. The page says everything without this script, too.
"use strict";
const live = document.getElementById("live");
const said = document.getElementById("said");
if (live && window.EventSource) {
  const events = new EventSource(live.dataset.events);
  events.onmessage = (event) => {
    const open = Array.from(live.querySelectorAll("details"), (one) => one.open);
    const focused = live.contains(document.activeElement)
      ? Array.from(live.querySelectorAll("a, summary")).indexOf(document.activeElement) : -1;
    const before = live.querySelector("h1")?.textContent;
    live.innerHTML = event.data;
    live.querySelectorAll("details").forEach((one, place) => { one.open = open[place] || false; });
    if (focused >= 0) live.querySelectorAll("a, summary")[focused]?.focus();
    const now = live.querySelector("h1")?.textContent;
    if (said && now !== before) said.textContent = now;
  };
}
