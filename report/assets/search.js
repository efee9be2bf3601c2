// Filters the index of this page. Without it the page is that index, whole.
(() => {
  const fold = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  const input = document.getElementById("q");
  const found = document.getElementById("found");
  const entries = [...document.querySelectorAll(".results li")].map((item) => [item, fold(item.dataset.text)]);
  const sections = [...document.querySelectorAll("section.index")];
  const filter = () => {
    const words = fold(input.value).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [item, text] of entries) {
      const hit = words.length ? words.every((word) => text.includes(word)) : !item.classList.contains("only-found");
      item.hidden = !hit;
      item.classList.toggle("hit", hit && words.length > 0);
      count += hit ? 1 : 0;
    }
    for (const section of sections) section.hidden = !section.querySelector("li:not([hidden])");
    const { one, many, none } = found.dataset;
    found.textContent = !words.length ? "" : count === 0 ? none : count === 1 ? one : many.replace("#", count);
  };
  input.value = new URLSearchParams(location.search).get("q") ?? "";
  input.addEventListener("input", filter);
  input.form.addEventListener("submit", (event) => { event.preventDefault(); filter(); });
  filter();
})();
