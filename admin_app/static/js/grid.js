/* The grid. <div class="grid-wrap" data-grid data-update-url data-history-url data-csrf data-unit data-grid-key> around one table.

   tr[data-pk][data-revision][data-name]   td[data-col].can-edit[data-value]   <template data-editor="col"> holds the input for a column
   input.action-checkbox, .action-rowtoggle (Flask-Admin's)   [data-act] the bar, [data-action] its buttons, [data-act-all="N"], [data-act-none]
   [data-history="pk"] opens the drawer with the fragment at data-history-url?id=pk   [data-column="col"] shows and hides a column
   [data-filters] the add-filter window

   A cell is sent to data-update-url as Flask-Admin does it (list_form_pk, <column>=value, csrf_token) with `revision` beside it.
   Answers: 200 text, or JSON {value, shown, revision, mark: bad|warn or [bad|warn, sentence]}; 409 JSON {error, revision, by, when,
   conflict: [{name, label, mine, theirs, theirs_raw}]}; anything else: JSON {error} or text, shown beside the cell, the typed value kept.
   Keys: arrows move, Enter or F2 or typing edits, Enter and Tab save and go on, Escape gives up, Space chooses the row, h shows history.  */
const { ask, toast, make, icon, drawer, said } = window.khet;
const wrap = document.querySelector("[data-grid]");
const table = wrap?.querySelector("table");

/* Frozen columns: each stands after the ones before it. */
const freeze = () => {
  const small = matchMedia("(max-width: 860px)").matches;
  const heads = [...table.tHead.rows[0].cells];
  let left = 0;
  const lefts = heads.map((head) => {
    const stuck = head.classList.contains("fix") && !head.hidden && (!small || head.classList.contains("keep"));
    if (!stuck) return null;
    const at = left;
    left += head.getBoundingClientRect().width;
    return at;
  });
  const last = lefts.reduce((found, at, index) => (at === null ? found : index), -1);
  for (const row of table.rows) {
    [...row.cells].forEach((cell, index) => {
      if (lefts[index] === undefined) return;
      cell.style.left = lefts[index] === null ? "" : `${lefts[index]}px`;
      cell.classList.toggle("last", index === last);
    });
  }
};

/* Choosing rows */
const unit = wrap?.dataset.unit || "รายการ";
const comma = (number) => number.toLocaleString("en-US");
const boxes = () => [...table.querySelectorAll("input.action-checkbox")];
const chosen = () => boxes().filter((box) => box.checked);
const bar = document.querySelector("[data-act]");
let everything = 0;
let lastBox = null;

const showChosen = () => {
  const picked = chosen();
  for (const box of boxes()) box.closest("tr").classList.toggle("sel", box.checked);
  const toggle = table.querySelector(".action-rowtoggle");
  if (toggle) {
    toggle.checked = picked.length > 0 && picked.length === boxes().length;
    toggle.indeterminate = picked.length > 0 && !toggle.checked;
  }
  if (!bar) return;
  bar.hidden = picked.length === 0;
  bar.querySelector("[data-act-count]").textContent = said(everything ? `เลือกทั้งหมด ${comma(everything)} ${unit}ที่ตรงเงื่อนไข` : `เลือกไว้ ${comma(picked.length)} ${unit}`);
  const all = bar.querySelector("[data-act-all]");
  if (all) all.hidden = Boolean(everything) || Number(all.dataset.actAll) <= picked.length;
};
const pick = (box, event) => {
  everything = 0;
  const list = boxes();
  if (event?.shiftKey && lastBox && list.includes(lastBox)) {
    const [from, to] = [list.indexOf(lastBox), list.indexOf(box)].sort((a, b) => a - b);
    for (const between of list.slice(from, to + 1)) between.checked = box.checked;
  }
  lastBox = box;
  showChosen();
};

