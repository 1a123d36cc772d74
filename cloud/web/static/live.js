// Keeps an open page true: when the server says that something was committed, the page is fetched anew and every
// part marked with data-live takes over its new content. Nothing else happens here, and without this file the page
// is complete; it is then reloaded by hand.
"use strict";

(() => {
  if (!document.body.hasAttribute("data-live-page") || !("EventSource" in window)) return;

  const GATHER_MS = 150; // several words in a row are one change to a reader
  const AGES_MS = 20_000; // "3 min ago" grows old by itself
  const state = document.getElementById("live-state");
  let stream = null;
  let pending = 0;
  let isFetching = false;
  let isWanted = false;

  const say = (text) => {
    if (state.textContent !== text) state.textContent = text;
  };

  const wanted = () => {
    window.clearTimeout(pending);
    pending = window.setTimeout(refresh, GATHER_MS);
  };

  async function refresh() {
    if (isFetching) {
      isWanted = true;
      return;
    }
    isFetching = true;
    try {
      const answer = await fetch(window.location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (answer.redirected) window.location.reload(); // we are not let in any more: show the entrance
      else if (answer.ok) takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The server is away; the stream says so, and comes back by itself.
    } finally {
      isFetching = false;
      if (isWanted) {
        isWanted = false;
        wanted();
      }
    }
  }

  function takeOver(fresh) {
    if (document.title !== fresh.title) document.title = fresh.title;
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = fresh.getElementById(part.id);
      if (other) replace(part, other);
    }
  }

  function replace(part, other) {
    keepOpen(part, other);
    if (part.className !== other.className) part.className = other.className;
    if (part.innerHTML === other.innerHTML) return;
    const focused = part.contains(document.activeElement) ? placeOf(document.activeElement, part) : null;
    const heading = part.querySelector("[aria-live]");
    const otherHeading = other.querySelector("[aria-live]");
    if (heading && otherHeading) {
      // A live region speaks only if it stays the same element.
      if (heading.innerHTML !== otherHeading.innerHTML) heading.replaceChildren(...otherHeading.childNodes);
      otherHeading.replaceWith(heading);
    }
    part.replaceChildren(...other.childNodes);
    if (focused) focusAgain(focused, part);
  }

  // What a reader opened or closed stays so.
  function keepOpen(part, other) {
    for (const details of part.querySelectorAll("details[id]")) {
      const same = other.querySelector(`#${CSS.escape(details.id)}`);
      if (same) same.open = details.open;
    }
  }

  const FOCUSABLE = "a[href], button, summary, [tabindex]";

  function placeOf(element, part) {
    return { href: element.getAttribute("href"), index: [...part.querySelectorAll(FOCUSABLE)].indexOf(element) };
  }

  function focusAgain(place, part) {
    const all = [...part.querySelectorAll(FOCUSABLE)];
    const same = all.find((element) => place.href !== null && element.getAttribute("href") === place.href);
    (same || all[place.index] || part).focus({ preventScroll: true });
  }

  function open() {
    if (stream !== null) return;
    stream = new EventSource(document.body.dataset.livePage);
    stream.addEventListener("ready", () => {
      say(state.dataset.textOn);
      wanted(); // what happened while nobody listened
    });
    stream.addEventListener("news", wanted);
    stream.addEventListener("error", () => {
      say(state.dataset.textOff);
      if (stream.readyState === EventSource.CLOSED) {
        close();
        window.setTimeout(visible, AGES_MS);
      }
    });
  }

  function close() {
    if (stream !== null) stream.close();
    stream = null;
  }

  // A page nobody looks at keeps no line open.
  function visible() {
    if (document.visibilityState === "visible") open();
    else close();
  }

  document.addEventListener("visibilitychange", visible);
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", visible);
  window.setInterval(() => stream !== null && wanted(), AGES_MS);
  visible();
})();
