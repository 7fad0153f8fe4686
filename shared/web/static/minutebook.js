// Small comforts. Every page works without this file.
(() => {
  const root = document.documentElement;

  const toggle = document.querySelector("[data-theme-toggle]");
  if (toggle) {
    toggle.hidden = false;
    toggle.addEventListener("click", () => {
      const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
      root.dataset.bsTheme = theme;
      document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    });
  }

  // What went wrong is read out and seen first.
  document.getElementById("problem")?.focus();

  // A row that was added gets the cursor.
  document.addEventListener("htmx:afterSwap", (event) => {
    const asked = event.detail.requestConfig?.parameters?._add ?? event.detail.requestConfig?.parameters?.get?.("_add");
    if (!asked) return;
    const rows = document.getElementById(`f-${asked.replaceAll(".", "-")}`)?.querySelectorAll(".mb-row");
    rows?.[rows.length - 1]?.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  });

  // The hash of a document is taken here: the file itself is not sent.
  const offerHash = (within) => {
    if (!globalThis.crypto?.subtle) return;
    for (const offer of within.querySelectorAll("[data-hash-of][hidden]")) {
      offer.hidden = false;
      offer.querySelector("input").addEventListener("change", async ({ target }) => {
        const [file] = target.files;
        if (!file) return;
        const said = offer.querySelector("[role=status]");
        said.textContent = "reading…";
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
        document.getElementById(offer.dataset.hashOf).value = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
        const title = document.getElementById("f-title");
        if (title && !title.value) title.value = file.name;
        said.textContent = `hash of ${file.name} taken`;
      });
    }
  };
  offerHash(document);
  document.addEventListener("htmx:afterSwap", () => offerHash(document));

  // A form is sent once, however often its button is pressed; coming back to the page, it can be sent again.
  document.addEventListener("submit", (event) => {
    if (event.submitter?.name === "_add" || event.submitter?.name === "_remove") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "true";
  });
  addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });
})();
