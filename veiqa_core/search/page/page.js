"use strict";
(function () {
  // What a cell sorts by: its number where it is one, missing values last.
  function value(row, column) {
    const shown = row.cells[column].textContent.trim().replace("−", "-");
    if (shown === "–") return null;
    return shown === "" || isNaN(shown) ? shown : Number(shown);
  }

  function compare(a, b, sense) {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "number") return sense * (a - b);
    return sense * String(a).localeCompare(String(b));
  }

  function sortBy(table, head, column) {
    const before = head.getAttribute("aria-sort");
    const first = column === 0 || head.className !== "n" ? "ascending" : "descending";
    const other = first === "ascending" ? "descending" : "ascending";
    const order = before === first ? other : first;
    table.querySelectorAll("th[aria-sort]").forEach((each) => each.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", order);
    const sense = order === "ascending" ? 1 : -1;
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row) => [value(row, column), row]);
    rows.sort((a, b) => compare(a[0], b[0], sense));
    rows.forEach((pair) => body.append(pair[1]));
  }

  function sortable(table) {
    Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sortBy(table, head, column));
      head.append(button);
    });
  }

  function filter(table) {
    const label = document.createElement("label");
    const field = document.createElement("input");
    const found = document.createElement("output");
    field.type = "search";
    field.placeholder = "gradcam psnr";
    label.className = "filter";
    label.append("Only branches with ", field, found);
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/);
      let left = 0;
      for (const row of table.tBodies[0].rows) {
        const key = row.cells[1].textContent.toLowerCase();
        row.hidden = !words.every((word) => key.includes(word));
        left += row.hidden ? 0 : 1;
      }
      found.textContent = left + " of " + table.tBodies[0].rows.length;
    });
    table.parentElement.before(label);
  }

  document.querySelectorAll("table.sortable").forEach((table) => {
    sortable(table);
    filter(table);
  });

  // Paper cannot be clicked on.
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((each) => { each.open = true; });
  });
})();
