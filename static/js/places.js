// What registering shows beyond forms: how long a place is still held, and questions only where they are asked.
(() => {
  "use strict";
  // A time that is to come counts down; once it has, it says the time again.
  const count = () => {
    for (const time of document.querySelectorAll("time[data-countdown]")) {
      time.dataset.countdown ||= time.textContent;
      const left = Math.round((new Date(time.dateTime) - Date.now()) / 1000);
      const isNear = left > 0 && left < 3600;
      const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      const words = isNear ? `${time.dataset.countdown} (${clock})` : time.dataset.countdown;
      if (time.textContent !== words) time.textContent = words;
    }
  };
  count();
  setInterval(count, 1000);

  // A question that hangs on another answer: hidden, and not sent, until that is given. The server asks the same.
  const given = (form, name) => [...form.elements].filter((field) => field.name === name && !field.disabled).map((field) => {
    if (field.type === "checkbox" && field.value === "on") return field.checked ? "yes" : "no"; // a consent
    return /radio|checkbox/.test(field.type) && !field.checked ? null : field.value;
  });
  const ask = (form) => {
    for (const part of form.querySelectorAll("[data-when]")) {
      const isAsked = given(form, part.dataset.when).includes(part.dataset.is);
      part.hidden = !isAsked;
      for (const field of part.querySelectorAll("input, select, textarea")) field.disabled = !isAsked;
      const note = part.querySelector(".only-if");
      if (note) note.hidden = true;
    }
  };
  for (const form of document.querySelectorAll("form:has([data-when])")) {
    ask(form);
    form.addEventListener("change", () => ask(form));
  }
})();
