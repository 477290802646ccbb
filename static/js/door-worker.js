// The worker of the door's pages, for them alone: its scope is /checkin/. It keeps the page and what the page is made of,
// so that it opens without a network, and sends what is left when the network comes back after the page was closed.
"use strict";
importScripts("{store}", "{sync}");
const KEPT = "door-2", ANYHOW = { ignoreVary: true };
const isDoor = (path) => /^(\/[a-z]{2})?\/checkin\/[\w-]+\/$/.test(path);

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("door-") && name !== KEPT) await caches.delete(name);
  await clients.claim();
})()));

// The network comes first, but not for long: at a door somebody is waiting.
const page = async (request, path) => {
  const cache = await caches.open(KEPT);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(4000) });
    if (response.ok) await cache.put(path, response.clone());
    if (response.status < 500) return response;
  } catch {
    // no network
  }
  return await cache.match(path, ANYHOW) || Response.error();
};

const file = async (request) => {
  const kept = await caches.match(request, { cacheName: KEPT, ...ANYHOW });
  if (!kept) return fetch(request);
  // Where names say what is in a file it never changes; where they do not (while developing), the network knows better.
  if (/\.[0-9a-f]{12}\.\w+$/.test(new URL(request.url).pathname)) return kept;
  return fetch(request).catch(() => kept);
};

addEventListener("fetch", (event) => {
  const { request } = event, { origin, pathname } = new URL(request.url);
  if (origin !== location.origin || request.method !== "GET") return;
  if (request.mode === "navigate" && isDoor(pathname)) event.respondWith(page(request, pathname));
  else if (pathname.startsWith("/static/") || pathname.endsWith("/app.webmanifest")) event.respondWith(file(request));
});

addEventListener("message", (event) => {
  const { keep, forget, files = [] } = event.data || {};
  event.waitUntil((async () => {
    const cache = await caches.open(KEPT);
    if (forget) return cache.delete(forget, ANYHOW);
    if (!isDoor(keep || "")) return undefined;
    const response = await fetch(keep);
    if (response.ok && !response.redirected) await cache.put(keep, response);
    for (const each of files) if (!await cache.match(each, ANYHOW)) await cache.add(each).catch(() => {});
    return event.source?.postMessage({ kept: keep });
  })().catch(() => {}));
});

// Browsers that know background sync call when the network is back, page or no page.
addEventListener("sync", (event) => {
  const code = event.tag.startsWith("door-") && event.tag.slice(5);
  if (!code) return;
  event.waitUntil((async () => {
    const open = await clients.matchAll({ type: "window" });
    const here = open.filter((client) => client.url.includes(code));
    if (here.length) return here.forEach((client) => client.postMessage({ sync: true }));
    const store = await self.door.store.open(code);
    await self.door.sync.fetchStates(store, (await store.get("facts", "facts")).paths);
    await self.door.sync.send(store);
    store.close();
    return undefined;
  })());
});
