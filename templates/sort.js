// A click on a column's head sorts its table by the numbers in data-value; empty ones stay last.
document.querySelectorAll("table.sortable").forEach((table) => {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => (column ? row.cells[column]?.dataset.value : row.cells[0].textContent) ?? "";
      const order = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (!x || !y) return x ? -1 : y ? 1 : 0;
        return (down ? -1 : 1) * (column ? x - y : x.localeCompare(y));
      };
      for (const part of table.tBodies) part.append(...[...part.rows].sort(order)); // networks stay above the rule
    });
  });
});
