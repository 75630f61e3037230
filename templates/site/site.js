"use strict";
// Light and dark, search, filters. Works from a folder; asks no network.
(function () {
  const script = document.currentScript;
  const root = script.dataset.root;
  const page = document.documentElement;
  let kept = null;
  try { kept = localStorage.getItem("theme"); } catch (error) { /* a page of a folder may have none */ }
  if (kept) page.dataset.theme = kept;

  function folded(text) {
    return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  }

  document.addEventListener("DOMContentLoaded", function () {
    const menu = document.querySelector("details.menu");
    if (window.matchMedia("(max-width: 60rem)").matches) menu.open = false;
    else menu.querySelector("[aria-current]")?.scrollIntoView({ block: "center" });
    window.scrollTo(0, location.hash ? window.scrollY : 0);
    document.getElementById("theme").addEventListener("click", function () {
      const dark = page.dataset.theme ? page.dataset.theme === "dark"
        : window.matchMedia("(prefers-color-scheme: dark)").matches;
      page.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("theme", page.dataset.theme); } catch (error) { /* for this page alone */ }
    });
    search();
    filters();
    highlights();
    reveal();
    window.addEventListener("hashchange", reveal);
  });

  function reveal() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") target.open = true;
  }

  function search() {
    const input = document.getElementById("search");
    const list = document.getElementById("results");
    let index = null, chosen = -1;

    function prepared() {
      if (index === null && window.INDEX) {
        index = window.INDEX.map(each => ({ ...each, title: folded(each.t), all: folded(each.t + " " + each.x) }));
      }
      return index || [];
    }

    function score(entry, words) {
      let total = 0;
      for (const word of words) {
        if (!entry.all.includes(word)) return 0;
        const at = entry.title.indexOf(word);
        total += at === 0 ? 12 : at > 0 ? (/[.\s_]/.test(entry.title[at - 1]) ? 8 : 4) : 1;
        if (entry.title === word) total += 20;
      }
      if (entry.k === "module" || entry.k === "guide") total += 3;
      return total - entry.title.length / 200;
    }

    function show() {
      const words = folded(input.value).split(/\s+/).filter(Boolean);
      chosen = -1;
      list.replaceChildren();
      list.hidden = words.length === 0;
      if (list.hidden) return;
      const found = prepared().map(entry => [score(entry, words), entry]).filter(each => each[0] > 0)
        .sort((a, b) => b[0] - a[0]).slice(0, 30);
      for (const [, entry] of found) {
        const item = document.createElement("li");
        const link = document.createElement("a");
        const kind = document.createElement("small");
        link.href = root + entry.u;
        link.textContent = entry.t;
        kind.textContent = entry.k + (entry.k === "field" ? " · " + entry.x.slice(0, 60) : "");
        link.append(kind);
        item.append(link);
        list.append(item);
      }
      if (found.length === 0) {
        const item = document.createElement("li");
        item.className = "none";
        item.textContent = "Nothing has all of these words.";
        list.append(item);
      }
    }

    function move(by) {
      const links = [...list.querySelectorAll("a")];
      if (links.length === 0) return;
      chosen = (chosen + by + links.length) % links.length;
      links.forEach((each, number) => each.classList.toggle("chosen", number === chosen));
      links[chosen].scrollIntoView({ block: "nearest" });
    }

    input.addEventListener("input", show);
    input.addEventListener("focus", show);
    input.addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown") { move(1); event.preventDefault(); }
      else if (event.key === "ArrowUp") { move(-1); event.preventDefault(); }
      else if (event.key === "Escape") { list.hidden = true; input.blur(); }
      else if (event.key === "Enter") {
        const link = list.querySelector("a.chosen") || list.querySelector("a");
        if (link) location.href = link.href;
      }
    });
    document.addEventListener("click", event => { if (!event.target.closest(".search")) list.hidden = true; });
    list.addEventListener("click", () => { list.hidden = true; });
    document.addEventListener("keydown", function (event) {
      if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
        input.focus();
        event.preventDefault();
      }
    });
  }

  function filters() {
    for (const input of document.querySelectorAll("[data-filter]")) {
      const rows = [...document.getElementById(input.dataset.filter).tBodies[0].rows];
      const texts = rows.map(row => folded(row.textContent));
      input.addEventListener("input", function () {
        const words = folded(input.value).split(/\s+/).filter(Boolean);
        rows.forEach((row, number) => { row.hidden = !words.every(word => texts[number].includes(word)); });
      });
    }
  }

  function highlights() {
    const map = document.querySelector("svg.map");
    if (!map) return;
    const lines = [...map.querySelectorAll(".lines path")];
    function mark(slug) {
      map.classList.toggle("some", slug !== null);
      for (const line of lines) line.classList.toggle("on", line.dataset.a === slug || line.dataset.b === slug);
    }
    for (const link of map.querySelectorAll("a[data-m]")) {
      for (const event of ["mouseenter", "focus"]) link.addEventListener(event, () => mark(link.dataset.m));
      for (const event of ["mouseleave", "blur"]) link.addEventListener(event, () => mark(null));
    }
  }
})();
