// What the device keeps of one event: IndexedDB, every record sealed by AES-GCM with a key that can be used here and not
// be read out. Pages and the worker use it alike.
(() => {
  "use strict";
  const door = (self.door ??= {});
  const NAME = "door-", TABLES = ["keys", "facts", "queue"];

  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const finished = (transaction) => new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });

  class Store {
    constructor(name, database, key) {
      Object.assign(this, { name, database, key });
    }

    async #seal(value) {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const data = new TextEncoder().encode(JSON.stringify(value));
      return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, this.key, data) };
    }

    async #open(sealed) {
      if (!sealed) return null;
      const data = await crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.iv }, this.key, sealed.data);
      return JSON.parse(new TextDecoder().decode(data));
    }

    async put(table, name, value) {
      const sealed = await this.#seal(value);
      const transaction = this.database.transaction(table, "readwrite", { durability: "strict" });
      transaction.objectStore(table).put(sealed, name);
      await finished(transaction);
    }

    async get(table, name) {
      return this.#open(await done(this.database.transaction(table).objectStore(table).get(name)));
    }

    async all(table) {
      const sealed = await done(this.database.transaction(table).objectStore(table).getAll());
      return Promise.all(sealed.map((each) => this.#open(each)));
    }

    async drop(table, names) {
      const transaction = this.database.transaction(table, "readwrite");
      for (const name of names) transaction.objectStore(table).delete(name);
      await finished(transaction);
    }

    close() {
      this.database.close();
    }
  }

  const open = async (code) => {
    const request = indexedDB.open(NAME + code, 1);
    request.onupgradeneeded = () => { for (const table of TABLES) request.result.createObjectStore(table); };
    const database = await done(request);
    // Two tabs make one key: whoever comes second takes the first one's.
    const fresh = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const transaction = database.transaction("keys", "readwrite"), keys = transaction.objectStore("keys");
    const known = await done(keys.get("key"));
    if (!known) keys.put(fresh, "key");
    await finished(transaction);
    // Another tab forgets the event, or a newer page opens it: let go.
    database.onversionchange = () => database.close();
    return new Store(NAME + code, database, known || fresh);
  };

  // Throws the key away with all that it opens.
  const forget = async (code) => {
    await done(indexedDB.deleteDatabase(NAME + code));
  };

  door.store = { open, forget };
})();
