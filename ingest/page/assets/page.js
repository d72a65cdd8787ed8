/* Draws the charts. Their expressions are interpreted, not compiled: the page's policy allows no eval. */
(async () => {
  const { config, specs } = JSON.parse(document.getElementById("charts").textContent);
  const root = document.documentElement;
  try {
    await Promise.all(
      Object.entries(specs).map(async ([name, spec]) => {
        const place = document.getElementById(`chart-${name}`);
        await window.vegaEmbed(place, spec, {
          actions: false, ast: true, config, renderer: "svg", tooltip: { theme: "page" },
        });
        // Who listens to the page gets the chart's title, and its numbers as a table.
        place.querySelector("svg").setAttribute("aria-hidden", "true");
      })
    );
    root.dataset.charts = "drawn";
  } catch (error) {
    // The tables below the charts say the same.
    root.dataset.charts = "failed";
    throw error;
  }
})();
