// What a ticket's QR holds, read and verified on the device, without a network. The format is that of
// myapp/registrations/tokens.py; tests hold both against the same tickets.
(() => {
  "use strict";
  const door = (self.door ??= {});
  const CODE = /^[0-9a-hjkmnp-tv-z]{10}$/, PAYLOAD = 23, SIGNATURE = 64, LONGEST = 200;

  // One token has one spelling: what the server would not write is not read.
  const bytes = (text) => {
    if (!/^[\w-]+$/.test(text)) return null;
    const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
    let found;
    try {
      found = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    } catch {
      return null;
    }
    const again = btoa(String.fromCharCode(...found)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
    return again === text ? found : null;
  };

  // Keys are imported once. Browsers before 2025 know no Ed25519: for them a library is fetched when the device is armed.
  let verifiers = [], how = "";
  const arm = async (keys, library) => {
    const raw = keys.map(bytes).filter((key) => key?.length === 32);
    try {
      const own = await Promise.all(raw.map((key) => crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"])));
      verifiers = own.map((key) => (signature, message) => crypto.subtle.verify({ name: "Ed25519" }, key, signature, message));
      how = "browser";
    } catch {
      const { verifyAsync } = await import(library);
      verifiers = raw.map((key) => (signature, message) => verifyAsync(signature, message, key));
      how = "library";
    }
  };

  const isSigned = async (signature, message) => {
    for (const verify of verifiers) if (await verify(signature, message)) return true;
    return false;
  };

  const isToken = (text) => text.startsWith("EM") && text.includes(".");

  // Returns { event, registration, place, rotation }, or { refused: code }. `unchecked` reads what nothing here can verify.
  const read = async (given, { unchecked = false } = {}) => {
    const text = given.trim(), dot = text.indexOf("."), prefix = text.slice(0, dot), rest = text.slice(dot + 1);
    if (text.length > LONGEST || dot < 0 || !/^EM\d+$/.test(prefix) || !rest) return { refused: "not_a_ticket" };
    if (prefix !== "EM1") return { refused: "other_version" };
    const parts = rest.split(".").map(bytes);
    if (parts.length !== 2 || parts[0]?.length !== PAYLOAD || parts[1]?.length !== SIGNATURE) return { refused: "incomplete" };
    const [payload, signature] = parts;
    if (!unchecked && !await isSigned(signature, payload)) return { refused: "forged" };
    const view = new DataView(payload.buffer);
    if (view.getUint8(0) !== 1) return { refused: "other_version" };
    const [event, registration] = [view.getBigUint64(1), view.getBigUint64(9)].map(Number);
    return { event, registration, place: view.getUint16(17), rotation: view.getUint32(19) };
  };

  // What a person reads for what is printed: no i, l, o or u stands in a code.
  const code = (text) => {
    const found = text.toLowerCase().replace(/[\s-]/g, "").replaceAll("o", "0").replace(/[il]/g, "1");
    return CODE.test(found) ? found : null;
  };

  door.tickets = { arm, read, isToken, code, verifiedBy: () => how };
})();
