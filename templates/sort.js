// Tables: a click on a column's head sorts by the values in data-value, empty ones last; the second click turns the order
// round, the third restores it. The keyboard stops at a table only if it is wider than the page, to scroll it.
(() => {
  const collator = new Intl.Collator("en");
  const value = (row, column) => (column ? row.cells[column]?.dataset.value : row.cells[0].textContent.trim()) ?? "";

  function compare(a, b, column) {
    return column ? value(a, column) - value(b, column) : collator.compare(value(a, column), value(b, column));
  }

  function sort(table, column, direction) {
    for (const part of table.tBodies) { // networks stay above the rule
      const rows = [...part.rows].sort((a, b) => a.dataset.place - b.dataset.place);
      const known = rows.filter((row) => value(row, column) !== "");
      if (direction) known.sort((a, b) => compare(a, b, column) * (direction === "ascending" ? 1 : -1));
      part.append(...(direction ? [...known, ...rows.filter((row) => !known.includes(row))] : rows));
    }
  }

  document.querySelectorAll("table.sortable").forEach((table) => {
    const heads = [...table.tHead.rows[0].cells];
    for (const part of table.tBodies) [...part.rows].forEach((row, place) => { row.dataset.place = place; });
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      const order = column ? ["descending", "ascending", null] : ["ascending", "descending", null];
      button.addEventListener("click", () => {
        const next = order[(order.indexOf(head.getAttribute("aria-sort")) + 1) % order.length];
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (next) head.setAttribute("aria-sort", next);
        sort(table, column, next);
      });
    });
  });

  const labels = new Map([...document.querySelectorAll(".scroll")].map((box) => [box, box.querySelector("caption")?.textContent.trim()]));

  function scrollable(box) {
    const wide = box.scrollWidth > box.clientWidth + 1;
    for (const [name, text] of [["tabindex", "0"], ["role", "group"], ["aria-label", labels.get(box) ?? "Table"]]) {
      if (wide) box.setAttribute(name, text);
      else box.removeAttribute(name);
    }
  }

  const observer = new ResizeObserver((entries) => entries.forEach((entry) => scrollable(entry.target)));
  for (const box of labels.keys()) observer.observe(box);
})();