const act = async (button) => {
  const form = document.querySelector("[data-action-form]");
  const picked = chosen();
  if (!form || !picked.length) { toast(`เลือกอย่างน้อย 1 ${unit}ก่อน`, "warn"); return; }
  const many = everything || picked.length;
  const words = button.textContent.trim();
  const names = picked.slice(0, 3).map((box) => box.closest("tr").dataset.name).filter(Boolean);
  const whom = everything ? `ทั้งหมด ${comma(many)} ${unit}ที่ตรงเงื่อนไข ไม่ใช่เฉพาะหน้านี้` : names.length ? `${names.join(", ")}${picked.length > names.length ? ` และอีก ${comma(picked.length - names.length)} ${unit}` : ""}` : "";
  const said = "page" in button.dataset ? {} : await ask({
    title: `${words} ${comma(many)} ${unit}`,
    text: [whom, button.dataset.question?.replaceAll("{n}", comma(many))].filter(Boolean).join(" · ") || " ",
    yes: `${words} ${comma(many)} ${unit}`, tone: button.classList.contains("risk") ? "risk" : "main",
    undo: button.dataset.undo || undefined, reason: button.dataset.reason || undefined,
  });
  if (!said) return;
  form.querySelectorAll('[name="rowid"], [name="reason"]').forEach((old) => old.remove());
  form.elements.action.value = button.dataset.action;
  form.elements.all_matching.value = everything ? "1" : "";
  for (const box of picked) form.append(make("input", { type: "hidden", name: "rowid", value: box.value }));
  if (button.dataset.reason) form.append(make("input", { type: "hidden", name: button.dataset.reason, value: said.reason }));
  button.setAttribute("aria-busy", "true");
  form.submit();
};

/* Editing a cell */
const saved = make("div", { class: "sr", role: "status" }); // read out, not seen: the cell itself flashes
const queues = new WeakMap();
const cellWord = (cell, text) => {
  cell.querySelector(".cell-word")?.remove();
  const editor = cell.khet?.editor;
  editor?.setAttribute("aria-invalid", String(Boolean(text)));
  if (!text) { editor?.removeAttribute("aria-describedby"); return; }
  const id = `word-${cell.closest("tr").dataset.pk}-${cell.dataset.col}`;
  editor?.setAttribute("aria-describedby", id);
  cell.append(make("div", { class: "cell-word", role: "alert", id, text }));
};
const shownFor = (cell, value) => {
  const option = cell.khet?.editor.tagName === "SELECT" ? [...cell.khet.editor.options].find((one) => one.value === value) : null;
  return option ? option.textContent : value;
};
const rest = (cell, text, value) => {
  cell.classList.remove("edit", "failed", "saving");
  cell.replaceChildren(document.createTextNode(text));
  if (value !== undefined) cell.dataset.value = value;
  cell.khet = null;
};

const edit = (cell, start) => {
  const template = wrap.querySelector(`template[data-editor="${CSS.escape(cell.dataset.col)}"]`);
  if (!template || cell.khet) return;
  const editor = template.content.firstElementChild.cloneNode(true);
  cell.khet = { editor, before: [...cell.childNodes], text: cell.textContent.trim() };
  const width = cell.getBoundingClientRect().width;
  cell.replaceChildren(editor);
  cell.classList.add("edit");
  editor.style.width = `${Math.max(width, 96)}px`;
  editor.value = start !== undefined && editor.tagName === "INPUT" ? start : cell.dataset.value ?? "";
  editor.focus();
  if (start === undefined) editor.select?.();
  editor.addEventListener("keydown", (event) => keysIn(event, cell));
  editor.addEventListener("blur", () => { if (cell.khet && !cell.khet.sending && !cell.classList.contains("failed")) save(cell, null, true); });
};
const giveUp = (cell, left) => {
  const { before } = cell.khet;
  cell.classList.remove("edit", "failed", "saving");
  cell.khet = null;
  cell.replaceChildren(...before);
  if (!left) cell.focus();
};

