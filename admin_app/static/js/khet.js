/* What every page does. Other scripts use window.khet: { said, ask, toast, make, icon, inTouch, drawer }.

   [data-nav-toggle] [data-scrim]          the side menu on a phone
   [data-theme-switch]                     system > light > dark, kept in localStorage
   details.drop                            closes on Escape and on a press elsewhere
   form|button|a[data-confirm="question"]  asks first; -title, -yes, -tone (main|risk), -undo, -reason="field" (a reason is demanded,
                                           posted under that name), -reason-label
   form[data-once]                         sent once, the button shows it is working
   [data-dismiss] [data-open="id"] [data-open-now] [data-close] [data-drawer-open] [data-drawer-close]
   [data-copy="text"] [data-copy-from="#id"]   to the clipboard, and says so
   [data-show-password] [data-global-search] (Ctrl K) [data-print] [data-file-drop]
   form[data-auto-submit]                  sent when a choice in it changes
   button[data-reveal="field"][data-reveal-url][data-reveal-id][data-csrf] (in a grid: data-reveal-url, data-reveal-csrf on the grid, the id on the row)   asks for a masked value and puts it in [data-masked="field"] */

/* What the scripts say is Thai; on a page in English each text is looked up, the holes of a message ({0}) filled in turn. */
const words = Object.entries(JSON.parse(document.getElementById("script-words")?.textContent ?? "{}"));
const hole = /\{(\d+)\}/g;
const shapes = words.filter(([message]) => message.match(hole)).sort((one, other) => other[0].length - one[0].length)
  .map(([message, english]) => [new RegExp(`^${message.split(/\{\d+\}/).map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("([^]+?)")}$`), english]);
const exact = new Map(words);
export const said = (text, depth = 0) => {
  if (!words.length || typeof text !== "string" || depth > 3) return text;
  if (exact.has(text.trim())) return exact.get(text.trim());
  for (const [shape, english] of shapes) {
    const found = text.trim().match(shape);
    if (found) return english.replace(hole, (_, index) => said(found[Number(index) + 1], depth + 1));
  }
  return text;
};
const SPOKEN = new Set(["aria-label", "title", "placeholder"]);

export const make = (tag, props = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = said(value);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : SPOKEN.has(name) ? said(value) : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

export const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
};

/* A short word at the foot of the page; tone: ok, bad, warn or none. Its place stands before the first word, else it is not read out. */
document.body.append(make("div", { class: "toasts", role: "status", "aria-live": "polite" }));
export const toast = (text, tone = "", seconds = 5) => {
  const place = document.querySelector(".toasts");
  const word = make("div", { class: `toast ${tone ? `t-${tone}` : ""}` }, icon({ ok: "check", bad: "alert", warn: "alert" }[tone] ?? "info"), make("span", { text }));
  place.append(word);
  setTimeout(() => word.remove(), seconds * 1000);
};

/* Asks in a window; gives false, or {reason} when the person said yes. */
export const ask = ({ title, text, yes = "ตกลง", tone = "main", undo, reason, reasonLabel = "เหตุผล" }) =>
  new Promise((answer) => {
    const words = reason ? make("textarea", { class: "input", id: "ask-reason", required: true, rows: 3, maxlength: 500 }) : null;
    const box = make("dialog", { class: "box", "aria-labelledby": "ask-title" });
    const form = make("form", { method: "dialog" },
      make("div", { class: "box-head" },
        make("span", { class: `box-icon ${tone === "risk" ? "t-bad" : "t-accent"}` }, icon(tone === "risk" ? "alert" : "info")),
        make("h2", { id: "ask-title", text: title ?? text })),
      make("div", { class: "box-body" },
        title && text ? make("p", { text }) : null,
        words ? make("div", { class: "field" }, make("label", { for: "ask-reason" }, make("span", { class: "req", text: reasonLabel })), words) : null,
        undo ? make("p", { class: "box-undo" }, icon("return"), make("span", { text: undo })) : null),
      make("div", { class: "box-foot" },
        make("button", { class: "btn", value: "no", formnovalidate: true, text: "ย้อนกลับ", type: "submit" }),
        make("button", { class: `btn ${tone === "risk" ? "risk solid" : "main"}`, value: "yes", text: yes, type: "submit", "data-yes": true })));
    box.append(form);
    document.body.append(box);
    box.addEventListener("close", () => {
      const said = box.returnValue === "yes" ? { reason: words?.value.trim() ?? "" } : false;
      box.remove();
      answer(said);
    });
    box.showModal();
    (words ?? box.querySelector(tone === "risk" ? '[value="no"]' : "[data-yes]")).focus();
  });

