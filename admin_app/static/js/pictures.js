/* Pictures: a[data-picture="label"] opens in a window; [data-picture-input] shows what was chosen before it is sent; [data-picture-many]
   puts several files into the empty places of its form.

   A photograph is made smaller here where the browser can read it: a school's line is slow, and nobody sees more than 1,600 pixels.
   What cannot be read here is sent as it is, and the server says what is wrong with it.                                            */
const { ask, icon, make, said } = window.khet;
const SIDE = 2000;
const SMALL = 700 * 1024;
const LARGEST = 15 * 1024 * 1024;

/* ---- showing ---- */

const show = (link) => {
  const all = [...document.querySelectorAll("a[data-picture]")];
  let at = all.indexOf(link);
  const title = make("h2", { class: "grow", id: "picture-title", "aria-live": "polite" });
  const picture = make("img", { alt: "" });
  const step = (by, name, label) => make("button", { type: "button", class: "btn quiet icon-only", "aria-label": said(label), onclick: () => turn(by) }, icon(name));
  const close = make("button", { type: "button", class: "btn quiet icon-only", "aria-label": said("ปิด"), onclick: () => box.close() }, icon("x"));
  const both = all.length > 1 ? [step(-1, "left", "ภาพก่อน"), step(1, "right", "ภาพถัดไป")] : [];
  const box = make("dialog", { class: "box picture-box", "aria-labelledby": "picture-title" },
    make("div", { class: "box-head" }, title, ...both, close), make("div", { class: "large" }, picture));
  const turn = (by) => {
    at = (at + by + all.length) % all.length;
    title.textContent = all[at].dataset.picture;
    picture.alt = all[at].dataset.picture;
    picture.src = all[at].href;
  };
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") { event.preventDefault(); turn(event.key === "ArrowLeft" ? -1 : 1); }
  });
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  box.addEventListener("close", () => { box.remove(); link.focus(); });
  document.body.append(box);
  turn(0);
  box.showModal();
  close.focus();
};

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-picture]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  event.stopPropagation();
  show(link);
}, true);

/* ---- taking ---- */

const drawn = (bitmap, side) => {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = make("canvas", { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
};

/* [the file to send, a canvas that shows it or null] */
const prepared = async (file) => {
  let bitmap;
  try { bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }); } catch { return [file, null]; }
  const seen = drawn(bitmap, 480);
  let sent = file;
  if (file.size > SMALL) {
    const white = drawn(bitmap, SIDE);
    const blob = await new Promise((done) => white.toBlob(done, "image/jpeg", 0.85));
    if (blob && blob.size < file.size) sent = new File([blob], "picture.jpg", { type: "image/jpeg" });
  }
  bitmap.close();
  return [sent, seen];
};

const give = (input, file) => {
  const list = new DataTransfer();
  if (file) list.items.add(file);
  input.files = list.files;
};

const size = (bytes) => bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;

const take = async (box, file) => {
  const input = box.querySelector('input[type="file"]');
  const words = box.querySelector("[data-picture-said]");
  const frame = box.querySelector(".frame");
  words.textContent = said("กำลังเตรียมภาพ…");
  box.dataset.busy = "1";
  const [sent, seen] = await prepared(file);
  delete box.dataset.busy;
  if (sent.size > LARGEST) {
    give(input, null);
    words.textContent = said("ภาพใหญ่เกิน 15 MB กรุณาเลือกภาพที่เล็กลง");
    return;
  }
  give(input, sent);
  if (seen) { seen.setAttribute("role", "img"); seen.setAttribute("aria-label", said("ภาพที่เลือก")); }
  frame.replaceChildren(seen ?? make("span", { class: "none" }, icon("alert")));
  const out = box.querySelector("[data-picture-out]");
  if (out) { out.checked = false; box.classList.remove("out"); }
  words.textContent = seen ? said(`ภาพใหม่ ${size(sent.size)} บันทึกเมื่อกดบันทึก`) : said("เครื่องนี้เปิดไฟล์นี้เป็นภาพไม่ได้ โปรดตรวจสอบไฟล์");
};

document.addEventListener("change", async (event) => {
  const input = event.target;
  const box = input.closest?.("[data-picture-input]");
  if (input.type === "file" && box) {
    if (input.files[0]) await take(box, input.files[0]);
  } else if (input.type === "file" && input.closest("[data-picture-many]")) {
    const free = [...input.form.querySelectorAll("[data-picture-input]")].filter((each) => !each.querySelector(".frame :is(img, canvas)"));
    const files = [...input.files];
    give(input, null);
    for (const [at, file] of files.entries()) {
      if (!free[at]) { window.khet.toast(said("ช่องภาพเต็มแล้ว ภาพที่เหลือให้กด “เปลี่ยนภาพ” ทีละช่อง"), "warn"); break; }
      await take(free[at], file);
    }
  } else if (box && "pictureOut" in input.dataset) {
    if (input.checked && !(await ask({ title: said("นำภาพออก"), text: said(input.dataset.pictureOut), yes: said("นำออก"), tone: "risk" }))) input.checked = false;
    box.classList.toggle("out", input.checked);
  }
});

for (const many of document.querySelectorAll("[data-picture-many]")) many.hidden = false;
