"use strict";
// No ampersand and no less-than sign in here: pages are sound XML too.
(function () {
  // What a cell sorts by: the value it is given, or its number where it shows one; missing values come last.
  function value(row, column) {
    const cell = row.cells[column];
    const shown = (cell.dataset.value ?? cell.textContent).trim().replace("−", "-");
    if (shown === "–") return null;
    return shown === "" || isNaN(shown) ? shown : Number(shown);
  }

  const words = new Intl.Collator("en", { numeric: true });

  function compare(a, b, sense) {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "string" || typeof b === "string") return sense * words.compare(a, b);
    return sense * (a - b);
  }

  function order(table, head, column) {
    const before = head.getAttribute("aria-sort");
    if (before !== null) return before === "ascending" ? "descending" : "ascending";
    return column === 0 || head.className !== "n" ? "ascending" : "descending";
  }

  // A table whose rows can be sorted and filtered and, where it says so, come a page at a time: rows that are not
  // shown are not in the document, so that ten thousand of them cost no layout.
  function enliven(table) {
    const body = table.tBodies[0];
    const size = Number(table.dataset.page) || Infinity;
    let rows = Array.from(body.rows);
    let left = rows;
    let start = 0;
    let pager = null;

    function show(from) {
      start = from;
      body.replaceChildren(...left.slice(start, start + size));
      if (pager) pager(start, Math.min(start + size, left.length), left.length);
    }

    function sortBy(head, column) {
      const wanted = order(table, head, column);
      table.querySelectorAll("th[aria-sort]").forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", wanted);
      const sense = wanted === "ascending" ? 1 : -1;
      const keyed = rows.map((row) => [value(row, column), row]);
      rows = keyed.sort((a, b) => compare(a[0], b[0], sense)).map((pair) => pair[1]);
      choose();
    }

    function choose() {
      left = chosen ? rows.filter(chosen) : rows;
      show(0);
    }

    function addButtons() {
      Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
        if (head.hasAttribute("data-plain")) return;
        const button = document.createElement("button");
        button.type = "button";
        button.append(...head.childNodes);
        button.addEventListener("click", () => sortBy(head, column));
        head.append(button);
      });
    }

    let chosen = null;

    function addFilter() {
      const label = document.createElement("label");
      const field = document.createElement("input");
      const found = document.createElement("output");
      const whole = table.dataset.filterIn === "row";
      const texts = new Map();
      const text = (row) => {
        if (!texts.has(row)) texts.set(row, (whole ? row : row.querySelector("th")).textContent.toLowerCase());
        return texts.get(row);
      };
      field.type = "search";
      field.placeholder = table.dataset.example || "";
      label.className = "filter";
      label.append(table.dataset.filter + " ", field, found);
      field.addEventListener("input", () => {
        const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
        chosen = wanted.length ? (row) => wanted.every((word) => text(row).includes(word)) : null;
        choose();
        found.textContent = chosen ? left.length.toLocaleString("en") + " of " + rows.length.toLocaleString("en") : "";
      });
      table.parentElement.before(label);
    }

    function addPager() {
      const box = document.createElement("div");
      const place = document.createElement("output");
      const buttons = ["First", "Previous", "Next", "Last"].map((name) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = name;
        button.addEventListener("click", () => {
          if (button.getAttribute("aria-disabled") === "true") return;
          const last = Math.max(0, Math.ceil(left.length / size) - 1) * size;
          show({ First: 0, Previous: start - size, Next: start + size, Last: last }[name]);
          table.parentElement.scrollTop = 0;
        });
        return button;
      });
      box.className = "pager";
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", "Part of the table");
      box.append(buttons[0], buttons[1], place, buttons[2], buttons[3]);
      table.parentElement.after(box);
      pager = (from, to, of) => {
        place.textContent = of ? (from + 1).toLocaleString("en") + " to " + to.toLocaleString("en") + " of "
          + of.toLocaleString("en") : "no rows";
        buttons.forEach((button, index) => {
          button.setAttribute("aria-disabled", String(index > 1 ? to >= of : from === 0));
        });
      };
    }

    addButtons();
    if (table.dataset.filter) addFilter();
    if (rows.length > size) addPager();
    show(0);
    table.classList.add("ready");
  }

  document.querySelectorAll("table.sortable").forEach(enliven);

  // Paper cannot be clicked on.
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((each) => { each.open = true; });
  });
})();