/* Whether the server answers now. A browser says "online" also where the line behind the router is dead. */
export const inTouch = async () => {
  if (!navigator.onLine) return false;
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), 6000);
  try {
    return (await fetch(document.body.dataset.ping, { method: "HEAD", cache: "no-store", signal: stop.signal })).ok;
  } catch {
    return false;
  } finally {
    clearTimeout(late);
  }
};

let openedDrawer = null; // what had the focus before
export const drawer = {
  open() {
    const now = document.activeElement;
    if (!now?.closest(".drawer")) openedDrawer = now;
    document.body.dataset.drawer = "open";
    document.querySelector("[data-drawer-close]")?.focus();
  },
  close() {
    const within = document.activeElement?.closest(".drawer") || document.activeElement === document.body;
    delete document.body.dataset.drawer;
    document.querySelectorAll("tr.open").forEach((row) => row.classList.remove("open"));
    if (within) openedDrawer?.focus({ preventScroll: true });
    openedDrawer = null;
  },
};
window.khet = { said, ask, toast, make, icon, inTouch, drawer };

/* Theme */
const THEMES = { auto: ["ตามเครื่อง", "auto"], light: ["สว่าง", "sun"], dark: ["มืด", "moon"] };
const showTheme = () => {
  const now = document.documentElement.dataset.theme ?? "auto";
  for (const button of document.querySelectorAll("[data-theme-switch]")) {
    button.replaceChildren(icon(THEMES[now][1]), make("span", { text: THEMES[now][0] }));
    button.setAttribute("aria-label", said(`${THEMES[now][0]} สลับพื้นสว่างหรือมืด`));
  }
};
const nextTheme = () => {
  const order = Object.keys(THEMES);
  const next = order[(order.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % order.length];
  if (next === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try { localStorage.setItem("khet:theme", next); } catch { /* not kept, still shown */ }
  showTheme();
};
showTheme();

/* The page that is open is seen in a long side menu */
{
  const menu = document.querySelector(".side nav"), here = menu?.querySelector("a[aria-current]");
  if (here && here.offsetTop + here.offsetHeight > menu.offsetTop + menu.clientHeight) {
    menu.scrollTop = here.offsetTop - menu.offsetTop - menu.clientHeight / 2;
  }
}

/* Side menu on a phone */
const nav = (open) => {
  if (open) document.body.dataset.nav = "open"; else delete document.body.dataset.nav;
  const button = document.querySelector("[data-nav-toggle]");
  button?.setAttribute("aria-expanded", String(open));
  document.querySelector(".content").inert = open;
  if (open) document.querySelector(".side nav a[aria-current], .side nav a")?.focus(); else button?.focus({ preventScroll: true });
};

const copy = async (button) => {
  const text = button.dataset.copy ?? document.querySelector(button.dataset.copyFrom)?.textContent ?? "";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { class: "sr" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast("คัดลอกแล้ว วางในไลน์ได้เลย", "ok");
};

const showPassword = (button) => {
  const input = button.parentElement.querySelector("input");
  input.type = input.type === "password" ? "text" : "password";
  button.replaceChildren(icon(input.type === "password" ? "eye" : "hide"));
  button.setAttribute("aria-label", said(input.type === "password" ? "แสดงรหัสผ่าน" : "ซ่อนรหัสผ่าน"));
};

document.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest?.(selector);
  for (const open of document.querySelectorAll("details.drop[open]")) if (!open.contains(event.target)) open.open = false;
  if (on("[data-theme-switch]")) nextTheme();
  else if (on("[data-nav-toggle]")) nav(document.body.dataset.nav !== "open");
  else if (on("[data-scrim]")) { if (document.body.dataset.nav) nav(false); drawer.close(); }
  else if (on("[data-dismiss]")) { on(".flash, .note, .draft")?.remove(); document.getElementById("main")?.focus({ preventScroll: true }); }
  else if (on("[data-open]")) document.getElementById(on("[data-open]").dataset.open)?.showModal();
  else if (on("[data-close]")) on("dialog")?.close();
  else if (on("[data-drawer-open]")) drawer.open();
  else if (on("[data-drawer-close]")) drawer.close();
  else if (on("[data-copy], [data-copy-from]")) copy(on("[data-copy], [data-copy-from]"));
  else if (on("[data-show-password]")) showPassword(on("[data-show-password]"));
  else if (on("[data-reveal]")) reveal(on("[data-reveal]"));
  else if (on("[data-print]")) window.print();
});

/* A masked number in full: asked of the server, which notes who looked. In a grid the row says whose it is. */
const reveal = async (button) => {
  const grid = button.closest("[data-grid]")?.dataset;
  const { revealUrl, csrf } = button.dataset.revealUrl ? button.dataset : { revealUrl: grid.revealUrl, csrf: grid.revealCsrf };
  const body = new URLSearchParams({ id: button.dataset.revealId || button.closest("tr").dataset.pk, name: button.dataset.reveal, csrf_token: csrf });
  button.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(revealUrl, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": csrf } });
    if (!response.ok || response.redirected) throw new Error(String(response.status));
    const shown = button.parentElement.querySelector("[data-masked]");
    shown.textContent = (await response.json()).value;
    shown.tabIndex = -1;
    shown.focus({ preventScroll: true });
    button.remove();
  } catch {
    button.removeAttribute("aria-busy");
    toast("แสดงไม่ได้ในขณะนี้ ตรวจเครือข่ายหรือเข้าสู่ระบบใหม่", "bad");
  }
};

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-confirm]");
  if (!link || event.defaultPrevented) return;
  event.preventDefault();
  if (await ask(question(link))) location.assign(link.href);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const open = document.querySelector("details.drop[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
    else if (document.body.dataset.nav) nav(false);
    else if (document.body.dataset.drawer && !document.querySelector("dialog[open], td.edit")) drawer.close();
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    const find = [...document.querySelectorAll("[data-global-search], [data-find]")].find((input) => input.offsetParent);
    if (find) { event.preventDefault(); find.focus(); find.select(); }
  }
});

