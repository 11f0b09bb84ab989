// Unpacks plotly, which the page contains once, and draws the figures of the page.
(async () => {
  "use strict";
  const fail = (error) => {
    for (const node of document.querySelectorAll(".plot"))
      node.textContent = `This figure cannot be drawn: ${error}. A browser since 2023 is needed.`;
    console.error(error);
  };
  try {
    // 1. Plotly, compressed: a third of its size
    const packed = document.getElementById("plotly-library").textContent;
    const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    // 2. Figures in the colors of the page, unless they bring a template
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const template = () => {
      const color = dark.matches ? "#e6e6e6" : "#1c1e21", grid = dark.matches ? "#33373d" : "#dfe3e8";
      const axis = {
        gridcolor: grid, linecolor: grid, zerolinecolor: grid, automargin: true, ticks: "",
      };
      // numbers in cells have the color of text, because a faint cell has that of the page
      return { data: { heatmap: [{ textfont: { color: dark.matches ? "#fff" : "#000" } }] }, layout: {
        paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        font: { color, family: "system-ui, sans-serif", size: 13 }, xaxis: axis, yaxis: axis,
        hoverlabel: { font: { family: "system-ui, sans-serif" } },
        modebar: { bgcolor: "rgba(0,0,0,0)" },
      } };
    };
    const figures = [...document.querySelectorAll(".plot")].map((node) => {
      const figure = JSON.parse(node.querySelector("script").textContent);
      node.textContent = "";
      const isPlain = !Object.keys(figure.layout.template?.layout ?? {}).length;
      return { node, isPlain, ...figure };
    });
    const draw = async () => {
      for (const { node, data, layout, isPlain } of figures) {
        if (isPlain) layout.template = template();
        await Plotly.react(node, data, layout, {
          responsive: true, displaylogo: false,
          showSendToCloud: false, plotlyServerURL: "", // no button that uploads the data
          displayModeBar: layout.dragmode === false ? false : true,
          modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
        });
      }
    };
    dark.addEventListener("change", draw);
    await draw();
    document.documentElement.dataset.figures = "drawn";
  } catch (error) { fail(error); }
})();
