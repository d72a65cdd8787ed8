/* Draws the charts. Their expressions are interpreted, not compiled: the page's policy allows no eval. */
(async () => {
  const { config, specs } = JSON.parse(document.getElementById("charts").textContent);
  const root = document.documentElement;
  try {
    await Promise.all(
      Object.entries(specs).map(([name, spec]) =>
        window.vegaEmbed(document.getElementById(`chart-${name}`), spec, {
          actions: false, ast: true, config, renderer: "svg", tooltip: { theme: "page" },
        })
      )
    );
    root.dataset.charts = "drawn";
  } catch (error) {
    // The tables below the charts say the same.
    root.dataset.charts = "failed";
    throw error;
  }
})();
