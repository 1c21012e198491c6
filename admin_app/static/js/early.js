// Runs before the first paint: the theme chosen on this machine, so that a dark page never flashes white.
(() => {
  try {
    const theme = localStorage.getItem("khet:theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch { /* storage switched off: the system's theme holds */ }
})();
