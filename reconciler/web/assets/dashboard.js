// Keys, copying, and the filter as one types. The pages work without it.
"use strict";

const rows = () => [...document.querySelectorAll(".row")];
const field = () => document.getElementById("q");

function move(step) {
  const all = rows();
  const now = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[Math.min(all.length - 1, Math.max(0, now + step))];
  next?.querySelector("a")?.focus();
}

async function copy(row) {
  const text = row?.querySelector(".command code")?.textContent;
  if (!text) return;
  await navigator.clipboard.writeText(text);
  const button = row.querySelector(".copy");
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

const keys = {
  "/": () => (field() ? field().focus() : (location.href = "/schedules")),
  j: () => move(1),
  k: () => move(-1),
  c: () => copy(document.activeElement.closest(".row")),
  "?": () => document.getElementById("keys").showModal(),
};
document.querySelectorAll("header nav a").forEach((link, place) => {
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
});

let waiting;
field()?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(filter, 150);
});

// Ask for the rows of all schedules that match, and replace the table alone.
async function filter() {
  const form = field().form;
  const url = `${form.action}?${new URLSearchParams(new FormData(form))}`;
  const page = new DOMParser().parseFromString(await (await fetch(url)).text(), "text/html");
  const found = page.getElementById("listing");
  if (!found) return;
  document.getElementById("listing").replaceWith(found);
  history.replaceState(null, "", url);
}
