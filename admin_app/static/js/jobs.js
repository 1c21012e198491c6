/* Jobs as they go: on their own pages, and in the corner of every page whose reader has one. Not loaded where there is none.

   [data-job="address"]        a job that is not finished: asked each second; in it [data-job-bar] [data-job-words] [data-job-share],
                               on its own page [data-job-log]. The page is loaded again when its state changes.
                               [data-job-grows] leads to what it has come to so far, once there is something
   [data-growing="address"]    the part of a page that grows while a job runs: drawn again until the page comes without it; the
                               address is the job's, gone to when there is no such page any more
   [data-corner="address"]     the corner: rows of jobs, asked until none runs; [data-seen] [data-csrf] put a finished one away */
// Not imported: under another address the module would run a second time, and take every form for sent already.
const { icon, make, said } = window.khet;

const percent = (share) => (share === null ? "–" : `${Math.round(share * 100)}%`);
const shown = () => new Promise((go) => (document.hidden ? document.addEventListener("visibilitychange", go, { once: true }) : go()));
const pause = (seconds) => new Promise((go) => setTimeout(go, seconds * 1000));

const asked = async (address, options = {}) => {
  const answer = await fetch(address, { cache: "no-store", ...options, headers: { Accept: "application/json", ...options.headers } });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  return answer.json();
};

/* Ask again and again until `draw` says that it is over. A lost line is waited for, a refusal ends it. */
const watch = async (address, draw) => {
  for (let round = 0; ; round += 1) {
    await shown();
    try {
      if (draw(await asked(address))) return;
    } catch (error) {
      if (/^4/.test(error.message)) return;
    }
    await pause(round < 40 ? 1 : 3);
  }
};

const fill = (bar, share) => { if (share === null) bar.removeAttribute("value"); else bar.value = share; };

for (const place of document.querySelectorAll("[data-job]")) {
  const part = (name) => place.querySelector(`[data-job-${name}]`);
  watch(place.dataset.job, (job) => {
    if (job.state !== place.dataset.state) { location.reload(); return true; }
    if (part("bar")) fill(part("bar"), job.share);
    if (part("words")) part("words").textContent = said(job.words);
    if (part("share")) part("share").textContent = percent(job.share);
    const log = document.querySelector("[data-job-log]");
    if (log && job.log.length && log.querySelectorAll("li").length !== job.log.length) {
      log.replaceChildren(make("ol", { class: "timeline" }, ...job.log.map((line) => make("li", {}, make("b", { text: line.title }), make("small", { text: line.when })))));
    }
    const grows = document.querySelector("[data-job-grows]");
    if (grows && job.grows) { grows.href = job.grows; grows.hidden = false; }
    return job.finished;
  });
}

/* Draw a growing part again and again, but never under somebody's fingers. */
const grow = async (place) => {
  for (;;) {
    await pause(1.5);
    await shown();
    const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
    if (!answer) continue; // a lost line is waited for
    const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-growing]");
    if (!fresh) { if (answer.ok) location.reload(); else location.href = place.dataset.growing; return; }
    if (!place.contains(document.activeElement)) place.replaceChildren(...fresh.childNodes);
  }
};
for (const place of document.querySelectorAll("[data-growing]")) grow(place);

const corner = document.querySelector("[data-corner]");
const states = new Map();

const rowOf = (job) => {
  const row = corner.querySelector(`[data-id="${job.id}"]`) ?? make("li", { "data-id": job.id });
  const away = make("button", { type: "button", class: "close", "aria-label": "เก็บออกจากมุมจอ" }, icon("x"));
  away.addEventListener("click", async () => draw(await asked(corner.dataset.seen, { method: "POST", body: new URLSearchParams({ id: job.id }), headers: { "X-CSRFToken": corner.dataset.csrf } })));
  const bar = make("progress", { class: "meter t-accent", max: 1, "aria-label": job.title });
  fill(bar, job.share);
  row.className = `t-${job.tone}`;
  const focused = row.contains(document.activeElement) && document.activeElement.tagName;
  row.replaceChildren(
    make("span", { class: "line" }, make("a", { href: job.href, text: job.title }), job.finished ? away : make("span", { class: "tab", text: percent(job.share) })),
    job.finished ? make("span", { class: "word" }, icon({ done: "check", failed: "alert" }[job.state] ?? "x"), make("span", { text: job.words })) : bar,
    ...(job.finished ? [] : [make("small", { class: "tab", text: job.words })]));
  if (focused) row.querySelector(focused)?.focus({ preventScroll: true });
  return row;
};

/* Draws the corner; says aloud only that a job came to its end. Gives whether none runs any more. */
const draw = (jobs) => {
  const of = (...states) => jobs.filter((job) => states.includes(job.state)); // what runs comes first: a phone shows one
  const rows = [...of("running"), ...of("waiting", "arriving"), ...of("done", "failed", "cancelled")].map(rowOf);
  corner.querySelector("ul").replaceChildren(...rows);
  const news = jobs.filter((job) => job.finished && states.get(job.id) === false);
  if (news.length) corner.querySelector("[aria-live]").textContent = news.map((job) => `${said(job.title)} ${said(job.word)}`).join(", ");
  for (const job of jobs) states.set(job.id, job.finished);
  corner.hidden = !jobs.length;
  return jobs.every((job) => job.finished);
};

if (corner && !draw(JSON.parse(corner.dataset.jobs))) watch(corner.dataset.corner, draw);
