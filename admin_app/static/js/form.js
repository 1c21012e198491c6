/* Long forms.

   input[data-kind="date"] (also Flask-Admin's [data-role="datepicker"])   dd/mm/พ.ศ. typed with or without slashes, Thai digits too
   input[data-kind="thai-id"|"digits"|"count"|"measure"]                   Thai digits become Arabic; an ID is kept as 13 digits, and told when it fails
   input[data-typeahead="url"][data-text="words shown"]                    the input holds a code, the person types words; url?q= gives
        [{id, text, sub, fill: {field name: value | [value, words]}}] or Flask-Admin's [[id, text]]; also [data-role="select2-ajax"]
   button[data-copy-fields][data-from="reg_"][data-to="cur_"]              copies every field of one prefix to the other
   [data-form-index] follows the scroll; [data-jump] goes to a wrong field; [data-inline] lists that grow; dialog[data-conflict]      */
const { make, toast, said } = window.khet;
const arabic = (text) => text.replace(/[๐-๙]/g, (digit) => String(digit.charCodeAt(0) - 0x0e50)).replace(/[\u200b-\u200d\ufeff]/g, "");

const hint = (input, text) => {
  const field = input.closest(".field, td, .control") ?? input.parentElement;
  field.querySelector(".hint")?.remove();
  if (text) field.append(make("span", { class: "hint", role: "status", text }));
};

/* Dates of the Buddhist era */
const dateParts = (text) => {
  const bits = arabic(text).split(/[^\d]+/).filter(Boolean);
  if (bits.length === 1 && bits[0].length === 8) return [bits[0].slice(0, 2), bits[0].slice(2, 4), bits[0].slice(4)];
  return bits.length === 3 ? bits : null;
};
const typingDate = (event) => {
  const input = event.target;
  if (event.inputType?.startsWith("delete") || input.selectionStart !== input.value.length) return;
  const digits = arabic(input.value);
  if (/^\d{3,8}$/.test(digits)) input.value = [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4)].filter(Boolean).join("/");
  else if (/^\d{2}\/\d{3,6}$/.test(digits)) input.value = `${digits.slice(0, 5)}/${digits.slice(5)}`;
  else if (/^\d{2}$/.test(digits) || /^\d{2}\/\d{2}$/.test(digits)) input.value = `${digits}/`;
  else input.value = digits.replace("//", "/");
};
const finishDate = (input) => {
  if (!input.value.trim()) { hint(input, ""); return; }
  const parts = dateParts(input.value);
  if (!parts) { hint(input, "พิมพ์วัน/เดือน/ปี พ.ศ. เช่น 05/06/2558"); return; }
  const [day, month, year] = parts.map(Number);
  input.value = `${String(day).padStart(2, "0")}/${String(month).padStart(2, "0")}/${parts[2]}`;
  const real = new Date(Date.UTC(year - 543, month - 1, day));
  if (year >= 1900 && year < 2200) hint(input, `ปี ${year} ดูเป็น ค.ศ. ถ้าใช่ให้พิมพ์ ${year + 543}`);
  else if (parts[2].length !== 4 || real.getUTCMonth() !== month - 1 || real.getUTCDate() !== day) hint(input, "ไม่มีวันที่นี้ในปฏิทิน ตรวจวันและเดือน");
  else hint(input, "");
};

const checkId = (input) => {
  const digits = arabic(input.value).replace(/[\s-]/g, "");
  if (/^\d+$/.test(digits)) input.value = digits;
  if (!/^\d{13}$/.test(digits)) { hint(input, digits && /^\d+$/.test(digits) ? `ต้องมี 13 หลัก ตอนนี้มี ${digits.length} หลัก` : ""); return; }
  const sum = [...digits.slice(0, 12)].reduce((total, digit, index) => total + Number(digit) * (13 - index), 0);
  hint(input, (11 - (sum % 11)) % 10 === Number(digits[12]) ? "" : "หลักสุดท้ายไม่ตรงกับสูตรตรวจ พิมพ์ผิดหลักใดหลักหนึ่ง");
};

document.addEventListener("input", (event) => { if (event.target.matches?.('[data-kind="date"], [data-role="datepicker"]')) typingDate(event); });
document.addEventListener("focusout", (event) => {
  const input = event.target;
  if (input.matches?.('[data-kind="date"], [data-role="datepicker"]')) finishDate(input);
  else if (input.matches?.('[data-kind="thai-id"]')) checkId(input);
  else if (input.matches?.('[data-kind="digits"], [data-kind="count"], [data-kind="measure"]')) input.value = arabic(input.value).trim();
});
for (const input of document.querySelectorAll('[data-kind="date"], [data-role="datepicker"]')) {
  if (!input.placeholder) input.placeholder = said("วว/ดด/พ.ศ.");
  input.setAttribute("inputmode", "numeric");
  input.autocomplete = "off";
}