/* A menu closes when the focus goes on. */
document.addEventListener("focusin", (event) => {
  for (const open of document.querySelectorAll("details.drop[open]")) if (!open.contains(event.target)) open.open = false;
});

/* A menu that would run off the right edge opens to the left. */
document.addEventListener("toggle", (event) => {
  const drop = event.target;
  if (!drop.matches?.("details.drop") || !drop.open || drop.classList.contains("end")) return;
  drop.classList.toggle("end", drop.querySelector(".drop-menu").getBoundingClientRect().right > innerWidth - 8);
}, true);

/* Forms that ask, and forms that are sent once */
const question = (node) => ({
  title: node.dataset.confirmTitle, text: node.dataset.confirm, yes: node.dataset.confirmYes, tone: node.dataset.confirmTone,
  undo: node.dataset.confirmUndo, reason: node.dataset.confirmReason, reasonLabel: node.dataset.confirmReasonLabel,
});
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const asks = event.submitter?.dataset.confirm ? event.submitter : form.dataset.confirm ? form : null;
  if (!asks || form.method === "dialog") return;
  if (form.dataset.answered) { delete form.dataset.answered; return; }
  event.preventDefault();
  event.stopImmediatePropagation();
  const said = await ask(question(asks));
  if (!said) return;
  if (asks.dataset.confirmReason) {
    const hidden = form.elements[asks.dataset.confirmReason] ?? form.appendChild(make("input", { type: "hidden", name: asks.dataset.confirmReason }));
    hidden.value = said.reason;
  }
  form.dataset.answered = "1";
  form.requestSubmit(event.submitter ?? undefined);
}, true);

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !("once" in form.dataset) || form.dataset.draft) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  (event.submitter ?? form.querySelector("button.main"))?.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});

/* Forms sent when a choice changes. By keyboard a closed list changes with every arrow: sent on Enter or when one goes on; the focus comes back. */
const BACK = "khet:focus";
let stepped = null; // the list whose last change came from a key
const autoSubmit = (list) => {
  stepped = null;
  try { sessionStorage.setItem(BACK, JSON.stringify([location.pathname, list.name])); } catch { /* the focus starts at the top */ }
  list.form.requestSubmit();
};
const autoSubmits = (node) => node.matches?.("form[data-auto-submit] select");
let keyed = false;
document.addEventListener("keydown", (event) => {
  if (!autoSubmits(event.target)) return;
  keyed = event.key.startsWith("Arrow") || ["Home", "End", "PageUp", "PageDown"].includes(event.key) || (event.key.length === 1 && event.key !== " ");
  if (event.key === "Enter" && stepped === event.target) { event.preventDefault(); autoSubmit(stepped); }
}, true);
document.addEventListener("pointerdown", () => { keyed = false; }, true);
document.addEventListener("focusout", (event) => { if (stepped === event.target) autoSubmit(stepped); });
document.addEventListener("change", (event) => {
  const list = event.target;
  if (list.form && "autoSubmit" in list.form.dataset) {
    if (autoSubmits(list) && keyed) stepped = list;
    else autoSubmit(list);
  }
});
try {
  const [path, name] = JSON.parse(sessionStorage.getItem(BACK) ?? "[]");
  sessionStorage.removeItem(BACK);
  if (path === location.pathname && document.activeElement === document.body) document.querySelector(`form[data-auto-submit] [name="${CSS.escape(name)}"]`)?.focus({ preventScroll: true });
} catch { /* nothing kept */ }

