/* Runs before the first paint, also where a person leaves the page before the other scripts are there.

   The theme chosen on this machine, so that a dark page never flashes white. The draft of a form that was sent (draft.js) is
   dropped where the server says saved (html[data-saved]); where it says nothing the draft stays.                              */
(() => {
  try {
    const theme = localStorage.getItem("khet:theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch { /* storage switched off: the system's theme holds */ }
  try {
    const sent = sessionStorage.getItem("khet:sent");
    sessionStorage.removeItem("khet:sent");
    if (sent && "saved" in document.documentElement.dataset) localStorage.removeItem(sent);
  } catch { /* no storage: nothing was kept */ }
})();
