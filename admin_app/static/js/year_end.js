/* Results of a class: up and down go from pupil to pupil, left and right (or 1 and 2) choose; Ctrl+S saves.

   form[data-results] > li[data-pupil]   data-result is the chosen result, by which [data-when] shows what it asks
   select[data-fill="destination|reason"], button[data-fill-years]   fill in what is still empty */
const { said } = window.khet;

const form = document.querySelector("form[data-results]");

const chosen = (row) => row.querySelector('input[type="radio"]:checked')?.value ?? row.dataset.result ?? "";

const settle = (row) => {
  row.dataset.result = chosen(row);
  for (const part of row.querySelectorAll("[data-when]")) {
    const asked = part.dataset.when === row.dataset.result;
    part.hidden = !asked;
  }
};

const sum = () => {
  const place = form.querySelector("[data-results-sum]");
  if (!place || !form.querySelector('input[type="radio"]')) return;
  const rows = [...form.querySelectorAll("[data-pupil]")];
  const failed = rows.filter((row) => row.dataset.result === "repeat").length;
  place.textContent = said(`สอบได้ ${rows.length - failed} คน ตก ${failed} คน`);
};

const goTo = (row) => {
  const target = row?.querySelector('input[type="radio"]:checked, input[type="radio"], .why-failed input[type="checkbox"], .goes select, .goes input');
  target?.focus();
  row?.scrollIntoView({ block: "nearest" });
};

form?.addEventListener("keydown", (event) => {
  const row = event.target.closest("[data-pupil]");
  if ((event.ctrlKey || event.metaKey) && event.key === "s") {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (!row || event.target.matches("select")) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    goTo(event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling);
  } else if (event.target.type === "radio" && (event.key === "1" || event.key === "2")) {
    const radio = row.querySelectorAll('input[type="radio"]')[Number(event.key) - 1];
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    radio.focus();
  } else if (event.key === "Enter" && event.target.matches("input:not([name=reason])")) {
    event.preventDefault();
    goTo(row.nextElementSibling);
  }
});

form?.addEventListener("change", (event) => {
  const row = event.target.closest("[data-pupil]");
  const fill = event.target.dataset.fill;
  if (row) settle(row);
  if (fill && event.target.value) {
    for (const each of form.querySelectorAll("[data-pupil]")) {
      if (fill === "destination") {
        const select = each.querySelector(".goes select");
        if (select && !select.value && !select.closest("[hidden]")) select.value = event.target.value;
      } else if (!each.querySelector(".why-failed :checked")) {
        const box = each.querySelector(`.why-failed input[value="${CSS.escape(event.target.value)}"]`);
        if (box) box.checked = true;
      }
    }
    event.target.value = "";
  }
  sum();
});

form?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill-years]");
  if (!button) return;
  for (const input of form.querySelectorAll(".goes .years input")) {
    if (!input.value && !input.closest("[hidden]")) input.value = button.dataset.fillYears;
  }
});

if (form) {
  form.querySelectorAll("[data-pupil]").forEach(settle);
  sum();
}
