// What the pages do beyond links and forms. Everything here may fail to load and the site still works.
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const signedIn = () => /(^|; )signed_in=1/.test(document.cookie);
  const say = (words) => { $("status").textContent = words || ""; };

  // Islands. The hint cookie means nothing to the server; without it nobody asks for what only the signed-in have.
  // `process` is idempotent, and htmx's own start is still to come when a deferred script runs. Every island says
  // `once`: an event sent again (a panel arrived) wakes only the new ones.
  const wasSignedIn = signedIn();
  const wake = () => { if (signedIn()) htmx.trigger(document.body, "signed-in"); };
  htmx.process(document.body);
  wake();
  // A page from the back-forward cache would show the person of before.
  addEventListener("pageshow", (e) => { if (e.persisted && (wasSignedIn || signedIn())) location.reload(); });

  // Errors get a sentence.
  const failed = (e) => {
    const ctx = e.detail.ctx || {};
    if (ctx.target === $("drawer-body")) location.assign($("drawer-page").href);
    else if (!ctx.target?.closest("#shell") && ctx.response?.status !== 422) say($("status").dataset[ctx.response?.status === 429 ? "busy" : "failed"]);
  };
  addEventListener("htmx:response:error", failed);
  addEventListener("htmx:error", failed);
  addEventListener("htmx:before:request", () => say());

  // A search says only what was filled in: its address stays short, and nobody is redirected to a shorter one.
  addEventListener("formdata", (e) => {
    if (e.target.method === "get") for (const name of new Set(e.formData.keys())) if (!e.formData.get(name)) e.formData.delete(name);
  });

  // Where the eyes go after a swap: the first field that is wrong, else what the answer asks to be read first.
  const settle = (root) => {
    const next = root.querySelector?.("[aria-invalid=true], [data-focus]");
    if (next) { if (next.matches("[data-focus]")) { next.tabIndex = -1; next.removeAttribute("data-focus"); } next.focus(); }
  };
  addEventListener("htmx:after:swap", (e) => { const at = e.detail.ctx?.target; localTimes(); settle(at?.isConnected ? at : document); });

  // The visitor's own time beside the campus's, where they differ. `datetime` carries the campus's offset.
  const localTimes = () => {
    for (const time of document.querySelectorAll("time[data-local]")) {
      const stamp = time.getAttribute("datetime"), zone = /([+-])(\d\d):?(\d\d)$/.exec(stamp), when = new Date(stamp);
      time.removeAttribute("data-local");
      if (!zone || isNaN(when) || Number(zone[1] + (zone[2] * 60 + +zone[3])) === -when.getTimezoneOffset()) continue;
      const words = { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
      const own = Object.assign(document.createElement("small"), { className: "own-time" });
      own.textContent = `${new Intl.DateTimeFormat(document.documentElement.lang, words).format(when)} (${$("status").dataset.yours})`;
      time.after(" ", own);
    }
  };
  localTimes();

  // The drawer: on wide screens an event of a list opens beside it, with the event's own address. Closing it is going
  // back, so that address, history and screen always agree; `history.state.drawer` counts the steps.
  const drawer = $("drawer"), wide = matchMedia("(min-width: 64rem)");
  const here = () => location.pathname + location.search;
  const isEvent = /\/events\/([^/]+)\/$/;
  let shown = here(), title, from;
  const focusBack = () => { document.activeElement?.blur(); if (from?.isConnected) from.focus({ preventScroll: true }); from = null; };
  const load = async (path) => {
    $("drawer-page").href = path;
    $("drawer-body").setAttribute("aria-busy", "true");
    from ??= document.querySelector(`main a[href="${path}"]`);
    if (!drawer.open) drawer.showModal();
    await htmx.ajax("GET", path.replace(isEvent, "/_part/events/$1/"), { target: "#drawer-body", swap: "innerHTML" });
    $("drawer-body").removeAttribute("aria-busy");
    if (!drawer.open || here() !== path) return; // closed or left while it was on its way
    const heading = $("drawer-title");
    if (!heading) return location.assign(path);
    drawer.scrollTop = 0;
    heading.tabIndex = -1;
    heading.focus();
    document.title = `${heading.textContent.trim()} · EventMate`;
    wake();
  };
  const open = (e) => {
    const link = e.target.closest?.("main a[href], #drawer-body a[href]");
    if (!link || !wide.matches || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    if (link.origin !== location.origin || link.hash || !isEvent.test(link.pathname) || document.querySelector("main.event-page")) return;
    e.preventDefault();
    if (!drawer.open) [title, from] = [document.title, link];
    history.pushState({ htmx: true, drawer: (history.state?.drawer || 0) + 1 }, "", link.pathname);
    load(link.pathname);
  };
  if (drawer) {
    addEventListener("click", (e) => { if (e.target === drawer) drawer.close(); else open(e); });
    drawer.addEventListener("close", () => {
      $("drawer-body").replaceChildren();
      document.title = title;
      if (history.state?.drawer) history.go(-history.state.drawer);
      else focusBack();
    });
  }

  // Back and Forward: `shown` is the address of what stands in the document, the drawer aside. Where it is not what is
  // asked for the page is loaded again, which is cheap and never shows what is no longer so. htmx would do it in
  // any case, drawer or not, so it is told that this is done.
  addEventListener("popstate", () => {
    const inDrawer = history.state?.drawer && drawer && !document.querySelector("main.event-page");
    if (inDrawer) load(location.pathname);
    else if (here() !== shown) location.reload();
    else if (drawer?.open) drawer.close();
    else focusBack();
  });
  addEventListener("htmx:before:history:restore", (e) => e.preventDefault());
  for (const name of ["push", "replace"]) addEventListener(`htmx:after:history:${name}`, () => { shown = here(); });

  // A menu closes when something else is chosen, and on Escape.
  addEventListener("click", (e) => { for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(e.target)) menu.open = false; });
  addEventListener("keydown", (e) => {
    const menu = e.key === "Escape" && document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });
})();
