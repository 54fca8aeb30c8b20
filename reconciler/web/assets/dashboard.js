// Keys, copying, the filter as one types, and what is new. The pages work without it.
"use strict";

const EVERY = 60_000; // An open page asks at most this often, and only while it is visible.
const SILENT = 120_000; // Without an answer for this long, the page is stale.

const $ = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const field = () => $("#q");

function move(step) {
  const rows = all(".row");
  const now = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.min(rows.length - 1, Math.max(0, now + step))];
  $("a, button", next ?? document.createElement("p"))?.focus();
}

async function copy(row) {
  const text = row && $(".command code", row)?.textContent;
  if (!text) return;
  await navigator.clipboard.writeText(text);
  const button = $(".copy", row);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

const keys = {
  "/": () => (field() ? field().focus() : (location.href = "/schedules")),
  j: () => move(1),
  k: () => move(-1),
  c: () => copy(document.activeElement.closest(".row")),
  "?": () => $("#keys").showModal(),
};
all("header nav a").forEach((link, place) => {
  keys[place + 1] = () => (location.href = link.href);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.activeElement.blur();
  const typing = event.target.matches("input, textarea");
  if (typing || event.ctrlKey || event.altKey || event.metaKey || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

document.addEventListener("click", (event) => {
  if (event.target.matches(".copy")) copy(event.target.closest(".row"));
  if (event.target.matches("#news button")) show(pending);
  if (event.target.matches("#try")) event.preventDefault(), poll();
});

// The filter: ask for the rows of all schedules that match, and replace the table alone.
let waiting;
field()?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const form = field().form;
    const wanted = () => `${form.action}?${new URLSearchParams(new FormData(form))}`;
    const url = wanted();
    const found = $("#listing", parsed(await (await fetch(url)).text()));
    if (!found || url !== wanted()) return; // more was typed since
    $("#listing").replaceWith(found);
    history.replaceState(null, "", url);
  }, 150);
});

const parsed = (text) => new DOMParser().parseFromString(text, "text/html");
const list = (root) => $("#listing", root) ?? $("#list", root);
const title = document.title;
let answered = Date.now();
let asked = Date.now();
let pending;
let pointed = false;
let silent = false; // whether it is Modal that does not answer, and not the server of this page
const begun = Boolean($(".notice")); // the page was stale when it was opened

document.addEventListener("pointerover", (event) => {
  pointed = Boolean(list(document)?.contains(event.target));
});

async function poll() {
  asked = Date.now();
  try {
    const response = await fetch(location.href, { cache: "no-cache", redirect: "manual" });
    if (response.type === "opaqueredirect") return location.reload(); // signed out
    silent = response.status === 503;
    const page = parsed(await response.text());
    if (begun && silent) return update(page, [".notice", "#as-of"]);
    if (!response.ok) throw new Error(response.status);
    answered = Date.now();
    if (document.body.classList.contains("stale")) return location.reload();
    change(page);
  } catch {
    if (!begun && Date.now() - answered >= SILENT) stale();
  }
}

// Known rows change in place. New ones come at once, unless someone is reading or using the list.
function change(page) {
  document.title = page.title;
  update(page, ["#number", "#as-of", "main > h1", ".proof", ".ledger", ".day"]);
  const here = list(document);
  if (!here || !list(page)) return;
  if (!pointed && !here.contains(document.activeElement)) return show(page);
  const known = new Map(all(".row[data-key]", here).map((row) => [row.dataset.key, row]));
  const fresh = [];
  for (const row of all(".row[data-key]", list(page))) {
    const old = known.get(row.dataset.key);
    if (!old) fresh.push(row);
    else if (!old.contains(document.activeElement)) old.replaceWith(document.importNode(row, true));
  }
  pending = page;
  news(fresh);
}

function update(page, parts) {
  for (const part of parts) {
    const [old, now] = [$(part), $(part, page)];
    if (old && now && old.outerHTML !== now.outerHTML && !old.contains(document.activeElement)) {
      old.replaceWith(now);
    }
  }
}

function show(page) {
  list(document).replaceWith(document.importNode(list(page), true));
  news([]);
}

function news(rows) {
  const place = $("#news");
  place.hidden = !rows.length;
  if (!rows.length) return place.replaceChildren();
  const states = rows.map((row) => `${row.dataset.key} ${$(".state", row).textContent.toLowerCase()}`);
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Show" });
  place.replaceChildren(`${rows.length} new: ${states.slice(0, 3).join(", ")}. `, button);
}

// What is on the page was so; whether it still is, is unknown.
function stale() {
  if (!document.body.classList.contains("stale")) become();
  const minutes = `${Math.floor((Date.now() - answered) / 60_000)} min`;
  $("#who").textContent = silent ? " from Modal" : "";
  $("#silent").textContent = ` for ${minutes}`;
  $(".old-for").textContent = minutes;
  $("#old").textContent = `, ${minutes} old`;
}

function become() {
  document.body.classList.add("stale");
  $("#as-of").classList.add("old");
  document.title = `Stale: ${title}`;
  const was = (one) => one.dataset.was ?? one.textContent;
  const [headline, proof] = [$("main h1"), $(".proof")];
  if (proof) proof.textContent = was(proof);
  headline.replaceWith(Object.assign(document.createElement("p"), { className: "was", textContent: was(headline) }));
  $("main").prepend($("#stale").content.cloneNode(true));
}

setInterval(() => {
  if (document.visibilityState === "visible" && Date.now() - asked >= EVERY) poll();
  const again = $("#again");
  if (again) again.textContent = `Trying again in ${Math.max(0, Math.ceil((asked + EVERY - Date.now()) / 1000))} s. `;
}, 1000);
