// The door on a device: decides by itself, from the list that it keeps, and asks the server where it can be asked. Without
// any of this the page is a form that the server answers.
(async () => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const { tickets, store: stores, sync, camera } = self.door;
  const root = $("door"), words = JSON.parse($("door-words").textContent), paths = JSON.parse($("door-paths").textContent);
  const form = $("ask"), field = form.elements.ticket, verdict = $("verdict"), found = $("found");
  const lang = document.documentElement.lang, code = root.dataset.code, zone = root.dataset.zone;
  const ASK = 1500, AGAIN = 4000, EVERY = 5000, RECENT = 30;
  if (!crypto.subtle || !self.indexedDB) return;

  let store, facts, states, rows = new Map(), codes = new Map(), inside = new Map();
  let reached = navigator.onLine, signedOut = false, kept = false, unsent = 0, unchecked = false;
  const recent = [];

  const say = (text, given = {}) => text.replace(/\{(\w+)\}/g, (_, name) => given[name] ?? "");
  const clock = (at) => new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone }).format(at);
  const now = () => Date.now() + (facts?.offset || 0);
  const keyOf = (registration, place) => `${registration}.${place}`;
  const direction = () => form.elements.direction.value;

  // --- What it knows --------------------------------------------------------------------------------------------------

  const nameOf = (row, place) => row.names[place] || (place ? say(words.guest, { number: place, name: row.names[0] }) : "");
  const move = ({ registration, place, direction: way, at }, by) => {
    if (way === "in") inside.set(keyOf(registration, place), { since: at, door: by });
    else inside.delete(keyOf(registration, place));
  };

  // The list as the server told it, and on top of it what it has not heard yet.
  const learn = async () => {
    states = await store.get("facts", "states");
    facts = await store.get("facts", "facts");
    if (!states) return;
    rows = new Map(), codes = new Map(), inside = new Map();
    for (const [id, ticketCode, rotation, state, type, names, places] of states.rows) {
      const row = { id, rotation, state, type: states.types[type] || "", names, code: ticketCode };
      rows.set(id, row);
      codes.set(ticketCode, row);
      for (const [place, since, by] of places) inside.set(keyOf(id, place), { since, door: by });
    }
    const queue = (await store.all("queue")).sort((a, b) => a.at - b.at);
    unsent = queue.length;
    for (const scan of queue) if (!scan.undone_at) move(scan, facts.name);
    try {
      if (!tickets.verifiedBy()) await tickets.arm(states.keys, root.dataset.ed25519);
    } catch {
      unchecked = true; // neither the browser nor the library: the list alone decides, and the screen says so
    }
    show();
  };

  // --- What it says ---------------------------------------------------------------------------------------------------

  const show = () => {
    if (!states) return;
    const confirmed = [...rows.values()].filter((row) => row.state === "c").reduce((sum, row) => sum + row.names.length, 0);
    $("count").textContent = say(words.count, { inside: inside.size, expected: confirmed });
    $("full").hidden = !states.room || inside.size < states.room;
    $("list-age").textContent = say(words.list, { time: clock(facts.fetchedAt + facts.offset) });
    $("network").textContent = signedOut ? words.signed_out : reached ? words.online : words.offline;
    $("network").dataset.state = signedOut ? "bad" : reached ? "good" : "warn";
    $("unsent").textContent = unsent ? say(words.unsent, { number: unsent }) : "";
    $("ready").textContent = kept ? words.ready : words.arming;
    $("unchecked").hidden = !unchecked;
    $("sign-in").hidden = !signedOut;
    $("undo").disabled = !recent.length;
  };

  let sound;
  const tones = { in: [[660, 0], [990, 0.11]], out: [[520, 0]], refused: [[190, 0], [150, 0.18]] };
  const play = (kind) => {
    navigator.vibrate?.({ in: 60, out: [40, 60, 40], refused: [220, 90, 220] }[kind]);
    if (facts?.quiet) return;
    sound ??= new AudioContext();
    for (const [pitch, after] of tones[kind]) {
      const tone = sound.createOscillator(), volume = sound.createGain(), at = sound.currentTime + after;
      tone.frequency.value = pitch;
      tone.type = kind === "refused" ? "square" : "sine";
      volume.gain.setValueAtTime(0.25, at);
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.16);
      tone.connect(volume).connect(sound.destination);
      tone.start(at);
      tone.stop(at + 0.17);
    }
  };

  const tell = (answer) => {
    const passes = answer.code === "in" || answer.code === "out", kind = passes ? answer.code : "refused";
    verdict.hidden = false;
    verdict.dataset.verdict = kind;
    verdict.dataset.code = answer.code;
    verdict.querySelector("h2").textContent = answer.sentence;
    verdict.querySelector(".who").textContent = answer.name || "";
    verdict.querySelector(".type").textContent = answer.type || "";
    verdict.querySelector(".remark").textContent = answer.remark || "";
    found.replaceChildren();
    play(kind);
    show();
  };

  const offer = (places, given) => {
    verdict.hidden = true;
    found.replaceChildren(...places.slice(0, 20).map(([row, place]) => {
      const item = document.createElement("li"), button = document.createElement("button"), type = document.createElement("small");
      const name = nameOf(row, place), isIn = inside.has(keyOf(row.id, place));
      button.type = "button";
      button.className = "button full";
      button.textContent = say(given === "out" ? words.let_out : words.let_in, { name });
      type.textContent = [row.type, isIn ? words.is_in : ""].filter(Boolean).join(" · ");
      button.addEventListener("click", () => next({ registration: row.id, place, how: "search" }));
      item.append(button, type);
      return item;
    }));
    found.querySelector("button")?.focus();
  };

  // --- What it decides ------------------------------------------------------------------------------------------------

  const refuse = (why, given = {}, more = {}) => ({ code: why, sentence: say(words[why], given), ...more });

  const shut = () => {
    const { event } = states;
    if (event.off) return refuse("called_off");
    if (now() < event.opens) return refuse("not_yet", { time: clock(event.opens) });
    return now() >= event.closes ? refuse("over") : null;
  };

  // Who is meant: { row, place, rotation, ticket }, or { choose }, or a refusal.
  const meant = async (asked) => {
    if (asked.registration) return { row: rows.get(asked.registration), place: asked.place, ticket: asked };
    const text = asked.text.trim();
    if (tickets.isToken(text)) {
      const ticket = await tickets.read(text, { unchecked });
      if (ticket.refused) return refuse(ticket.refused);
      if (ticket.event !== states.event.id) return refuse("another_event");
      return { row: rows.get(ticket.registration), place: ticket.place, rotation: ticket.rotation, ticket };
    }
    const row = codes.get(tickets.code(text));
    if (row && row.names.length === 1) return { row, place: 0, ticket: { registration: row.id } };
    const wanted = text.toLowerCase();
    const isMeant = (each) => each === row || (!row && each.state === "c" && each.names.some((name) => name.toLowerCase().includes(wanted)));
    const choose = [...rows.values()].filter(isMeant).flatMap((each) => each.names.map((_, place) => [each, place]));
    return choose.length ? { choose } : refuse("unknown");
  };

  const judge = async (asked, way) => {
    const isShut = shut();
    if (isShut) return isShut;
    const who = await meant(asked);
    if (who.code || who.choose) return who;
    const { row, place, rotation, ticket } = who;
    const passing = { registration: ticket.registration, place, rotation };
    const passes = (remark = "") => ({ code: way, sentence: words[way], name: row ? nameOf(row, place) : "", type: row?.type, remark, passing });
    const listed = { time: clock(facts.fetchedAt + facts.offset) };
    // Signed by us, and not on the list: registered since the list was made.
    if (!row) return unchecked ? refuse("unknown") : passes(say(words.since_the_list, listed));
    const about = { name: nameOf(row, place), type: row.type, passing };
    if (rotation !== undefined && rotation < row.rotation) return refuse("handed_on", {}, about);
    if (row.state === "x") return refuse("cancelled", {}, about);
    if (row.state === "w") return refuse("not_confirmed", {}, about);
    if (place >= row.names.length) return refuse("no_such_guest", {}, about);
    const here = inside.get(keyOf(row.id, place));
    if (way === "out") return here ? passes() : refuse("not_in", {}, about);
    if (here) return refuse(here.door ? "already_in_by" : "already_in", { time: clock(here.since), door: here.door }, { ...about, code: "already_in" });
    return passes(rotation > row.rotation ? say(words.since_the_list, listed) : "");
  };

  // What only the server can know better: everything that the list may have wrong.
  const FINAL = new Set(["forged", "incomplete", "not_a_ticket", "other_version"]);
  const askServer = async (asked, answer, way, nonce) => {
    if (!reached || signedOut || FINAL.has(answer.code)) return null;
    const { registration, place = 0 } = answer.passing || {};
    const what = asked.text ? { text: asked.text.trim(), place } : { registration, place };
    const scan = { nonce, direction: way, how: asked.how, door: facts.name || "", device: facts.device, ...what };
    try {
      const response = await sync.post(paths.scan, facts.proof, scan, ASK);
      return response.ok ? await response.json() : null;
    } catch (error) {
      signedOut = error instanceof sync.SignedOut;
      reached = signedOut;
      return null;
    }
  };

  const handle = async (asked) => {
    // The list is on its way when the page has just been opened; without it every ticket is a stranger's.
    if (!states) await Promise.race([running, new Promise((done) => setTimeout(done, 3000))]);
    const began = performance.now(), way = direction(), nonce = crypto.randomUUID();
    const answer = await judge(asked, way);
    if (answer.choose) return offer(answer.choose, way);
    const told = await askServer(asked, answer, way, nonce);
    const scan = { nonce, ...answer.passing, direction: way, at: Date.now(), how: asked.how };
    if (told) {
      // The server knows the name; its list of consents is for devices, not for the person at the door.
      if (told.code === way) remember({ ...scan, registration: told.registration, place: told.place });
      tell({ ...told, remark: "" });
    } else if (answer.code === way) {
      await store.put("queue", nonce, scan);
      unsent += 1;
      remember(scan);
      performance.measure("door", { start: began });
      tell(answer);
      (await navigator.serviceWorker?.ready)?.sync?.register(`door-${code}`).catch(() => {});
    } else {
      performance.measure("door", { start: began });
      tell(answer);
    }
    return undefined;
  };

  const remember = (scan) => {
    move(scan, facts.name || "");
    recent.push(scan);
    recent.splice(0, recent.length - RECENT);
  };

  const takeBack = async () => {
    const scan = recent.pop();
    if (!scan) return;
    await store.put("queue", scan.nonce, { ...scan, undone_at: Date.now() });
    move({ ...scan, direction: scan.direction === "in" ? "out" : "in" }, facts.name || "");
    unsent = (await store.all("queue")).length;
    verdict.hidden = true;
    $("status").textContent = words.taken_back;
    show();
    exchange();
  };

  // One after the other, in the order in which people stand there.
  let line = Promise.resolve();
  const next = (asked) => (line = line.then(() => handle(asked)).catch((error) => {
    console.warn(error);
    tell({ code: "broken", sentence: words.broken });
  }));

  // --- What it sends and fetches --------------------------------------------------------------------------------------

  const report = async (became) => {
    const wrong = became.filter(({ code: what }) => !["noted", "undone"].includes(what));
    if (!wrong.length) return;
    const lines = wrong.map(({ scan, code: what, others }) => {
      const row = rows.get(scan.registration), name = row ? nameOf(row, scan.place) : "?", time = clock(scan.at + facts.offset);
      const where = others.map((other) => say(words.other, { time: clock(other.at), door: other.door || "–" })).join(", ");
      return what === "duplicate" ? say(words.duplicate, { name, time, where }) : say(words.let_in_though, { name, time, why: words[what] || what });
    });
    await store.put("facts", "reports", [...(await store.get("facts", "reports") || []), ...lines].slice(-200));
    play("refused");
    await showReports();
  };

  const showReports = async () => {
    const lines = await store.get("facts", "reports") || [];
    $("reports").hidden = !lines.length;
    $("reports").querySelector("ul").replaceChildren(...lines.toReversed().map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  };

  let running;
  const exchange = () => (running ??= (async () => {
    try {
      const isNew = await sync.fetchStates(store, paths);
      facts = await store.get("facts", "facts");
      reached = true;
      signedOut = false;
      const became = await sync.send(store);
      await report(became);
      if (became.length) await sync.fetchStates(store, paths);
      if (became.length || isNew || !states) await learn();
    } catch (error) {
      signedOut = error instanceof sync.SignedOut;
      reached = signedOut;
    } finally {
      running = null;
      show();
    }
    if (states && now() >= states.event.closes && !(await store.all("queue")).length) await forget();
  })());

  const forget = async () => {
    stopCamera?.();
    clearInterval(timer);
    store.close();
    await stores.forget(code);
    navigator.serviceWorker?.controller?.postMessage({ forget: location.pathname });
    root.classList.remove("armed");
    $("device").hidden = true;
    $("status").textContent = words.forgotten;
  };

  // --- The page -------------------------------------------------------------------------------------------------------

  let stopCamera, lastSeen = "", lastSeenAt = 0, timer;
  const toggleCamera = async () => {
    const button = $("camera-button"), video = $("camera");
    if (stopCamera) {
      stopCamera();
      stopCamera = null;
    } else {
      try {
        stopCamera = await camera.start(video, root.dataset.qr, async (text) => {
          // The same ticket is before the camera for a while.
          if (text === lastSeen && performance.now() - lastSeenAt < AGAIN) return;
          [lastSeen, lastSeenAt] = [text, performance.now()];
          await next({ text, how: "camera" });
        });
      } catch {
        $("status").textContent = words.no_camera;
      }
    }
    video.hidden = !stopCamera;
    button.setAttribute("aria-pressed", String(Boolean(stopCamera)));
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value;
    field.value = "";
    field.focus();
    if (text.trim()) next({ text, how: tickets.isToken(text.trim()) ? "scanner" : "typed" });
  });
  // A hand scanner types: wherever the focus is, it is the field that it means.
  addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
    if (key.length === 1 && !ctrlKey && !metaKey && !altKey && !target.closest("input, select, textarea, button, summary, dialog, a")) field.focus();
  });

  const change = async (more) => {
    facts = { ...facts, ...more };
    await store.put("facts", "facts", facts);
    document.documentElement.toggleAttribute("data-hall", Boolean(facts.hall));
    $("hall").setAttribute("aria-pressed", String(Boolean(facts.hall)));
    $("quiet").setAttribute("aria-pressed", String(Boolean(facts.quiet)));
  };
  form.elements.door.addEventListener("change", ({ target }) => change({ name: target.value.trim().slice(0, 40) }));
  $("hall").addEventListener("click", () => change({ hall: !facts.hall }));
  $("quiet").addEventListener("click", () => change({ quiet: !facts.quiet }));
  $("undo").addEventListener("click", () => (line = line.then(takeBack)));
  $("camera-button").addEventListener("click", toggleCamera);
  $("forget").addEventListener("click", () => {
    $("forget-unsent").textContent = unsent ? say(words.forget_unsent, { number: unsent }) : "";
    $("forget-dialog").showModal();
  });
  $("forget-dialog").addEventListener("close", ({ target }) => { if (target.returnValue === "yes") forget(); });

  const keepPage = async () => {
    if (!navigator.serviceWorker) return;
    await navigator.serviceWorker.register(paths.worker, { scope: root.dataset.scope });
    navigator.serviceWorker.addEventListener("message", ({ data }) => {
      kept ||= data.kept === location.pathname;
      if (data.sync) exchange();
      show();
    });
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name.split("#")[0]).filter((name) => name.startsWith(`${location.origin}/static/`));
    active.postMessage({ keep: location.pathname, files: [...new Set([...loaded, root.dataset.ed25519, root.dataset.qr])] });
  };

  store = await stores.open(code);
  await navigator.storage?.persist?.();
  facts = await store.get("facts", "facts") || { device: crypto.randomUUID(), name: form.elements.door.value };
  await change({ paths });
  form.elements.door.value = facts.name || "";
  root.classList.add("armed");
  $("device").hidden = false;
  await learn();
  await showReports();
  await Promise.all([exchange(), keepPage().catch(() => {})]);
  if (!states) $("status").textContent = words.no_list;
  timer = setInterval(() => { if (!document.hidden) exchange(); }, EVERY);
  addEventListener("online", exchange);
  addEventListener("offline", () => { reached = false; show(); });
  addEventListener("visibilitychange", () => { if (!document.hidden) exchange(); });
  show();
  root.dataset.armed = states ? "yes" : "no";
})();