/* Picking by typing */
const options = async (input, words) => {
  const url = new URL(input.dataset.typeahead ?? input.dataset.url, location.href);
  url.searchParams.set(input.dataset.typeahead ? "q" : "query", words);
  const found = await (await fetch(url, { headers: { Accept: "application/json" } })).json();
  return (found.results ?? found).map((one) => (Array.isArray(one) ? { id: one[0], text: one[1] } : one));
};
const fill = (form, values) => {
  for (const [name, value] of Object.entries(values ?? {})) {
    const target = form.elements[name];
    if (!target) continue;
    const [raw, words] = Array.isArray(value) ? value : [value, value];
    target.value = raw;
    if (target.khetShown) target.khetShown.value = words;
    target.dispatchEvent(new Event("change", { bubbles: true }));
  }
};
const typeahead = (input) => {
  const start = input.dataset.text ?? (input.dataset.json ? JSON.parse(input.dataset.json)[1] : input.value);
  const list = make("ul", { class: "pick-list", role: "listbox", id: `${input.id}-list`, "aria-label": document.querySelector(`label[for="${CSS.escape(input.id)}"]`)?.textContent.trim(), hidden: true });
  const shown = make("input", { class: "input", type: "text", id: `${input.id}-words`, role: "combobox", autocomplete: "off", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": list.id, "aria-describedby": input.getAttribute("aria-describedby"), "aria-required": input.getAttribute("aria-required"), placeholder: input.dataset.placeholder ?? "พิมพ์เพื่อค้นหา", "data-draft-name": `${input.name}-words` });
  shown.value = start;
  if (input.getAttribute("aria-invalid")) shown.setAttribute("aria-invalid", "true");
  input.type = "hidden";
  input.dataset.draftKeep = "";
  input.khetShown = shown;
  input.before(shown);
  shown.after(list);
  document.querySelector(`label[for="${CSS.escape(input.id)}"]`)?.setAttribute("for", shown.id);
  let found = [];
  let at = -1;
  let timer;
  const close = () => { list.hidden = true; shown.setAttribute("aria-expanded", "false"); shown.removeAttribute("aria-activedescendant"); };
  const mark = () => {
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    if (found[at]) shown.setAttribute("aria-activedescendant", list.children[at].id); else shown.removeAttribute("aria-activedescendant");
  };
  const choose = (one) => {
    input.value = one.id;
    shown.value = shown.dataset.was = one.text;
    fill(input.form, one.fill);
    input.dispatchEvent(new Event("change", { bubbles: true }));
    close();
  };
  const look = async () => {
    const words = shown.value.trim();
    if (words.length < Number(input.dataset.minimumInputLength ?? 1)) { close(); return; }
    try { found = await options(input, words); } catch { found = []; }
    if (shown.value.trim() !== words) return;
    at = found.length ? 0 : -1;
    list.replaceChildren(...(found.length
      ? found.slice(0, 30).map((one, index) => make("li", { role: "option", id: `${list.id}-${index}`, onmousedown: (event) => { event.preventDefault(); choose(one); } }, one.text, one.sub ? make("small", { text: one.sub }) : null))
      : [make("li", { class: "none", role: "option", "aria-disabled": "true", text: "ไม่พบ ลองพิมพ์คำอื่นหรือสั้นลง" })]));
    list.hidden = false;
    shown.setAttribute("aria-expanded", "true");
    mark();
  };
  shown.dataset.was = start;
  shown.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 180); });
  shown.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      at = (at + (event.key === "ArrowDown" ? 1 : -1) + found.length) % Math.max(found.length, 1);
      mark();
      list.children[at]?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && found[at]) { event.preventDefault(); choose(found[at]); }
    else if (event.key === "Escape") { event.stopPropagation(); close(); }
  });
  shown.addEventListener("blur", () => {
    close();
    if (!shown.value.trim()) { if (input.value) { input.value = ""; input.dispatchEvent(new Event("change", { bubbles: true })); } shown.dataset.was = ""; hint(shown, ""); }
    else if (shown.value !== shown.dataset.was) hint(shown, "ยังไม่ได้เลือกจากรายการ เลือกหนึ่งบรรทัดจากที่ขึ้นให้");
    else hint(shown, "");
  });
};
for (const input of document.querySelectorAll('[data-typeahead], [data-role="select2-ajax"]')) typeahead(input);

/* The same address */
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copy-fields]");
  if (!button) return;
  const form = button.closest("form");
  let copied = 0;
  for (const source of [...form.elements]) {
    if (!source.name?.startsWith(button.dataset.from)) continue;
    const target = form.elements[button.dataset.to + source.name.slice(button.dataset.from.length)];
    if (!target || target.value === source.value) continue;
    target.value = source.value;
    if (target.khetShown) { target.khetShown.value = source.khetShown?.value ?? ""; target.khetShown.dataset.was = target.khetShown.value; }
    target.dispatchEvent(new Event("change", { bubbles: true }));
    copied += 1;
  }
  toast(copied ? `คัดลอกที่อยู่แล้ว ${copied} ช่อง` : "ที่อยู่ตรงกันอยู่แล้ว", "ok");
});

