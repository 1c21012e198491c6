/* A table whose rows a person adds: [data-rows] holds a <template> of one row with __n__ for its number, and a button [data-add-row]. */
for (const part of document.querySelectorAll("[data-rows]")) {
  const template = part.querySelector("template");
  const body = part.querySelector("tbody");
  const button = part.querySelector("[data-add-row]");
  const most = Number(part.dataset.most);
  let next = body.rows.length;
  button.hidden = false;
  button.addEventListener("click", () => {
    if (body.rows.length >= most) { window.khet.toast(`กรอกได้ไม่เกิน ${most} แปลง`, "warn"); return; }
    const made = document.createElement("tbody");
    made.innerHTML = template.innerHTML.replaceAll("__n__", String(next));
    next += 1;
    const row = made.rows[0];
    body.append(row);
    row.querySelector("select, input").focus();
  });
}
