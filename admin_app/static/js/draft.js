/* What was typed survives a dropped line, a shut lid, a signed-out session: form[data-draft="key"] keeps a local draft.

   Only fields that differ from what the server sent are kept, under the person's own name, for three days, never passwords, files
   or fields marked [data-no-draft]. It is offered again when the form opens, and dropped when the server says saved after this
   form was sent (early.js). Restoring puts back the revision the person saw, so that a change made meanwhile by another opens the
   two-version window instead of being overwritten. Signing out (form[data-signout]) drops all drafts of this machine.            */
const { make, icon, inTouch, toast } = window.khet;
const DAYS = 3;
const PREFIX = "khet:draft:";
const me = document.body.dataset.user ?? "";
const place = (form) => `${PREFIX}${me}:${form.dataset.draft}`;

const read = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
const keep = (key, draft) => { try { localStorage.setItem(key, JSON.stringify(draft)); return true; } catch { return false; } };
const drop = (key) => { try { localStorage.removeItem(key); } catch { /* nothing kept */ } };
const keys = () => { try { return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)); } catch { return []; } };

const kept = (input) =>
  (input.name || input.dataset.draftName) && !input.name.startsWith("_") && !["password", "file", "submit", "button"].includes(input.type) &&
  !(input.type === "hidden" && !("draftKeep" in input.dataset)) && !("noDraft" in input.dataset) && input.name !== "csrf_token";
const nameOf = (input) => input.name || input.dataset.draftName;

/* {name: [values]} of a form as it stands. */
const values = (form) => {
  const now = {};
  for (const input of form.elements) {
    if (!kept(input)) continue;
    const list = (now[nameOf(input)] ??= []);
    if (input.type === "checkbox" || input.type === "radio") { if (input.checked) list.push(input.value); }
    else if (input.multiple) list.push(...[...input.selectedOptions].map((option) => option.value));
    else list.push(input.value);
  }
  return now;
};
const differs = (a, b) => JSON.stringify(a ?? []) !== JSON.stringify(b ?? []);
const changed = (now, before) => Object.fromEntries(Object.entries(now).filter(([name, list]) => differs(list, before[name])));

/* What was typed in a line goes with the version of it that the person saw (its hidden input, [data-draft-keep]). */
const withSeen = (form, typed) => {
  const seen = {};
  for (const input of form.elements) {
    if (!(nameOf(input) in typed) || input.type === "hidden") continue;
    const version = input.closest("[data-line]")?.querySelector("input[type=hidden][data-draft-keep]");
    if (version) seen[version.name] = [version.value];
  }
  return { ...typed, ...seen };
};
const isSeen = (name) => name.startsWith("seen.");

const put = (form, typed) => {
  for (const input of form.elements) {
    const list = kept(input) ? typed[nameOf(input)] : undefined;
    if (!list) continue;
    if (input.type === "checkbox" || input.type === "radio") input.checked = list.includes(input.value);
    else if (input.multiple) for (const option of input.options) option.selected = list.includes(option.value);
    else input.value = list[0] ?? "";
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
};

const clock = (at) => new Date(at).toLocaleString("th-TH", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).replace(":", ".");

const watch = (form) => {
  const key = place(form);
  const first = values(form);
  const back = form.querySelector("[data-summary]") || document.querySelector("dialog[data-conflict]");
  const old = read(key);
  let pending = back ? {} : old && Object.keys(changed(old.values, first)).some((name) => !isSeen(name)) ? old.values : null;
  const base = back ? old?.values ?? {} : {};
  const state = form.querySelector("[data-draft-state]");
  let timer;

  const store = () => {
    const now = withSeen(form, { ...(back ? base : {}), ...changed(values(form), first) });
    const older = Object.fromEntries(Object.entries(pending ?? {}).filter(([name]) => isSeen(name)));
    const typed = { ...(pending ?? {}), ...now, ...older };
    if (!Object.keys(typed).length) { drop(key); if (state) state.textContent = ""; return; }
    const ok = keep(key, { at: Date.now(), values: typed, revision: pending && old?.revision || form.elements.revision?.value });
    if (state && ok) state.replaceChildren(icon("check"), make("span", { text: `เก็บร่างไว้ในเครื่องนี้ ${clock(Date.now()).split(" ").pop()} น.` }));
  };
  const later = () => { clearTimeout(timer); timer = setTimeout(() => { if (!form.dataset.sent) store(); }, 350); };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  window.addEventListener("pagehide", () => { if (timer && !form.dataset.sent) store(); });

  if (pending && !back) {
    const offer = make("div", { class: "draft no-print", role: "status" }, icon("history"),
      make("span", { class: "grow", text: `มีสิ่งที่พิมพ์ค้างไว้ในแบบฟอร์มนี้เมื่อ ${clock(old.at)} น. ยังไม่ได้บันทึก` }),
      make("button", { type: "button", class: "btn main small", text: "กู้คืนสิ่งที่พิมพ์ค้างไว้", "data-restore": true, onclick: () => {
        put(form, pending);
        if (old.revision && form.elements.revision) form.elements.revision.value = old.revision;
        pending = null; offer.remove(); store();
        toast("กู้คืนแล้ว ตรวจดูแล้วกดบันทึก", "ok");
      } }),
      make("button", { type: "button", class: "btn quiet small", text: "ทิ้ง", onclick: () => { pending = null; drop(key); offer.remove(); } }));
    form.prepend(offer);
  }
  form.khetStore = store;
};

const send = async (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.dataset?.draft) return;
  event.preventDefault();
  if (form.dataset.sent) return;
  form.dataset.sent = "1";
  const button = event.submitter ?? form.querySelector("[data-save]");
  button?.setAttribute("aria-busy", "true");
  form.khetStore?.();
  if (await inTouch()) {
    try { sessionStorage.setItem("khet:sent", place(form)); } catch { /* the offer will compare instead */ }
    if (button?.name) form.append(make("input", { type: "hidden", name: button.name, value: button.value }));
    form.submit();
    return;
  }
  delete form.dataset.sent;
  button?.removeAttribute("aria-busy");
  toast("ยังส่งไม่ได้ เครือข่ายหรือเครื่องแม่ข่ายไม่ตอบ สิ่งที่พิมพ์อยู่ครบ กดบันทึกอีกครั้งเมื่อเครือข่ายกลับมา", "bad", 9);
};

for (const key of keys()) if ((read(key)?.at ?? 0) < Date.now() - DAYS * 86400000) drop(key);
for (const form of document.querySelectorAll("form[data-draft]")) watch(form);
document.addEventListener("submit", send);
document.addEventListener("submit", (event) => { if ("signout" in (event.target.dataset ?? {})) keys().forEach(drop); });
