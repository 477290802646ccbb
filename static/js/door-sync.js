// Sends what the device has seen, and fetches what is new. Pages and the worker use it alike; either may be ended in the
// middle: a scan leaves the queue only when the server has said what became of it, and to send it twice does no harm.
(() => {
  "use strict";
  const door = (self.door ??= {});
  const AT_ONCE = 200, PATIENCE = 15_000;

  class SignedOut extends Error {}

  const ask = async (path, options = {}, patience = PATIENCE) => {
    const response = await fetch(path, { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(patience), ...options });
    if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) throw new SignedOut();
    return response;
  };

  const post = (path, proof, data, patience) => ask(path, {
    method: "POST", body: JSON.stringify(data), headers: { "Content-Type": "application/json", "X-CSRFToken": proof },
  }, patience);

  // Fetches the list; returns whether it has changed. `facts` are what is kept beside it.
  const fetchStates = async (store, paths) => {
    const { etag } = await store.get("facts", "facts") || {};
    const response = await ask(paths.states, etag ? { headers: { "If-None-Match": etag } } : {});
    if (response.status !== 304 && !response.ok) throw new Error(`states: ${response.status}`);
    const serverTime = Date.parse(response.headers.get("Date"));
    if (response.status !== 304) await store.put("facts", "states", await response.json());
    const next = {
      ...await store.get("facts", "facts"), paths, etag: response.headers.get("ETag"), proof: response.headers.get("X-CSRFToken"), fetchedAt: Date.now(),
      offset: Number.isNaN(serverTime) || Math.abs(serverTime - Date.now()) < 2000 ? 0 : serverTime - Date.now(),
    };
    await store.put("facts", "facts", next);
    return response.status !== 304;
  };

  // Sends the queue; returns [{ scan, code, others }] of what was sent. One scan that the server cannot read holds up no other.
  const send = async (store) => {
    const facts = await store.get("facts", "facts");
    const queue = (await store.all("queue")).sort((a, b) => a.at - b.at);
    const told = [];
    let size = AT_ONCE;
    while (queue.length) {
      const part = queue.slice(0, size);
      const { device, name = "", proof, paths } = facts;
      const response = await post(paths.sync, proof, { device, door: name, sent_at: Date.now(), unsent: queue.length - part.length, scans: part });
      if (response.status === 400 && part.length > 1) {
        size = 1;
        continue;
      }
      if (response.status !== 400 && !response.ok) throw new Error(`sync: ${response.status}`);
      const became = response.ok ? (await response.json()).scans : [{ nonce: part[0].nonce, code: "unknown", others: [] }];
      for (const each of became) told.push({ ...each, scan: part.find(({ nonce }) => nonce === each.nonce) });
      await store.drop("queue", part.map(({ nonce }) => nonce));
      queue.splice(0, part.length);
    }
    return told;
  };

  door.sync = { SignedOut, fetchStates, send, post };
})();
