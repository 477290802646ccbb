// <live-seats>: places left, as they change. Comes with its element, in a page or in the drawer, and leaves with it.
// Where there is no stream to be had (too many, an old proxy, no server for it) it asks slowly, then tries again.
const SLOW = 30e3, TIMES = 10, SAY = 15e3;
customElements.define("live-seats", class extends HTMLElement {
  connectedCallback() { document.addEventListener("visibilitychange", this); this.handleEvent(); }
  disconnectedCallback() { document.removeEventListener("visibilitychange", this); this.stop(); }
  handleEvent() { this.stop(); if (!document.hidden) this.listen(); }
  stop() { this.source?.close(); clearTimeout(this.asking); clearTimeout(this.saying); this.saying = 0; }
  listen() {
    const source = this.source = new EventSource(this.dataset.stream);
    source.onmessage = (e) => this.show(e.data);
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) this.ask(TIMES); };
  }
  ask(times) {
    this.asking = setTimeout(async () => {
      const answer = await fetch(this.dataset.part).catch(() => null);
      if (answer?.ok) this.show(await answer.text());
      if (!this.isConnected || document.hidden || answer?.status === 404) return;
      if (times > 1) this.ask(times - 1); else this.listen();
    }, SLOW * (.5 + Math.random()));
  }
  show(html) {
    const [now, status] = this.children, before = now.textContent;
    now.innerHTML = html;
    if (now.textContent.replace(/\s+/g, "") === before.replace(/\s+/g, "")) return;
    // Said aloud at most every fifteen seconds, whatever happens in between.
    this.saying ||= setTimeout(() => { this.saying = 0; status.textContent = now.textContent.replace(/\s+/g, " "); }, SAY);
  }
});
