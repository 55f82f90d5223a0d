(function () {
  const form = document.querySelector("form.drop");
  const input = form.querySelector("input[type=file]");
  const button = form.querySelector("button");
  const status = form.querySelector("[role=status]");

  form.addEventListener("submit", (event) => {
    const size = input.files.length ? input.files[0].size : 0;
    if (button.getAttribute("aria-disabled") === "true") {
      event.preventDefault();
    } else if (size > Number(form.dataset.most)) {
      event.preventDefault();
      status.textContent = form.dataset.tooLarge;
    } else {
      button.setAttribute("aria-disabled", "true");
      status.textContent = "Scoring…";
    }
  });

  // A page that the browser kept, and shows again, waits for nothing.
  window.addEventListener("pageshow", () => {
    button.removeAttribute("aria-disabled");
    status.textContent = "";
  });

  // A photo may be dropped anywhere: elsewhere the browser would leave the page for it.
  ["dragenter", "dragover"].forEach((name) => document.addEventListener(name, (event) => {
    event.preventDefault();
    form.classList.add("over-it");
  }));
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) form.classList.remove("over-it");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over-it");
    if (event.dataTransfer.files.length !== 1) {
      status.textContent = form.dataset.one;
      return;
    }
    input.files = event.dataTransfer.files;
    form.requestSubmit();
  });
})();
