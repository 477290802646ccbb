// What the pages do beyond links and forms. All of it may fail to load, and the site still works.
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const here = () => location.pathname + location.search;
  const say = (words = "") => { $("status").textContent = words; };

  // Islands. The hint cookie means nothing to the server; without it nobody asks for what only the signed-in have.
  // htmx's own start is still to come when a deferred script runs, and processing twice does nothing. Every island
  // says `once`: when the event is sent again, because a panel has arrived, it wakes only the new ones.
  const signedIn = () => /(^|; )signed_in=1/.test(document.cookie);
  const wasSignedIn = signedIn();
  const wake = () => { if (signedIn()) htmx.trigger(document.body, "signed-in"); };
  htmx.process(document.body);
  wake();
  // A page from the back-forward cache would show the person of before.
  addEventListener("pageshow", (e) => { if (e.persisted && (wasSignedIn || signedIn())) location.reload(); });

  // What fails says so, except the person's own corner of the bar, which then stays as it is, and the panel, which
  // becomes a page. A form that was filled in wrongly (422) comes back by itself.
  const failed = (e) => {
    const { target, response } = e.detail.ctx || {};
    if (response?.status === 422 || target?.closest("#shell, #drawer")) return;
    say($("status").dataset[response?.status === 429 ? "busy" : "failed"]);
  };
  addEventListener("htmx:response:error", failed);
  addEventListener("htmx:error", failed);
  addEventListener("htmx:before:request", () => say());

  // Where the focus goes after a swap: to the first field that is wrong, else to what asks to be read first.
  addEventListener("htmx:after:swap", (e) => {
    ownTimes();
    wake();
    const target = e.detail.ctx?.target;
    const next = (target?.isConnected ? target : document).querySelector("[aria-invalid=true], [data-focus]");
    if (next?.matches("[data-focus]")) {
      next.tabIndex = -1;
      next.removeAttribute("data-focus");
    }
    next?.focus();
  });

  // The visitor's own time beside the campus's, where they differ. `datetime` carries the campus's offset.
  const ownTimes = () => {
    const words = { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
    for (const time of document.querySelectorAll("time[data-local]")) {
      time.removeAttribute("data-local");
      const when = new Date(time.dateTime), offset = /([+-])(\d\d):?(\d\d)$/.exec(time.dateTime);
      if (!offset || isNaN(when)) continue;
      const minutes = Number(offset[1] + (offset[2] * 60 + Number(offset[3])));
      if (minutes === -when.getTimezoneOffset()) continue;
      const own = document.createElement("small");
      const text = new Intl.DateTimeFormat(document.documentElement.lang, words).format(when);
      own.className = "own-time";
      own.textContent = `${text} (${$("status").dataset.yours})`;
      time.after(" ", own);
    }
  };
  ownTimes();

  // The drawer: on wide screens an event of a list opens beside it, with the event's own address. Closing it is going
  // back, so that address, history and screen always agree; `history.state.drawer` counts the steps.
  const drawer = $("drawer"), wide = matchMedia("(min-width: 64rem)"), isEvent = /\/events\/([^/]+)\/$/;
  const onEventPage = () => document.querySelector("main.event-page");
  let title, from;
  const load = async (path) => {
    const body = $("drawer-body");
    $("drawer-page").href = path;
    body.setAttribute("aria-busy", "true");
    from ??= document.querySelector(`main a[href="${path}"]`);
    if (!drawer.open) drawer.showModal();
    await htmx.ajax("GET", path.replace(isEvent, "/_part/events/$1/"), { target: body, swap: "innerHTML" });
    body.removeAttribute("aria-busy");
    if (!drawer.open || here() !== path) return; // closed or left while it was on its way
    const heading = $("drawer-title");
    if (!heading) return location.assign(path);
    drawer.scrollTop = 0;
    heading.tabIndex = -1;
    heading.focus();
    document.title = `${heading.textContent.trim()} · EventMate`;
  };
  const focusBack = () => {
    document.activeElement?.blur(); // a browser puts the focus of before back only where it has moved since
    if (from?.isConnected) from.focus({ preventScroll: true });
    from = null;
  };
  const open = (e) => {
    const link = e.target.closest?.("main a[href], #drawer-body a[href]");
    if (!link || !wide.matches || onEventPage()) return;
    if (e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    if (link.origin !== location.origin || link.hash || !isEvent.test(link.pathname)) return;
    e.preventDefault();
    if (!drawer.open) [title, from] = [document.title, link];
    history.pushState({ htmx: true, drawer: (history.state?.drawer || 0) + 1 }, "", link.pathname);
    load(link.pathname);
  };
  if (drawer) {
    addEventListener("click", (e) => { if (e.target === drawer) drawer.close(); else open(e); });
    drawer.addEventListener("close", () => {
      if (drawer.open) return; // told late: Forward has opened it again
      $("drawer-body").replaceChildren();
      document.title = title;
      if (history.state?.drawer) history.go(-history.state.drawer);
      else focusBack();
    });
  }

  // Back and Forward: `shown` is the address of what stands in the document, the drawer aside. Where it is not what
  // is asked for the page is loaded again, which is cheap and never shows what is no longer so. htmx would do it in
  // any case, drawer or not, so it is told that this is done.
  let shown = here();
  for (const way of ["push", "replace"]) addEventListener(`htmx:after:history:${way}`, () => { shown = here(); });
  addEventListener("htmx:before:history:restore", (e) => e.preventDefault());
  addEventListener("popstate", () => {
    if (history.state?.drawer && drawer && !onEventPage()) load(location.pathname);
    else if (here() !== shown) location.reload();
    else if (drawer?.open) drawer.close();
    else focusBack();
  });

  // A menu closes when something else is chosen, and on Escape.
  const openMenu = () => document.querySelector("details.menu[open]");
  addEventListener("click", (e) => { if (openMenu()?.contains(e.target) === false) openMenu().open = false; });
  addEventListener("keydown", (e) => {
    const menu = e.key === "Escape" && openMenu();
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
})();