/* What is wrong, and where */
document.querySelector("[data-summary]")?.focus({ preventScroll: true });
const jumpTo = (id) => {
  const input = document.getElementById(`${id}-words`) ?? document.getElementById(id);
  document.getElementById(`field-${id}`)?.scrollIntoView({ block: "center" });
  (input?.matches("input, select, textarea") ? input : input?.querySelector("input"))?.focus({ preventScroll: true });
};
document.addEventListener("click", (event) => {
  const jump = event.target.closest?.("[data-jump]");
  if (!jump) return;
  event.preventDefault();
  jumpTo(jump.dataset.jump);
});
/* Who came from the list of what was found stands at that very field; the browser's own jump, at load, would take the focus away */
if (location.hash.startsWith("#field-")) addEventListener("load", () => setTimeout(() => jumpTo(location.hash.slice("#field-".length))));
/* Who came from the list of what is missing stands at the first empty field */
const cameFrom = new URLSearchParams(location.search).get("url") ?? "";
const empty = document.querySelector(".field.missing");
if (empty && /[?&]missing=/.test(cameFrom) && !document.querySelector("[data-summary]")) jumpTo(empty.id.slice("field-".length));

/* What the browser refuses by itself is said in the words of the page, not of the browser */
const refusal = ({ validity, min, max }, chosen) => {
  if (validity.valueMissing) return chosen ? "กรุณาเลือก" : "กรุณากรอกช่องนี้";
  if (validity.rangeUnderflow) return `ต้องไม่น้อยกว่า ${min}`;
  if (validity.rangeOverflow) return `ต้องไม่เกิน ${max}`;
  return validity.typeMismatch ? "กรุณากรอกให้ถูกรูปแบบ" : "ค่านี้ใช้ไม่ได้ กรุณาตรวจสอบ";
};
document.addEventListener("invalid", ({ target }) => {
  if (!target.validity.customError) target.setCustomValidity(said(refusal(target, target.matches("select, [type=radio], [type=checkbox], [type=file]"))));
}, true);
for (const again of ["input", "change", "click"]) document.addEventListener(again, ({ target }) => {
  const form = (target.closest?.("button") ?? target).form;
  for (const one of form?.elements ?? []) if (one.validity?.customError) one.setCustomValidity("");
}, true);