const post = (cell, value, revision) => {
  const row = cell.closest("tr");
  const body = new URLSearchParams({ list_form_pk: row.dataset.pk, [cell.dataset.col]: value, csrf_token: wrap.dataset.csrf ?? "" });
  if (revision !== undefined) body.set("revision", revision);
  return fetch(wrap.dataset.updateUrl, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": wrap.dataset.csrf ?? "", "X-Requested-With": "fetch" } });
};
const answer = async (response) => {
  const text = await response.text();
  try { const found = JSON.parse(text); return typeof found === "object" && found ? found : { text }; } catch { return { text: text.startsWith("<") ? "" : text }; }
};

const save = (cell, step, left) => {
  const row = cell.closest("tr");
  const value = cell.khet.editor.value;
  if (value === (cell.dataset.value ?? "")) { giveUp(cell, left); if (step) step(); return; }
  cell.khet.sending = true;
  cell.classList.add("saving");
  const turn = (queues.get(row) ?? Promise.resolve()).then(() => sendCell(cell, value, row.dataset.revision)).catch(() => {});
  queues.set(row, turn);
  if (step) step();
};

const fail = (cell, sentence) => {
  cell.khet.sending = false;
  cell.classList.remove("saving");
  cell.classList.add("failed");
  cellWord(cell, sentence);
  cell.khet.editor.focus();
};

const sendCell = async (cell, value, revision) => {
  const row = cell.closest("tr");
  let response;
  try {
    response = await post(cell, value, revision);
  } catch {
    fail(cell, "ส่งไม่ได้ เครือข่ายหลุด ค่าที่พิมพ์ยังอยู่ กด Enter เพื่อส่งใหม่");
    return;
  }
  const said = await answer(response);
  if (response.status === 409 && said.conflict) { await conflict(cell, value, said); return; }
  if (!response.ok || response.redirected) {
    fail(cell, said.error || said.text || (response.redirected || response.status === 401 ? "หมดเวลาเข้าสู่ระบบ เข้าสู่ระบบใหม่ในอีกหน้าต่างแล้วกด Enter เพื่อส่งใหม่" : "บันทึกไม่ได้ ลองใหม่ หรือเปิดฟอร์มเต็มเพื่อดูสาเหตุ"));
    return;
  }
  if (revision !== undefined) row.dataset.revision = said.revision ?? Number(revision) + 1;
  rest(cell, said.shown ?? said.display ?? shownFor(cell, value), said.value ?? value);
  cell.classList.remove("bad", "warn", "blank");
  cell.removeAttribute("title");
  if (said.mark) {
    const [level, sentence] = [said.mark].flat();
    cell.classList.add(level, ...(cell.textContent ? [] : ["blank"]));
    if (sentence) cell.title = sentence;
  }
  cell.classList.add("saved");
  saved.textContent = window.khet.said(`บันทึก ${row.dataset.name ?? ""} แล้ว`);
  setTimeout(() => cell.classList.remove("saved"), 1700);
};

/* Two versions of one row: the person chooses; "mine" is sent again on top of the newer revision. */
const conflict = async (cell, value, said) => {
  const row = cell.closest("tr");
  const mine = said.conflict.find((one) => (one.field ?? one.name) === cell.dataset.col) ?? said.conflict[0];
  const line = (one) => make("tr", {}, make("td", { class: "what", text: one.label }),
    make("td", {}, make("label", {}, one === mine ? make("input", { type: "radio", name: "version", value: "mine", checked: true, "aria-label": `${one.label} ของคุณ ${one.mine || "(ว่าง)"}` }) : null, make("span", { text: one.mine || "(ว่าง)" }))),
    make("td", {}, make("label", {}, one === mine ? make("input", { type: "radio", name: "version", value: "theirs", "aria-label": `${one.label} ที่บันทึกไว้แล้ว ${one.theirs || "(ว่าง)"}` }) : null, make("span", { text: one.theirs || "(ว่าง)" }))));
  const box = make("dialog", { class: "box two-versions", "aria-labelledby": "two-versions" });
  box.append(make("form", { method: "dialog" },
    make("div", { class: "box-head" }, make("span", { class: "box-icon t-warn" }, icon("duplicates")), make("div", { class: "grow" },
      make("h2", { id: "two-versions", text: "มีคนแก้รายการนี้ก่อนคุณ" }),
      make("p", { class: "muted", text: `${row.dataset.name ? `${row.dataset.name} · ` : ""}${said.by ?? "ผู้ใช้อื่น"}${said.when ? ` บันทึกเมื่อ ${said.when}` : ""} · เลือกว่าจะใช้ค่าใด` }))),
    make("div", { class: "box-body" }, make("div", { class: "versions" }, make("table", { "aria-labelledby": "two-versions" },
      make("thead", {}, make("tr", {}, ...["ช่อง", "ของคุณ", "ที่บันทึกไว้แล้ว"].map((text) => make("th", { scope: "col", text })))), make("tbody", {}, ...said.conflict.map(line))))),
    make("div", { class: "box-foot" }, make("button", { class: "btn quiet", value: "later", text: "กลับไปที่ช่อง" }), make("button", { class: "btn main", value: "go", text: "ใช้ค่าที่เลือก" }))));
  document.body.append(box);
  box.showModal();
  await new Promise((closed) => box.addEventListener("close", closed));
  const choice = box.returnValue === "go" ? box.querySelector("input:checked").value : "later";
  box.remove();
  if (choice === "later") { fail(cell, "ยังไม่ได้บันทึก มีคนแก้รายการนี้ก่อนคุณ กด Enter เพื่อเลือกอีกครั้ง"); return; }
  row.dataset.revision = said.revision;
  if (choice === "mine") { await sendCell(cell, value, String(said.revision)); return; }
  rest(cell, mine.theirs ?? "", mine.theirs_raw ?? mine.theirs ?? "");
  cell.focus();
};

/* Keyboard */
const near = (cell, dx, dy) => {
  const rows = [...table.tBodies[0].rows].filter((row) => row.dataset.pk);
  if (dy) {
    const row = rows[rows.indexOf(cell.closest("tr")) + dy];
    return row?.querySelector(`td.can-edit[data-col="${CSS.escape(cell.dataset.col)}"]`);
  }
  const cells = [...table.tBodies[0].querySelectorAll("td.can-edit")].filter((one) => !one.hidden);
  return cells[cells.indexOf(cell) + dx];
};
const go = (cell) => { if (cell) { cell.focus(); cell.scrollIntoView({ block: "nearest", inline: "nearest" }); } };
const keysIn = (event, cell) => {
  event.stopPropagation();
  if (event.key === "Escape") { event.preventDefault(); giveUp(cell); }
  else if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); cell.classList.remove("failed"); cellWord(cell, ""); save(cell, () => go(near(cell, 0, 1) ?? cell)); }
  else if (event.key === "Tab") { event.preventDefault(); cell.classList.remove("failed"); cellWord(cell, ""); save(cell, () => go(near(cell, event.shiftKey ? -1 : 1, 0) ?? cell)); }
  else if (cell.classList.contains("failed")) { cell.classList.remove("failed"); cellWord(cell, ""); }
};
const keysOn = (event) => {
  const cell = event.target.closest("td.can-edit");
  if (!cell || cell.khet || event.ctrlKey || event.metaKey || event.altKey) return;
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (steps[event.key]) { event.preventDefault(); go(near(cell, ...steps[event.key])); }
  else if (event.key === "Enter" || event.key === "F2") { event.preventDefault(); edit(cell); }
  else if (event.key === "Delete" || event.key === "Backspace") { event.preventDefault(); edit(cell, ""); }
  else if (event.key === " ") { event.preventDefault(); const box = cell.closest("tr").querySelector(".action-checkbox"); if (box) { box.checked = !box.checked; pick(box); } }
  else if (event.key === "h" && wrap.dataset.historyUrl) showHistory(cell.closest("tr"));
  else if (event.key.length === 1) { event.preventDefault(); edit(cell, event.key); }
};

