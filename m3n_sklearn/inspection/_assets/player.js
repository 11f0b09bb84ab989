// Plays bodies next to their signals: clock, controls, keys and pointers.

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
const SPANS = [["whole clip", 0], ["10 s", 10], ["3 s", 3]];

class Player {
  constructor(root) {
    this.root = root;
    root.dataset.ready = "";
    const data = JSON.parse(root.querySelector("script").textContent);
    this.data = data;
    this.time = 0; // since the start of the clip, in s
    this.speed = 1;
    this.playing = false;
    this.build();
    this.scene = new Scene(this.view, data);
    this.signals = data.panels.length ? new Signals(this.chart, data) : null;
    this.listen();
    this.restyle();
  }

  get frame() { return Math.round(this.time * this.data.rate); }

  build() {
    const make = (tag, attributes = {}, ...children) => {
      const node = document.createElement(tag);
      for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
      node.append(...children);
      return node;
    };
    const select = (label, entries, chosen) => {
      const list = make("select", { "aria-label": label });
      for (const [text, value] of entries) list.append(make("option", { value }, text));
      list.value = chosen;
      return [make("label", {}, `${label} `, list), list];
    };
    const data = this.data;
    this.view = make("canvas", {
      class: "m3n-view", role: "img",
      "aria-label": `Moving body, ${data.caption} Drag to turn it.`,
    });
    this.chart = make("canvas", {
      class: "m3n-chart", role: "img",
      "aria-label": `Signals of ${data.recordings.map((r) => r.name).join(" and ")} over time.`
        + " Drag to move the playhead.",
    });
    this.button = make("button", { type: "button", class: "m3n-play" });
    this.slider = make("input", {
      type: "range", min: 0, max: data.duration, step: "any", value: 0, "aria-label": "Time",
    });
    this.clock = make("output", { class: "m3n-clock" });
    const [speedLabel, speed] = select("Speed", SPEEDS.map((s) => [`${s}×`, s]), 1);
    this.speedList = speed;
    const views = ["front", "side", "back"].map((view) => {
      const button = make("button", { type: "button", "data-view": view },
        view[0].toUpperCase() + view.slice(1));
      button.addEventListener("click", () => { this.scene.reset(view); this.draw(); });
      return button;
    });
    const zooms = [["−", 1 / 1.25, "Smaller"], ["+", 1.25, "Larger"]].map(([text, by, label]) => {
      const button = make("button", { type: "button", "aria-label": label, title: label }, text);
      button.addEventListener("click", () => this.zoomBy(by));
      return button;
    });
    const options = make("div", { class: "m3n-options" }, speedLabel,
      make("span", { role: "group", "aria-label": "View" }, ...views, ...zooms));
    const panes = make("div", { class: "m3n-panes" }, make("div", { class: "m3n-box m3n-left" }, this.view));
    if (data.panels.length) {
      const [linesLabel, lines] = select("Show", [["x, y, z", "axes"], ["length", "norm"]],
        data.quantity);
      const [spanLabel, span] = select("Range", SPANS, 0);
      lines.addEventListener("change", () => {
        this.signals.mode = lines.value; this.signals.shown = null; this.legend(); this.draw();
      });
      span.addEventListener("change", () => { this.signals.span = +span.value; this.draw(); });
      options.append(linesLabel, spanLabel);
      this.key = make("div", { class: "m3n-key" });
      const style = `min-height:${34 + 124 * data.panels.length}px`;
      panes.append(make("div", { class: "m3n-right" }, this.key,
        make("div", { class: "m3n-box", style }, this.chart)));
    }
    this.root.prepend(panes,
      make("div", { class: "m3n-bar" }, this.button, this.slider, this.clock), options);
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label",
      "Motion player. Space plays, arrow keys move by a tenth of a second.");
  }

  legend() {
    if (!this.key) return;
    const rows = this.data.recordings.map((recording, i) => {
      const color = this.signals.mode === "norm" ? this.colors.norms[i % 3] : "currentColor";
      const dash = ["", "5 4", "1.5 3"][Math.min(i, 2)];
      return `<span><svg width="30" height="8" aria-hidden="true"><path d="M1 4H29" `
        + `stroke="${color}" stroke-width="2" stroke-dasharray="${dash}"/></svg> `
        + `<span class="m3n-name"></span></span>`;
    });
    const axes = [..."xyz"].map((axis, k) => `<b style="color:${this.colors.axes[k]}">${axis}</b>`);
    this.key.innerHTML = rows.join("") + `<span>${axes.join(" ")}</span>`;
    this.key.querySelectorAll(".m3n-name").forEach((node, i) => {
      node.textContent = this.data.recordings[i].name;
    });
  }

  listen() {
    const { button, slider, speedList, view, chart, root } = this;
    button.addEventListener("click", () => this.toggle());
    slider.addEventListener("input", () => this.seek(+slider.value));
    speedList.addEventListener("change", () => { this.speed = +speedList.value; });
    root.addEventListener("keydown", (event) => this.press(event));
    drag(view, (dx, dy) => {
      this.scene.azimuth -= 0.01 * dx;
      this.scene.elevation = clamp(this.scene.elevation + 0.01 * dy, -1.5, 1.5);
      this.draw();
    });
    view.addEventListener("wheel", (event) => {
      if (!root.contains(document.activeElement)) return; // the page scrolls
      event.preventDefault();
      this.zoomBy(Math.exp(-0.001 * event.deltaY));
    }, { passive: false });
    if (this.signals) {
      const move = (event) => this.seek(
        this.signals.time(event.clientX - chart.getBoundingClientRect().left)
        - this.signals.start);
      drag(chart, (dx, dy, event) => move(event), move);
    }
    new ResizeObserver(() => this.resize()).observe(root);
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.restyle());
    const still = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.repeats = () => !still.matches;
  }

  press(event) {
    const tag = event.target.tagName;
    if (event.ctrlKey || event.metaKey || event.altKey || tag === "SELECT") return;
    const step = event.shiftKey ? 1 : 0.1;
    const seeks = {
      ArrowLeft: this.time - step, ArrowRight: this.time + step, Home: 0, End: this.data.duration,
    };
    if (event.key === " " && tag !== "BUTTON") this.toggle();
    else if (event.key in seeks) this.seek(seeks[event.key]);
    else return;
    event.preventDefault();
  }

  zoomBy(factor) {
    this.scene.zoom = clamp(this.scene.zoom * factor, 0.4, 8);
    this.draw();
  }

  toggle() {
    this.playing = !this.playing;
    if (this.playing) {
      if (this.time >= this.data.duration) this.time = 0;
      this.before = null;
      requestAnimationFrame((now) => this.tick(now));
    }
    this.draw();
  }

  tick(now) {
    if (!this.playing || !this.root.isConnected) return;
    if (this.before !== null) this.time += this.speed * (now - this.before) / 1000;
    this.before = now;
    if (this.time >= this.data.duration) {
      if (this.repeats() && this.data.duration > 0) this.time %= this.data.duration;
      else { this.time = this.data.duration; this.playing = false; }
    }
    this.draw();
    if (this.playing) requestAnimationFrame((then) => this.tick(then));
  }

  seek(time) {
    this.time = clamp(time, 0, this.data.duration);
    this.draw();
  }

  resize() {
    this.scene.resize();
    if (this.signals) this.signals.resize();
    this.draw();
  }

  restyle() {
    const style = getComputedStyle(this.root);
    const color = (name) => style.getPropertyValue(`--m3n-${name}`).trim();
    const list = (name) => color(name).split(" ");
    this.colors = {
      text: color("text"), page: color("page"), grid: color("grid"),
      playhead: color("playhead"), box: color("box"), glass: color("glass"),
      axes: list("axes"), norms: list("norms"),
      bodies: list("bodies").map((rgb) => {
        const [r, g, b] = [1, 3, 5].map((k) => parseInt(rgb.slice(k, k + 2), 16));
        return Array.from({ length: SHADES }, (_, i) => {
          const light = 0.5 + 0.5 * i / (SHADES - 1);
          return `rgb(${[r, g, b].map((v) => Math.round(v * light)).join(",")})`;
        });
      }),
    };
    this.legend();
    this.resize();
  }

  draw() {
    if (!this.scene.width) return; // not laid out yet
    this.scene.draw(this.time * this.data.rate, this.colors);
    if (this.signals) this.signals.draw(this.signals.start + this.time, this.colors);
    this.slider.value = this.time;
    const shown = `${this.time.toFixed(2)} of ${this.data.duration.toFixed(2)} s`;
    this.clock.textContent = shown;
    this.slider.setAttribute("aria-valuetext", shown);
    const label = this.playing ? "Pause" : "Play";
    if (this.button.dataset.label !== label) {
      this.button.dataset.label = label;
      this.button.textContent = `${this.playing ? "❚❚" : "▶"} ${label}`;
      this.button.setAttribute("aria-label", label);
    }
  }
}

function drag(node, onMove, onStart = () => {}) {
  let last = null;
  node.addEventListener("pointerdown", (event) => {
    last = [event.clientX, event.clientY];
    node.setPointerCapture(event.pointerId);
    onStart(event);
  });
  node.addEventListener("pointermove", (event) => {
    if (!last) return;
    onMove(event.clientX - last[0], event.clientY - last[1], event);
    last = [event.clientX, event.clientY];
  });
  for (const name of ["pointerup", "pointercancel"])
    node.addEventListener(name, () => { last = null; });
}

for (const root of document.querySelectorAll(".m3n-player:not([data-ready])"))
  root.player = new Player(root);