/* The index of groups follows the scroll */
const index = document.querySelector("[data-form-index]");
if (index) {
  const links = [...index.querySelectorAll("a")];
  const follow = () => {
    const passed = links.filter((link) => (document.querySelector(link.hash)?.getBoundingClientRect().top ?? 1e9) < 160);
    const now = passed.at(-1) ?? links[0];
    if (now.hasAttribute("aria-current")) return;
    links.forEach((link) => (link === now ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
    index.scrollTo({ left: now.offsetLeft - 60 });
  };
  follow();
  document.addEventListener("scroll", follow, { passive: true });
}

/* Lists that grow inside a form: names count on as Flask-Admin's do (phones-0, phones-1, …) */
const addInline = (place) => {
  const list = place.querySelector(".inline-field-list");
  const id = place.dataset.inline;
  const used = [...list.children].map((row) => Number(row.id.slice(id.length + 1))).filter(Number.isFinite);
  const prefix = `${id}-${used.length ? Math.max(...used) + 1 : list.children.length}`;
  const row = place.querySelector("template").content.firstElementChild.cloneNode(true);
  row.id = prefix;
  for (const part of row.querySelectorAll("[name], [id], [for]")) {
    for (const attribute of ["name", "id", "for"]) {
      const old = part.getAttribute(attribute);
      if (old !== null) part.setAttribute(attribute, old ? `${prefix}-${old.replace(/^.*?__prefix__-?/, "")}`.replace(/-$/, "") : prefix);
    }
  }
  list.append(row);
  row.querySelector("input, select, textarea")?.focus();
};
document.addEventListener("click", (event) => {
  const add = event.target.closest?.("[data-inline-add]");
  if (add) addInline(add.closest("[data-inline]"));
  const remove = event.target.closest?.("[data-inline-remove]");
  if (remove) {
    const place = remove.closest("[data-inline]");
    remove.closest(".inline-field").remove();
    place?.querySelector("[data-inline-add]")?.focus();
  }
});

/* Two versions of a whole form */
const box = document.querySelector("dialog[data-conflict]");
box?.addEventListener("close", () => {
  if (box.returnValue !== "theirs" && box.returnValue !== "chosen") return;
  const form = document.getElementById(box.dataset.form);
  for (const radio of box.querySelectorAll('input[type="radio"]')) {
    if (radio.value === "theirs" && (box.returnValue === "theirs" || radio.checked)) {
      const target = form.elements[radio.name.slice(2)];
      if (!target) continue;
      if (target instanceof RadioNodeList || target.type === "checkbox") {
        const wanted = String(radio.dataset.raw ?? "").split(",");
        for (const one of target instanceof RadioNodeList ? target : [target]) one.checked = target instanceof RadioNodeList ? wanted.includes(one.value) : Boolean(radio.dataset.raw);
      } else target.value = radio.dataset.raw ?? "";
    }
  }
  if (form.elements.revision) form.elements.revision.value = box.dataset.revision;
  form.requestSubmit();
});

/* What belongs to some choices of a list alone: data-when="name:value value" */
const whens = [...document.querySelectorAll("[data-when]")];
const showWhens = () => {
  for (const part of whens) {
    const [name, values] = part.dataset.when.split(":");
    const list = part.closest("form").elements[name];
    if (list) part.hidden = !values.split(" ").includes(list.value);
  }
};
if (whens.length) { showWhens(); document.addEventListener("change", showWhens); }

/* What an answer makes required: [data-asked='[{"name": ["value"]}, {"name": {"not": ["value"]}}]'], one of them is enough */
const asked = [...document.querySelectorAll("[data-asked]")];
const showAsked = () => {
  for (const part of asked) {
    const { elements } = part.closest("form");
    const holds = ([name, values]) => (Array.isArray(values) ? values.includes(elements[name]?.value) : !values.not.includes(elements[name]?.value));
    const must = JSON.parse(part.dataset.asked).some((each) => Object.entries(each).every(holds));
    const label = part.closest(".field").querySelector("label");
    label.firstElementChild.classList.toggle("req", must);
    label.querySelector(".sr")?.remove();
    if (must) label.firstElementChild.after(make("span", { class: "sr", text: "(ต้องกรอก)" }));
  }
};
if (asked.length) { showAsked(); document.addEventListener("change", showAsked); }

/* Sums of what is typed: output[data-sums="name name"] */
const sums = [...document.querySelectorAll("output[data-sums]")];
const showSums = () => {
  for (const sum of sums) {
    const texts = sum.dataset.sums.split(" ").map((name) => arabic(sum.closest("form").elements[name].value).replace(/[,\s]/g, ""));
    const known = texts.filter((text) => /^\d+$/.test(text)).map(Number);
    sum.textContent = known.length ? known.reduce((one, other) => one + other).toLocaleString("en-US") : "–";
  }
};
if (sums.length) document.addEventListener("input", showSums);

/* A piece of the page that the server makes of what stands in a form now */
for (const place of document.querySelectorAll("[data-preview]")) {
  const form = document.getElementById(place.dataset.previewOf);
  let waits, asked = 0;
  const look = async () => {
    const mine = ++asked;
    const answer = await fetch(place.dataset.preview, { method: "POST", body: new FormData(form), headers: { "X-Requested-With": "XMLHttpRequest" } }).catch(() => null);
    if (answer?.ok && mine === asked) place.innerHTML = await answer.text();
  };
  form.addEventListener("input", () => { clearTimeout(waits); waits = setTimeout(look, 250); });
}

/* A part of a form that the server draws anew when a choice in it changes; who changed it stays at it. */
for (const place of document.querySelectorAll("[data-redraw]")) {
  let asked = 0;
  place.addEventListener("change", async (event) => {
    if (!event.target.matches("select")) return;
    const mine = ++asked;
    const answer = await fetch(place.dataset.redraw, { method: "POST", body: new FormData(place.closest("form")), headers: { "X-Requested-With": "XMLHttpRequest" } }).catch(() => null);
    if (!answer?.ok || mine !== asked) return;
    const at = document.activeElement?.id;
    place.innerHTML = await answer.text();
    if (at && document.activeElement === document.body) document.getElementById(at)?.focus({ preventScroll: true });
  });
}

/* A choice that lies under another shows what belongs to it: select[data-parent="name"], its options with data-under="code". */
for (const select of document.querySelectorAll("select[data-parent]")) {
  const parent = select.form?.elements[select.dataset.parent];
  const all = [...select.options];
  const narrow = () => {
    const chosen = select.value;
    const fitting = all.filter((option) => !parent.value || !option.dataset.under || option.dataset.under === parent.value);
    select.replaceChildren(...fitting);
    select.value = fitting.some((option) => option.value === chosen) ? chosen : "";
    if (!select.value && parent.value && fitting.length === 2) select.value = fitting[1].value; // the only one there is
  };
  if (!parent?.matches?.("select")) continue;
  narrow();
  parent.addEventListener("change", narrow);
}