/* History */
const showHistory = async (row) => {
  const body = document.querySelector("[data-drawer-body]");
  document.querySelectorAll("tr.open").forEach((open) => open.classList.remove("open"));
  row.classList.add("open");
  const name = document.querySelector("[data-drawer-name]");
  if (name) name.textContent = row.dataset.name ?? "";
  body.replaceChildren(make("div", { class: "skeleton" }, ...Array.from({ length: 5 }, () => make("i"))));
  drawer.open();
  try {
    const response = await fetch(`${wrap.dataset.historyUrl}?id=${encodeURIComponent(row.dataset.pk)}`, { headers: { "X-Requested-With": "fetch" } });
    if (!response.ok || response.redirected) throw new Error(String(response.status));
    body.innerHTML = await response.text();
  } catch {
    body.replaceChildren(make("p", { class: "muted", text: "เปิดประวัติไม่ได้ในขณะนี้ ตรวจเครือข่ายแล้วลองใหม่" }));
  }
  freeze();
};

/* Columns shown, kept on this machine */
const columnsKey = `khet:columns:${wrap?.dataset.gridKey ?? ""}`;
const hiddenColumns = () => { try { return JSON.parse(localStorage.getItem(columnsKey)) ?? []; } catch { return []; } };
const showColumns = () => {
  const off = hiddenColumns();
  for (const cell of table.querySelectorAll("[data-col]")) cell.hidden = off.includes(cell.dataset.col);
  for (const box of document.querySelectorAll("[data-column]")) box.checked = !off.includes(box.dataset.column);
  freeze();
};

