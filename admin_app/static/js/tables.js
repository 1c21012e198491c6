/* Tables of figures (khet/tables.html): sorted by a press on a head, their fixed columns and heads kept in place.

   table[data-figures] th[data-column] > button[data-sort="number|text"]   first largest (numbers) or ก–ฮ (text), then the other way;
   a cell's data-value is sorted by before its text; a third press gives the first order again. The total row stays last. */
const thai = new Intl.Collator("th", { numeric: true });

const valueOf = (row, column, kind) => {
  const cell = row.cells[column];
  if (kind === "text") return cell.textContent.trim();
  return cell.dataset.value === undefined ? -1 : Number(cell.dataset.value);
};

const sortBy = (table, head, button) => {
  const body = table.tBodies[0];
  const column = Number(head.dataset.column);
  const kind = button.dataset.sort;
  const ways = kind === "number" ? ["descending", "ascending", null] : ["ascending", "descending", null];
  const way = ways[(ways.indexOf(head.getAttribute("aria-sort")) + 1) % 3];
  for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
  const rows = [...body.rows];
  rows.forEach((row, place) => (row.dataset.place ??= place));
  const first = (one, other) => Number(one.dataset.place) - Number(other.dataset.place);
  if (way) {
    head.setAttribute("aria-sort", way);
    const turn = way === "descending" ? -1 : 1;
    const compare = kind === "number" ? (a, b) => a - b : (a, b) => thai.compare(a, b);
    rows.sort((one, other) => turn * compare(valueOf(one, column, kind), valueOf(other, column, kind)) || first(one, other));
  } else rows.sort(first);
  body.append(...rows);
};

/* The left edge of each fixed column, and the top of each row of heads, as wide and high as they come out. */
const settle = (table) => {
  // All is measured before anything is set: a page laid out anew for each of 230 rows takes a second.
  const sizeOf = (node) => node.getBoundingClientRect();
  const heads = [...table.tHead.rows].map((row) => [row, sizeOf(row).height]);
  const fixed = [...table.rows].map((row) => {
    const free = [...row.cells].findIndex((cell) => !cell.classList.contains("fix"));
    return [...row.cells].slice(0, free < 0 ? undefined : free).map((cell) => [cell, sizeOf(cell).width]);
  });
  let top = 0;
  for (const [row, height] of heads) {
    for (const head of row.cells) head.style.top = `${top}px`;
    top += height;
  }
  for (const cells of fixed) {
    let left = 0;
    for (const [cell, width] of cells) {
      cell.style.left = `${left}px`;
      left += width;
    }
  }
};

for (const table of document.querySelectorAll("table[data-figures]")) {
  for (const button of table.querySelectorAll("button[data-sort]")) {
    button.addEventListener("click", () => sortBy(table, button.closest("th"), button));
  }
  settle(table);
  new ResizeObserver(() => settle(table)).observe(table);
}