document.addEventListener("change", (event) => {
  const drop = event.target.closest?.("[data-file-drop], .file-drop");
  if (drop && event.target.files?.length) (drop.querySelector("[data-file-name]") ?? drop.querySelector("b")).textContent = event.target.files[0].name;
});
for (const drop of document.querySelectorAll("[data-file-drop], .file-drop")) {
  const over = (yes) => (event) => { event.preventDefault(); drop.classList.toggle("over", yes); };
  drop.addEventListener("dragover", over(true));
  drop.addEventListener("dragleave", over(false));
  drop.addEventListener("drop", (event) => {
    over(false)(event);
    const input = drop.querySelector("input");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

/* What the browser says of an input that is empty or wrong, in the page's words whatever language the browser's are. */
const withInput = (event) => (event.target.form?.elements ? [...event.target.form.elements].filter((one) => one === event.target || (one.name && one.name === event.target.name)) : []);
const unsaid = (inputs) => { for (const one of inputs) if (one.validity?.customError) one.setCustomValidity(""); };
document.addEventListener("invalid", ({ target }) => {
  if (target.validity.customError) return;
  const missing = target.type === "file" ? "กรุณาเลือกไฟล์" : target.matches("select, [type=checkbox], [type=radio]") ? "กรุณาเลือกช่องนี้" : "กรุณากรอกช่องนี้";
  target.setCustomValidity(said(target.validity.valueMissing ? missing : "ค่าในช่องนี้ไม่ถูกต้อง กรุณาตรวจสอบ"));
}, true);
for (const kind of ["input", "change"]) document.addEventListener(kind, (event) => unsaid(withInput(event)), true);
document.addEventListener("click", (event) => unsaid(event.target.closest?.("button, [type=submit]")?.form?.elements ?? []), true);

/* What scrolls sideways: whether it goes on to the right where no scroll bar tells, and which tables need not scroll. */
const STRIPS = ".grid-wrap, .table-wrap, .lines-wrap, .queues, .form-index, .class-chips, .legend, .tabs, .act-do, .paper";
const sides = new ResizeObserver((seen) => { for (const { target } of seen) lookAside(target.closest(STRIPS)); });
const lookAside = (box) => {
  const table = box.matches(".table-wrap") ? box.querySelector(":scope > table") : null;
  if (table) box.classList.toggle("fits", table.scrollWidth <= box.clientWidth);
  const barred = box.offsetHeight - box.clientHeight > 4;
  box.classList.toggle("goes-on", !barred && box.scrollWidth - box.clientWidth - box.scrollLeft > 2 && !box.matches(".fits"));
};
for (const box of document.querySelectorAll(STRIPS)) {
  sides.observe(box);
  if (box.firstElementChild) sides.observe(box.firstElementChild);
  box.addEventListener("scroll", () => lookAside(box), { passive: true });
}

/* The line */
const lineRibbon = () => {
  const old = document.querySelector(".ribbon.offline");
  if (navigator.onLine) old?.remove();
  else if (!old) document.querySelector(".top, main")?.after(make("div", { class: "ribbon offline", role: "status" }, icon("offline"), make("span", { text: "เครือข่ายหลุด สิ่งที่พิมพ์ยังเก็บไว้ในเครื่องนี้ บันทึกได้เมื่อเครือข่ายกลับมา" })));
};
window.addEventListener("offline", lineRibbon);
window.addEventListener("online", () => { lineRibbon(); toast("เครือข่ายกลับมาแล้ว บันทึกได้", "ok"); });
lineRibbon();

for (const box of document.querySelectorAll("dialog[data-open-now]")) box.showModal();