/* Adding a filter */
const filters = document.querySelector("[data-filters]");
const setUpFilters = () => {
  const groups = JSON.parse(filters.querySelector("[data-filter-groups]").textContent);
  const [field, op, spot] = ["[data-filter-field]", "[data-filter-op]", "[data-filter-value]"].map((one) => filters.querySelector(one));
  const next = [...new URLSearchParams(location.search).keys()].filter((name) => name.startsWith("flt")).length;
  const showValue = () => {
    const rule = groups[field.value][op.selectedIndex] ?? groups[field.value][0];
    const name = `flt${next}_${rule.arg}`;
    const input = rule.options
      ? make("select", { class: "input", name, "aria-label": "ค่า" }, ...rule.options.map(([value, text]) => make("option", { value, text })))
      : make("input", { class: "input", name, "aria-label": "ค่า", required: true, placeholder: /date/.test(rule.type ?? "") ? "วว/ดด/พ.ศ." : "", "data-kind": /date/.test(rule.type ?? "") ? "date" : undefined });
    spot.replaceChildren(input);
  };
  const showOps = () => {
    op.replaceChildren(...groups[field.value].map((rule) => make("option", { text: rule.operation })));
    op.hidden = groups[field.value].length < 2;
    showValue();
  };
  field.addEventListener("change", showOps);
  op.addEventListener("change", showValue);
  if (field.options.length) showOps();
};

if (table) {
  freeze();
  showColumns();
  showChosen();
  document.fonts?.ready.then(freeze);
  new ResizeObserver(freeze).observe(wrap);
  wrap.addEventListener("scroll", () => wrap.classList.toggle("scrolled", wrap.scrollLeft > 0), { passive: true });
  table.querySelector("td.can-edit")?.setAttribute("tabindex", "0");
  table.addEventListener("click", (event) => {
    const box = event.target.closest("input.action-checkbox");
    if (box) pick(box, event);
    else if (!event.target.matches("input")) event.target.closest(".col-check")?.querySelector("input")?.click();
    const cell = event.target.closest("td.can-edit");
    if (cell && !event.target.closest("a, input, select, button")) cell === document.activeElement || event.detail > 1 || matchMedia("(pointer: coarse)").matches ? edit(cell) : cell.focus();
    const old = event.target.closest("[data-history]");
    if (old) showHistory(old.closest("tr"));
  });
  table.addEventListener("keydown", keysOn);
  table.addEventListener("focusin", (event) => {  // Tab comes back to the cell one was at
    const cell = event.target.closest("td.can-edit");
    if (!cell) return;
    for (const old of table.querySelectorAll('td.can-edit[tabindex="0"]')) old.tabIndex = -1;
    cell.tabIndex = 0;
  });
  if (location.hash.startsWith("#cell-")) addEventListener("load", () => setTimeout(() => {  // who came from what was found
    const cell = table.querySelector(`tbody tr[data-pk] td[data-col="${CSS.escape(location.hash.slice("#cell-".length))}"]`);
    if (cell && cell.tabIndex < 0) cell.tabIndex = -1;
    go(cell);
  }));
  wrap.before(saved);
  table.querySelector(".action-rowtoggle")?.addEventListener("change", (event) => { everything = 0; for (const box of boxes()) box.checked = event.target.checked; showChosen(); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-action]");
    if (button) act(button);
    else if (event.target.closest("[data-act-none]")) { everything = 0; for (const box of boxes()) box.checked = false; showChosen(); }
    else if (event.target.closest("[data-act-all]")) { everything = Number(event.target.closest("[data-act-all]").dataset.actAll); for (const box of boxes()) box.checked = true; showChosen(); }
  });
  document.addEventListener("change", (event) => {
    const box = event.target.closest?.("[data-column]");
    if (!box) return;
    const off = new Set(hiddenColumns());
    if (box.checked) off.delete(box.dataset.column); else off.add(box.dataset.column);
    try { localStorage.setItem(columnsKey, JSON.stringify([...off])); } catch { /* this page only */ }
    showColumns();
  });
  window.addEventListener("pageshow", showChosen);
}
if (filters) setUpFilters();
