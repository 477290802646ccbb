// A ticket that has been opened opens again without a network: its page and what it is made of are handed to the worker,
// which keeps them (ticket-worker.js, served as /sw.js). Without any of this the page is a page.
(() => {
  "use strict";
  const { worker } = document.currentScript.dataset;
  const kept = document.getElementById("kept-copy"), print = document.getElementById("print");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }

  // The copy says when it was made; how long ago that is, only the reader's clock knows.
  if (kept && !kept.hidden) {
    const time = kept.querySelector("time");
    const minutes = Math.round((new Date(time.dateTime) - Date.now()) / 60000);
    const [number, unit] = minutes > -60 ? [minutes, "minute"] : minutes > -2880 ? [minutes / 60, "hour"] : [minutes / 1440, "day"];
    const ago = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
    time.append(` (${ago.format(Math.trunc(number), unit)})`);
  } else if ("serviceWorker" in navigator) {
    const files = () => performance.getEntriesByType("resource").map((entry) => entry.name.split("#")[0])
      .filter((name) => name.startsWith(`${location.origin}/static/`));
    addEventListener("load", async () => {
      await navigator.serviceWorker.register(worker, { scope: "/" });
      const { active } = await navigator.serviceWorker.ready;
      active.postMessage({ keep: location.pathname, files: [...new Set(files())] });
    });
  }
})();
