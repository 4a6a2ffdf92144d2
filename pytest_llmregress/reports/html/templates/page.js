"use strict";
document.documentElement.classList.add("js");
document.addEventListener("DOMContentLoaded", () => {
  const table = document.getElementById("table");
  if (!table) return;
  const find = document.getElementById("find");
  const severity = document.getElementById("severity");
  const file = document.getElementById("file");
  const unfold = document.getElementById("unfold");
  const chips = [...document.querySelectorAll(".chip")];
  const bodies = [...table.tBodies];
  const texts = new Map();
  const order = new Intl.Collator("en", { numeric: true });
  let chosen = "";

  const text = (body) => {
    if (!texts.has(body)) texts.set(body, body.rows[0].textContent.toLowerCase());
    return texts.get(body);
  };
  // What unfolds is a text up to now: the one that a page without scripts is made of, escaped.
  const fill = (body) => {
    const rest = body.querySelector("noscript");
    if (rest) rest.outerHTML = rest.textContent;
  };
  const open = (body, yes) => {
    if (yes) fill(body);
    body.classList.toggle("open", yes);
    body.querySelector(".name").setAttribute("aria-expanded", String(yes));
  };
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const body of bodies) {
      const flags = body.dataset.flags.split(" ");
      const fits =
        (!chosen || flags.includes(chosen)) &&
        (!severity.value || flags.includes(severity.value)) &&
        (!file.value || body.dataset.file === file.value) &&
        words.every((word) => text(body).includes(word));
      body.hidden = !fits;
      shown += fits;
    }
    const number = (n) => n.toLocaleString("en");
    document.getElementById("shown").textContent =
      `${number(shown)} of ${number(bodies.length)} tests shown`;
    document.getElementById("nothing").hidden = shown > 0;
  };
  const sort = (head) => {
    const column = head.cellIndex;
    const down = head.getAttribute("aria-sort") !== "descending";
    for (const each of head.parentNode.cells) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = bodies.map((body) => {
      const cell = body.rows[0].cells[column];
      const value = cell.dataset.v;
      return { body, number: value === undefined ? NaN : Number(value), text: cell.textContent };
    });
    keyed.sort((a, b) => {
      if (Number.isNaN(a.number) && Number.isNaN(b.number))
        return order.compare(a.text, b.text) * (down ? -1 : 1);
      if (Number.isNaN(a.number)) return 1;
      if (Number.isNaN(b.number)) return -1;
      return (a.number - b.number) * (down ? -1 : 1);
    });
    table.append(...keyed.map((each) => each.body));
  };
  const follow = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target || !target.classList.contains("detail")) return;
    open(target.parentNode, true);
    target.parentNode.hidden = false;
    target.parentNode.scrollIntoView();
  };

  table.addEventListener("click", (event) => {
    const head = event.target.closest("thead th");
    if (head && event.target.closest("button")) return sort(head);
    const row = event.target.closest("tr.row");
    const selecting = String(getSelection()) !== "" && !event.target.closest("button");
    if (row && !selecting) open(row.parentNode, !row.parentNode.classList.contains("open"));
  });
  for (const chip of chips)
    chip.addEventListener("click", () => {
      chosen = chip.dataset.key === chosen ? "" : chip.dataset.key;
      for (const each of chips)
        each.setAttribute("aria-pressed", String(each.dataset.key === chosen));
      filter();
    });
  find.addEventListener("input", filter);
  severity.addEventListener("change", filter);
  file.addEventListener("change", filter);
  unfold.addEventListener("click", () => {
    const shown = bodies.filter((body) => !body.hidden);
    const yes = !shown.every((body) => body.classList.contains("open"));
    for (const body of shown) open(body, yes);
    unfold.textContent = yes ? "Fold shown" : "Unfold shown";
  });
  addEventListener("hashchange", follow);
  filter();
  follow();
});
