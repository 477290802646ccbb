// The button that has this browser show pushes, on the page of preferences. The form is sent as any other: what the browser
// knows of its push service is put into it first.
(() => {
  "use strict";
  const form = document.getElementById("add-device");
  if (!form || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  // No page lies in this scope: the worker is for pushes alone.
  const register = () => navigator.serviceWorker.register(form.dataset.worker, { scope: "/push/" });
  const deny = () => { document.getElementById("push-denied").hidden = false; };

  // What this device is, in few words: "Firefox, Linux".
  const name = () => {
    const agent = navigator.userAgent;
    const found = (...names) => names.find((each) => agent.includes(each[0]))?.[1] || "";
    const browser = found(["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]);
    const system = found(["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "Mac"], ["Linux", "Linux"]);
    return [browser, system].filter(Boolean).join(", ");
  };

  const activated = (registration) => new Promise((done) => {
    const worker = registration.installing || registration.waiting;
    if (registration.active || !worker) return done();
    worker.addEventListener("statechange", () => { if (worker.state === "activated") done(); });
  });

  // The key may have changed since; a subscription with another one is of no use to anybody.
  const subscribe = async () => {
    const registration = await register();
    await activated(registration);
    const options = { userVisibleOnly: true, applicationServerKey: bytes(form.dataset.key) };
    try {
      return await registration.pushManager.subscribe(options);
    } catch (error) {
      if (error.name !== "InvalidStateError") throw error;
      await (await registration.pushManager.getSubscription())?.unsubscribe();
      return registration.pushManager.subscribe(options);
    }
  };

  const known = (endpoint) => [...document.querySelectorAll("[data-endpoint]")].find((item) => item.dataset.endpoint === endpoint);

  (async () => {
    const registration = await navigator.serviceWorker.getRegistration("/push/");
    const subscription = await registration?.pushManager.getSubscription();
    const mine = subscription && known(subscription.endpoint);
    form.hidden = Boolean(mine);
    document.getElementById("push-unknown").hidden = true;
    // Removed here, it is ended in the browser as well.
    mine?.querySelector("form").addEventListener("submit", () => { subscription.unsubscribe(); });
  })();

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      if (await Notification.requestPermission() !== "granted") return deny();
      const { endpoint, keys } = (await subscribe()).toJSON();
      form.elements.endpoint.value = endpoint;
      form.elements.p256dh.value = keys.p256dh;
      form.elements.auth.value = keys.auth;
      form.elements.name.value = name();
      form.submit(); // the function: it sends without asking here again
    } catch {
      deny();
    }
  });
})();
