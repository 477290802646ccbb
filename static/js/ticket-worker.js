// Keeps the tickets that somebody has opened on this device, so that they open in a cellar as well (tickets.js hands them
// over). The network comes first; a copy is shown where there is none, and says so. Nothing else of anybody is kept.
//
// Whoever signs in or out takes all copies with them. A ticket that is no longer there for the reader is forgotten when
// they next look. KEPT changes only where copies of before cannot be used any more: then they are thrown away.
"use strict";
const KEPT = "tickets-1";
const MOST = 40;
const ANYHOW = { ignoreVary: true }; // a copy is for this device alone, whatever it asks with
const isTicket = (path) => /^(\/[a-z]{2})?\/(tickets\/[0-9a-z]{10}|r\/[\w.-]+)\/$/.test(path);
// What a ticket's page asks for, and its style sheets; other pages fetch theirs past this worker.
const isOfTicket = (referrer) => {
  const path = referrer && new URL(referrer).pathname;
  return isTicket(path) || path.endsWith(".css");
};
const isSigning = (path) => /\/accounts\/(login|logout)\/$/.test(path);

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("tickets-") && name !== KEPT) await caches.delete(name);
  await clients.claim();
})()));

// What was asked for before somebody signed in or out, and arrives after, is not kept any more.
let era = 0;
const forget = () => { era += 1; return caches.delete(KEPT); };

// The oldest pages go first; what they are made of is shared, and small.
const keep = async (path, response, asked) => {
  if (asked !== era) return;
  const cache = await caches.open(KEPT);
  await cache.put(path, response); // as the newest, in the place of the copy before
  const pages = (await cache.keys()).filter(({ url }) => isTicket(new URL(url).pathname));
  for (const page of pages.slice(0, -MOST)) await cache.delete(page);
};

// The copy of a page, with the sentence in it that says so.
const copy = async (path) => {
  const found = await (await caches.open(KEPT)).match(path, ANYHOW);
  if (!found) return null;
  const page = (await found.text()).replace(/(<p [^>]*id="kept-copy"[^>]*) hidden>/, "$1>");
  return new Response(page, { headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": found.headers.get("Content-Security-Policy") } });
};

const ticket = async (request, path) => {
  const asked = era;
  let response = null;
  try {
    response = await fetch(request);
  } catch {
    return await copy(path) || Response.error();
  }
  if (response.ok) await keep(path, response.clone(), asked);
  else if (response.status >= 500) return await copy(path) || response;
  else await (await caches.open(KEPT)).delete(path); // handed on, or nobody is signed in any more
  return response;
};

addEventListener("fetch", (event) => {
  const { request } = event, { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.method === "POST" && isSigning(pathname)) event.waitUntil(forget());
  if (request.method !== "GET") return;
  if (request.mode === "navigate" && isTicket(pathname)) event.respondWith(ticket(request, pathname));
  else if (pathname.startsWith("/static/") && isOfTicket(request.referrer)) event.respondWith(fetch(request).catch(async (error) => {
    const found = await caches.match(request, { cacheName: KEPT, ...ANYHOW });
    if (found) return found;
    throw error;
  }));
});

addEventListener("message", (event) => {
  const { keep: path, files = [] } = event.data || {};
  if (!isTicket(path || "")) return;
  event.waitUntil((async () => {
    const asked = era, response = await fetch(path);
    if (!response.ok || response.redirected || asked !== era) return;
    await keep(path, response, asked);
    const cache = await caches.open(KEPT);
    for (const file of files) if (!await cache.match(file, ANYHOW)) await cache.add(file).catch(() => {});
  })().catch(() => {})); // the network went meanwhile: the next visit keeps it
});
