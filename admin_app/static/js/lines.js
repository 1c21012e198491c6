/* A sheet of lines, moved through like a spreadsheet. form#line-form > table[data-lines]

   tr[data-line] holds .cell, an input or a list, of each column (numbers that are summed up: data-max), [data-total] its sum and a hidden "seen.<code>";
   tbody[data-group] and tfoot hold [data-sum="0|1|…|all"]   [data-fill-zeros] [data-line-state] [data-line-jump="code.field"] [data-use="value"]

   Arrows, Enter and Shift Enter go from line to line, left and right at the end of what is typed, Tab as everywhere, Home and End to the ends of
   the line, with Ctrl to the ends of the sheet, Escape gives the cell its value back. Several cells of a spreadsheet are pasted from the cell on;
   Ctrl Z takes back the last cell, paste or filling, one after the other, Ctrl Y does it again. Without this script the sheet is an ordinary form.                                       */
const { make, toast, said } = window.khet;
const form = document.getElementById("line-form");
const table = form.querySelector("[data-lines]");
const lines = [...table.querySelectorAll("tr[data-line]")];
const grid = lines.map((line) => [...line.querySelectorAll(".cell")]);
const isNumber = (input) => "max" in input.dataset;
const first = (input) => input.defaultValue ?? [...input.options].find((option) => option.defaultSelected)?.value ?? "";
const arabic = (text) => text.replace(/[๐-๙]/g, (digit) => String(digit.charCodeAt(0) - 0x0e50)).replace(/[\u200b-\u200d\ufeff]/g, "");

/* null for nothing, NaN for what is no count */
const read = (input) => {
  const text = arabic(input.value).replace(/[,\s]/g, "");
  if (!text) return null;
  return /^\d+(\.0+)?$/.test(text) && Number(text) <= Number(input.dataset.max) ? Number(text) : NaN;
};
const place = (input) => {
  const row = lines.indexOf(input.closest("tr"));
  return [row, grid[row].indexOf(input)];
};
const go = (row, column) => {
  const line = grid[Math.max(0, Math.min(row, grid.length - 1))];
  const input = line[Math.max(0, Math.min(column, line.length - 1))];
  input.focus();
  input.scrollIntoView({ block: "nearest", inline: "nearest" });
};

/* Sums, marks and what is left to enter */
const show = (cell, sum) => { if (cell) cell.textContent = sum === null ? "–" : sum.toLocaleString("en-US"); };
const add = (sum, value) => (value === null || Number.isNaN(value) ? sum : (sum ?? 0) + value);
const wrongSays = (input) => `ต้องเป็นจำนวนเต็ม 0 ถึง ${Number(input.dataset.max).toLocaleString("en-US")}`;
const mark = (input) => {
  const cell = input.parentElement;
  const wrong = isNumber(input) && Number.isNaN(read(input));
  cell.classList.toggle("wrong", wrong);
  cell.querySelector(".says.t-bad")?.remove();
  if (wrong) {
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", `w-${input.name}`);
    cell.append(make("small", { class: "says t-bad", id: `w-${input.name}`, text: wrongSays(input) }));
  } else for (const name of ["aria-invalid", "aria-describedby"]) input.removeAttribute(name);
};
const count = () => {
  const width = grid[0].filter(isNumber).length;
  const all = Array(width + 1).fill(null);
  let blank = 0;
  let dirty = 0;
  for (const group of table.querySelectorAll("[data-group]")) {
    const sums = Array(width + 1).fill(null);
    for (const line of group.querySelectorAll("tr[data-line]")) {
      const cells = grid[lines.indexOf(line)];
      const values = cells.filter(isNumber).map(read);
      const total = values.reduce(add, null);
      show(line.querySelector("[data-total]"), total);
      values.forEach((value, at) => { sums[at] = add(sums[at], value); });
      sums[width] = add(sums[width], total);
      const changed = cells.some((input) => input.value.trim() !== first(input).trim());
      const empty = values.every((value) => value === null);
      line.classList.toggle("dirty", changed);
      line.classList.toggle("blank", empty);
      blank += empty;
      dirty += changed;
    }
    sums.forEach((sum, at) => { all[at] = add(all[at], sum); show(group.querySelector(`[data-sum="${at === width ? "all" : at}"]`), sum); });
  }
  all.forEach((sum, at) => show(table.tFoot.querySelector(`[data-sum="${at === width ? "all" : at}"]`), sum));
  const left = blank ? `ยังไม่กรอก ${blank.toLocaleString("en-US")} จาก ${lines.length.toLocaleString("en-US")} รายการ` : `กรอกครบ ${lines.length.toLocaleString("en-US")} รายการ`;
  const state = form.querySelector("[data-line-state]");
  state.textContent = dirty ? `${said(left)} · ${said(`แก้ไว้ ${dirty.toLocaleString("en-US")} รายการ ยังไม่บันทึก`)}` : said(left);
  if (zeros) zeros.hidden = !blank;
};
let before = ""; // what stood in the cell when it was entered
let waiting = 0;
const later = () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(count); };

