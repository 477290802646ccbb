// Shows what the site pushes (myapp/notify/push.py). It answers no requests: its scope holds no page.
"use strict";
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("push", (event) => {
  let told = {};
  try {
    told = event.data.json();
  } catch {
    // Browsers want something to be shown for every push, also one that cannot be read.
  }
  const { title = "EventMate", body = "", url = "/", tag, lang, icon } = told;
  event.waitUntil(registration.showNotification(title, { body, tag, lang, icon, data: { url } }));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { href, origin } = new URL(event.notification.data.url, location.origin);
  if (origin !== location.origin) return;
  event.waitUntil((async () => {
    const open = await clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = open.find((client) => client.url === href);
    await (there ? there.focus() : clients.openWindow(href));
  })());
});
