(function () {
  document.querySelectorAll(".viewer input[type=range]").forEach((slider) => {
    const stack = slider.closest(".viewer").querySelector(".stack");
    const output = slider.parentElement.querySelector("output");
    slider.addEventListener("input", () => {
      const shown = slider.value + " %";
      stack.style.setProperty("--map", slider.value / 100);
      slider.setAttribute("aria-valuetext", shown);
      output.textContent = shown;
    });
  });
})();
