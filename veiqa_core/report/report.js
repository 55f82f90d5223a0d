(function () {
  // Where a link leads into something folded, it is unfolded; some browsers do that themselves.
  function unfold() {
    const target = document.getElementById(location.hash.slice(1));
    const folded = target ? target.closest("details") : null;
    if (folded ? !folded.open : false) {
      folded.open = true;
      target.scrollIntoView();
    }
  }
  window.addEventListener("hashchange", unfold);
  unfold();
})();