/* Several cells at once; what was done, [[input, before, after], …] each, and what of it was taken back */
const done = [];
const undone = [];
const note = (cells) => {
  const changed = cells.filter(([, was, is]) => was !== is);
  if (!changed.length) return;
  done.push(changed);
  undone.length = 0;
};
const write = (cells) => {
  for (const [input, text] of cells) { input.value = text; mark(input); }
  form.dispatchEvent(new Event("change", { bubbles: true }));
  later();
};
const put = (cells) => {
  const was = cells.map(([input]) => input.value);
  write(cells.map(([input, text]) => [input, input.options ? [...input.options].find((option) => [option.text, option.value].includes(text))?.value ?? input.value : text]));
  note(cells.map(([input], at) => [input, was[at], input.value]));
  before = document.activeElement.value;
};
const step = (from, onto, which) => {
  const cells = from.pop();
  if (!cells) return;
  onto.push(cells);
  write(cells.map((cell) => [cell[0], cell[which]]));
  if (!cells.some(([input]) => input === document.activeElement)) go(...place(cells[0][0]));
  before = document.activeElement.value;
  document.activeElement.select?.();
  if (which === 1 && cells.length > 1) toast(`คืนค่าเดิม ${cells.length.toLocaleString("en-US")} ช่องแล้ว`, "ok");
};
const paste = (event) => {
  const input = event.target;
  const rows = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n").map((row) => row.split("\t"));
  if (rows.length === 1 && rows[0].length === 1) return;
  event.preventDefault();
  const [row, column] = place(input);
  const cells = [];
  let outside = 0;
  rows.forEach((texts, down) => texts.forEach((text, right) => {
    const target = grid[row + down]?.[column + right];
    if (target) cells.push([target, text.trim().slice(0, target.maxLength)]);
    else if (text.trim()) outside += 1;
  }));
  put(cells);
  const wide = outside ? `วาง ${cells.length.toLocaleString("en-US")} ช่อง อีก ${outside.toLocaleString("en-US")} ช่องอยู่นอกตารางจึงไม่ได้วาง กด Ctrl Z เพื่อเลิกทำ` : `วาง ${cells.length.toLocaleString("en-US")} ช่อง กด Ctrl Z เพื่อเลิกทำ`;
  toast(wide, outside ? "warn" : "ok", 8);
};
const zeros = form.querySelector("[data-fill-zeros]");
zeros?.addEventListener("click", () => {
  const cells = grid.filter((line) => line.filter(isNumber).every((input) => read(input) === null)).flatMap((line) => line.filter(isNumber).map((input) => [input, "0"]));
  put(cells);
  toast(`เติม 0 ใน ${(cells.length / grid[0].filter(isNumber).length).toLocaleString("en-US")} รายการ กด Ctrl Z เพื่อเลิกทำ`, "ok", 8);
});

/* Keys */
const whole = (input) => input.selectionStart === 0 && input.selectionEnd === input.value.length;
const key = (event) => {
  const input = event.target;
  const [row, column] = place(input);
  const edge = (end) => whole(input) || (input.selectionStart === input.selectionEnd && input.selectionStart === (end ? input.value.length : 0));
  const held = event.ctrlKey || event.metaKey;
  if (event.isComposing || event.altKey || (input.options && !held && !["Enter", "Escape"].includes(event.key))) return; // a list moves by its own keys
  let to = null;
  if (event.key === "ArrowDown" || (event.key === "Enter" && !event.shiftKey)) to = [held ? grid.length - 1 : row + 1, column];
  else if (event.key === "ArrowUp" || event.key === "Enter") to = [held ? 0 : row - 1, column];
  else if (event.key === "ArrowLeft" && !event.shiftKey && edge(false)) to = [row, column - 1];
  else if (event.key === "ArrowRight" && !event.shiftKey && edge(true)) to = [row, column + 1];
  else if (event.key === "Home" && !event.shiftKey && (held || isNumber(input) || whole(input))) to = [held ? 0 : row, 0];
  else if (event.key === "End" && !event.shiftKey && (held || isNumber(input) || whole(input))) to = [held ? grid.length - 1 : row, grid[row].length - 1];
  else if (event.key === "Escape") {
    const back = input.value === before ? first(input) : before;
    if (input.value === back) return;
    input.value = back;
    input.select?.();
    mark(input);
    form.dispatchEvent(new Event("change", { bubbles: true }));
    later();
  } else if (held && (event.key.toLowerCase() === "y" || (event.shiftKey && event.key.toLowerCase() === "z"))) step(undone, done, 2);
  else if (held && event.key.toLowerCase() === "z" && input.value === before) step(done, undone, 1);
  else if (held && event.key.toLowerCase() === "s") form.requestSubmit();
  else return;
  event.preventDefault();
  if (to) go(...to);
};
const onCell = (act) => (event) => { if (event.target.matches?.(".cell")) act(event); };
table.addEventListener("keydown", onCell(key));
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea") || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || !done.length) return;
  event.preventDefault();
  step(done, undone, 1);
});
table.addEventListener("paste", onCell(paste));
table.addEventListener("focusin", onCell((event) => { before = event.target.value; event.target.select?.(); }));
table.addEventListener("focusout", onCell((event) => {
  if (isNumber(event.target)) event.target.value = arabic(event.target.value).trim();
  mark(event.target);
  note([[event.target, before, event.target.value]]);
  before = event.target.value;
}));
table.addEventListener("input", onCell((event) => { if (!Number.isNaN(read(event.target))) mark(event.target); later(); }));
form.addEventListener("change", later);

for (const button of table.querySelectorAll("[data-use]")) {
  button.hidden = false;
  button.addEventListener("click", () => { const input = button.closest("td").querySelector(".cell"); put([[input, button.dataset.use]]); input.focus(); });
}
const jumpTo = (cell) => {
  const input = form.elements[`n.${cell}`];
  input?.focus({ preventScroll: true });
  input?.scrollIntoView({ block: "center" });
  return input;
};
document.addEventListener("click", (event) => {
  const jump = event.target.closest?.("[data-line-jump]");
  if (jump && jumpTo(jump.dataset.lineJump)) event.preventDefault();
});
/* Who came from the list of what was found stands at that very cell */
if (location.hash.startsWith("#line-")) addEventListener("load", () => setTimeout(() => jumpTo(location.hash.slice("#line-".length))));
count();
