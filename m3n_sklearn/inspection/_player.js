// Plays bodies with their sensors next to the signals, on two canvases. Needs no other file.
(() => {
  "use strict";
  const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
  const SPANS = [["whole clip", 0], ["10 s", 10], ["3 s", 3]];
  const AXIS_METERS = 0.16, BOX_METERS = [0.02, 0.02, 0.008];
  const LOST = -32768; // sample that was not observed
  const DISTANCE = 4.5; // of the camera, in m
  const LIGHT = [-0.35, 0.5, 0.79];
  const SHADES = 24;

  // ---- arrays and small algebra

  function decode(text, kind) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return new kind(bytes.buffer);
  }
  const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

  // Rotation between two quaternions (w, x, y, z) in an Int16Array, as a matrix in rows.
  function turnBetween(quats, a, b, share, out) {
    let w = 0, x = 0, y = 0, z = 0, dot = 0;
    for (let k = 0; k < 4; k++) dot += quats[a + k] * quats[b + k];
    const q = (1 - share), p = dot < 0 ? -share : share;
    w = q * quats[a] + p * quats[b];
    x = q * quats[a + 1] + p * quats[b + 1];
    y = q * quats[a + 2] + p * quats[b + 2];
    z = q * quats[a + 3] + p * quats[b + 3];
    const s = 2 / (w * w + x * x + y * y + z * z);
    out[0] = 1 - s * (y * y + z * z); out[1] = s * (x * y - w * z); out[2] = s * (x * z + w * y);
    out[3] = s * (x * y + w * z); out[4] = 1 - s * (x * x + z * z); out[5] = s * (y * z - w * x);
    out[6] = s * (x * z - w * y); out[7] = s * (y * z + w * x); out[8] = 1 - s * (x * x + y * y);
    return out;
  }
  function multiply(a, i, b, out, o) {
    for (let r = 0; r < 3; r++)
      for (let c = 0; c < 3; c++)
        out[o + 3 * r + c] =
          a[i + 3 * r] * b[c] + a[i + 3 * r + 1] * b[3 + c] + a[i + 3 * r + 2] * b[6 + c];
  }

  // ---- a body: forward kinematics and linear blend skinning

  class Body {
    constructor(data) {
      this.parents = data.parents;
      this.count = data.parents.length;
      this.joints = decode(data.joints, Float32Array);
      this.quats = decode(data.quats, Int16Array);
      this.root = decode(data.root, Float32Array);
      this.hasSkin = data.vertices !== null;
      if (this.hasSkin) {
        this.rest = decode(data.vertices, Float32Array);
        this.faces = decode(data.faces, Uint16Array);
        this.bones = decode(data.bones, Uint8Array);
        this.weights = decode(data.weights, Uint8Array);
        this.points = new Float32Array(this.rest.length);
      }
      this.turns = new Float64Array(9 * this.count);
      this.places = new Float64Array(3 * this.count);
      this.origins = new Float64Array(3 * this.count);
      this.local = new Float64Array(9);
    }

    pose(frame, next, share) {
      const { parents, joints, turns, places, origins, local, count } = this;
      for (let j = 0; j < count; j++) {
        turnBetween(this.quats, 4 * (frame * count + j), 4 * (next * count + j), share, local);
        if (j === 0) {
          turns.set(local, 0);
          for (let k = 0; k < 3; k++)
            places[k] = (1 - share) * this.root[3 * frame + k] + share * this.root[3 * next + k];
        } else {
          const u = parents[j];
          multiply(turns, 9 * u, local, turns, 9 * j);
          const x = joints[3 * j] - joints[3 * u], y = joints[3 * j + 1] - joints[3 * u + 1],
            z = joints[3 * j + 2] - joints[3 * u + 2];
          for (let k = 0; k < 3; k++) {
            const t = 9 * u + 3 * k;
            places[3 * j + k] = places[3 * u + k] + turns[t] * x + turns[t + 1] * y
              + turns[t + 2] * z;
          }
        }
        // where the origin of the rest pose goes with this bone
        for (let k = 0; k < 3; k++) {
          const t = 9 * j + 3 * k;
          origins[3 * j + k] = places[3 * j + k] - turns[t] * joints[3 * j]
            - turns[t + 1] * joints[3 * j + 1] - turns[t + 2] * joints[3 * j + 2];
        }
      }
      if (this.hasSkin) this.skin();
    }

    skin() {
      const { rest, bones, weights, turns, origins, points } = this;
      for (let v = 0, n = rest.length / 3; v < n; v++) {
        const x = rest[3 * v], y = rest[3 * v + 1], z = rest[3 * v + 2];
        let px = 0, py = 0, pz = 0;
        for (let k = 4 * v; k < 4 * v + 4; k++) {
          const w = weights[k] / 255;
          if (w === 0) continue;
          const t = 9 * bones[k], o = 3 * bones[k];
          px += w * (turns[t] * x + turns[t + 1] * y + turns[t + 2] * z + origins[o]);
          py += w * (turns[t + 3] * x + turns[t + 4] * y + turns[t + 5] * z + origins[o + 1]);
          pz += w * (turns[t + 6] * x + turns[t + 7] * y + turns[t + 8] * z + origins[o + 2]);
        }
        points[3 * v] = px; points[3 * v + 1] = py; points[3 * v + 2] = pz;
      }
    }
  }

  // ---- the scene: a camera that orbits, and shapes drawn from far to near

  class Scene {
    constructor(canvas, data) {
      this.canvas = canvas;
      this.pen = canvas.getContext("2d");
      this.data = data;
      this.bodies = data.bodies.map((body) => new Body(body));
      this.sensors = data.sensors.map((sensor) => ({
        name: sensor.name,
        body: sensor.body,
        places: decode(sensor.places, Float32Array),
        quats: decode(sensor.quats, Int16Array),
        turn: new Float64Array(9),
        place: [0, 0, 0],
        screen: null,
      }));
      this.path = decode(data.path, Float32Array); // what the camera looks at
      this.reset("start");
    }

    reset(view) {
      const offsets = { start: 0.55, front: 0, side: Math.PI / 2, back: Math.PI };
      this.azimuth = this.data.front + offsets[view];
      this.elevation = view === "start" ? 0.2 : 0.06;
      this.zoom = 1;
    }

    resize() {
      const ratio = window.devicePixelRatio || 1;
      this.width = this.canvas.clientWidth;
      this.height = this.canvas.clientHeight;
      this.canvas.width = Math.round(this.width * ratio);
      this.canvas.height = Math.round(this.height * ratio);
      this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    }

    aim(frame, next, share) {
      const ce = Math.cos(this.elevation), se = Math.sin(this.elevation);
      const ca = Math.cos(this.azimuth), sa = Math.sin(this.azimuth);
      this.near = [ce * ca, ce * sa, se]; // from the target to the camera
      this.right = [-sa, ca, 0];
      this.up = [-se * ca, -se * sa, ce];
      this.target = [0, 1, 2].map(
        (k) => (1 - share) * this.path[3 * frame + k] + share * this.path[3 * next + k]);
      const size = Math.min(this.height / this.data.tall, this.width / this.data.wide);
      this.scale = size * this.zoom * DISTANCE;
    }

    // Screen position of a point, and how near it is.
    project(x, y, z) {
      const { right: r, up: u, near: n, target: t } = this;
      const dx = x - t[0], dy = y - t[1], dz = z - t[2];
      const depth = n[0] * dx + n[1] * dy + n[2] * dz;
      const f = this.scale / Math.max(DISTANCE - depth, 0.1);
      return [this.width / 2 + f * (r[0] * dx + r[1] * dy + r[2] * dz),
        this.height / 2 - f * (u[0] * dx + u[1] * dy + u[2] * dz), depth];
    }

    draw(place, colors) {
      const last = this.data.frames - 1;
      const frame = clamp(Math.floor(place), 0, last), next = Math.min(frame + 1, last);
      const share = clamp(place - frame, 0, 1);
      this.aim(frame, next, share);
      this.pen.clearRect(0, 0, this.width, this.height);
      this.drawFloor(colors);
      // 1. All shapes with their depths
      const shapes = [];
      this.bodies.forEach((body, b) => {
        body.pose(frame, next, share);
        if (body.hasSkin) this.addSkin(body, colors.bodies[b % colors.bodies.length], shapes);
        else this.addBones(body, colors.bodies[b % colors.bodies.length], shapes);
      });
      for (const sensor of this.sensors) {
        this.placeSensor(sensor, frame, next, share);
        this.addSensor(sensor, colors, shapes);
      }
      // 2. From far to near
      shapes.sort((a, b) => a.depth - b.depth);
      const pen = this.pen;
      pen.lineJoin = "round";
      for (const { points, color, line } of shapes) {
        pen.beginPath();
        pen.moveTo(points[0], points[1]);
        for (let k = 2; k < points.length; k += 2) pen.lineTo(points[k], points[k + 1]);
        pen.strokeStyle = color;
        if (line) {
          pen.lineCap = "round"; pen.lineWidth = line;
        } else {
          pen.closePath(); pen.fillStyle = color; pen.lineWidth = 0.8; pen.fill();
        }
        pen.stroke();
      }
      this.drawNames(colors);
    }

    drawFloor(colors) {
      const pen = this.pen, z = this.data.floor, step = 0.5, reach = 6;
      const [x0, y0] = [0, 1].map((k) => step * Math.round(this.target[k] / step));
      pen.lineWidth = 1;
      pen.strokeStyle = colors.grid;
      for (let i = -reach; i <= reach; i++) {
        pen.globalAlpha = 0.55 * (1 - Math.abs(i) / (reach + 1));
        for (const [ax, ay, bx, by] of [[i, -reach, i, reach], [-reach, i, reach, i]]) {
          const a = this.project(x0 + step * ax, y0 + step * ay, z);
          const b = this.project(x0 + step * bx, y0 + step * by, z);
          pen.beginPath(); pen.moveTo(a[0], a[1]); pen.lineTo(b[0], b[1]); pen.stroke();
        }
      }
      pen.globalAlpha = 1;
    }

    addSkin(body, shades, shapes) {
      const { points, faces } = body;
      const n = points.length / 3;
      if (!body.screen) body.screen = new Float32Array(3 * n);
      const screen = body.screen;
      for (let v = 0; v < n; v++) {
        const p = this.project(points[3 * v], points[3 * v + 1], points[3 * v + 2]);
        screen[3 * v] = p[0]; screen[3 * v + 1] = p[1]; screen[3 * v + 2] = p[2];
      }
      for (let f = 0; f < faces.length; f += 3) {
        const a = 3 * faces[f], b = 3 * faces[f + 1], c = 3 * faces[f + 2];
        const ax = screen[a], ay = screen[a + 1];
        const abx = screen[b] - ax, aby = screen[b + 1] - ay;
        const acx = screen[c] - ax, acy = screen[c + 1] - ay;
        if (abx * acy - aby * acx >= 0) continue; // it looks away
        shapes.push({
          points: [ax, ay, screen[b], screen[b + 1], screen[c], screen[c + 1]],
          depth: (screen[a + 2] + screen[b + 2] + screen[c + 2]) / 3,
          color: shades[this.shade(points, a, b, c)],
        });
      }
    }

    // Brightness of a triangle that is lit from above the left shoulder of the viewer.
    shade(p, a, b, c) {
      const ux = p[b] - p[a], uy = p[b + 1] - p[a + 1], uz = p[b + 2] - p[a + 2];
      const vx = p[c] - p[a], vy = p[c + 1] - p[a + 1], vz = p[c + 2] - p[a + 2];
      const nx = uy * vz - uz * vy, ny = uz * vx - ux * vz, nz = ux * vy - uy * vx;
      const { right: r, up: u, near: n } = this;
      const lit = LIGHT[0] * (nx * r[0] + ny * r[1] + nz * r[2])
        + LIGHT[1] * (nx * u[0] + ny * u[1] + nz * u[2])
        + LIGHT[2] * (nx * n[0] + ny * n[1] + nz * n[2]);
      const length = Math.hypot(nx, ny, nz) || 1;
      return Math.round(clamp(lit / length, 0, 1) * (SHADES - 1));
    }

    addBones(body, shades, shapes) {
      for (let j = 1; j < body.count; j++) {
        const at = (i) => this.project(...body.places.subarray(3 * i, 3 * i + 3));
        const a = at(body.parents[j]), b = at(j);
        shapes.push({
          points: [a[0], a[1], b[0], b[1]], depth: (a[2] + b[2]) / 2, line: 7,
          color: shades[Math.round(0.7 * (SHADES - 1))],
        });
      }
    }

    placeSensor(sensor, frame, next, share) {
      turnBetween(sensor.quats, 4 * frame, 4 * next, share, sensor.turn);
      for (let k = 0; k < 3; k++)
        sensor.place[k] = (1 - share) * sensor.places[3 * frame + k]
          + share * sensor.places[3 * next + k];
      sensor.screen = this.project(...sensor.place);
    }

    addSensor({ turn, place }, colors, shapes) {
      // a little nearer than it is, so that the simplified skin does not cover it
      const lift = 0.03;
      const at = (x, y, z) => this.project(
        place[0] + turn[0] * x + turn[1] * y + turn[2] * z,
        place[1] + turn[3] * x + turn[4] * y + turn[5] * z,
        place[2] + turn[6] * x + turn[7] * y + turn[8] * z);
      for (let axis = 0; axis < 3; axis++) {
        const tip = [0, 0, 0];
        tip[axis] = AXIS_METERS;
        const a = at(0, 0, 0), b = at(...tip);
        shapes.push({
          points: [a[0], a[1], b[0], b[1]], depth: (a[2] + b[2]) / 2 + lift, line: 3,
          color: colors.axes[axis],
        });
      }
      const [bx, by, bz] = BOX_METERS;
      for (let axis = 0; axis < 3; axis++)
        for (const sign of [-1, 1]) {
          const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([s, t]) => {
            const c = [0, 0, 0];
            c[axis] = sign; c[(axis + 1) % 3] = s; c[(axis + 2) % 3] = t;
            return at(c[0] * bx, c[1] * by, c[2] * bz);
          });
          shapes.push({
            points: corners.flatMap((c) => [c[0], c[1]]),
            depth: corners.reduce((sum, c) => sum + c[2], 0) / 4 + lift,
            color: axis === 2 && sign === 1 ? colors.glass : colors.box,
          });
        }
    }

    bodyMiddle(b) {
      const [x, y, z] = this.bodies[b].places;
      return this.project(x, y, z)[0];
    }

    drawNames(colors) {
      const pen = this.pen;
      pen.font = "12px system-ui, sans-serif";
      pen.lineWidth = 3;
      const write = (text, x, y) => {
        pen.strokeStyle = colors.page; pen.fillStyle = colors.text;
        pen.strokeText(text, x, y); pen.fillText(text, x, y);
      };
      // names of sensors stand outside of the body
      for (const sensor of this.sensors) {
        const [x, y] = sensor.screen, middle = this.bodyMiddle(sensor.body);
        pen.textAlign = x < middle ? "right" : "left";
        write(sensor.name, x + (x < middle ? -14 : 14), y + 26);
      }
      pen.textAlign = "center";
      if (this.bodies.length > 1)
        this.data.bodies.forEach((body, b) => {
          const p = this.bodies[b].places;
          const [x, y] = this.project(p[0], p[1], this.data.floor);
          write(body.name, x, Math.min(y + 22, this.height - 6));
        });
    }
  }

  // ---- the signals, with a playhead

  class Signals {
    constructor(canvas, data) {
      this.canvas = canvas;
      this.pen = canvas.getContext("2d");
      this.still = document.createElement("canvas"); // all but the playhead
      this.panels = data.panels;
      this.recordings = data.recordings.map((recording, index) => ({
        ...recording, index, values: decode(recording.data, Int16Array),
      }));
      this.start = data.start;
      this.end = data.start + data.duration;
      this.mode = data.quantity;
      this.span = 0;
      this.ranges = {};
    }

    resize() {
      const ratio = window.devicePixelRatio || 1;
      this.width = this.canvas.clientWidth;
      this.height = this.canvas.clientHeight;
      for (const canvas of [this.canvas, this.still]) {
        canvas.width = Math.round(this.width * ratio);
        canvas.height = Math.round(this.height * ratio);
        canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
      }
      this.left = 46;
      this.shown = null;
    }

    // Value of one line; NaN where it was not observed.
    value(recording, panel, axis, i) {
      const columns = panel.columns[recording.index];
      const one = (k) => {
        const raw = recording.values[i * recording.channels + columns[k]];
        return raw === LOST ? NaN : raw * recording.scales[columns[k]];
      };
      return axis < 3 ? one(axis) : Math.hypot(one(0), one(1), one(2));
    }

    lines() {
      return this.mode === "norm" ? [3] : [0, 1, 2];
    }

    range(panel) {
      const key = panel.title + this.mode;
      if (!this.ranges[key]) {
        let low = Infinity, high = -Infinity;
        for (const recording of this.recordings) {
          if (!panel.columns[recording.index]) continue;
          for (const axis of this.lines())
            for (let i = 0; i < recording.samples; i++) {
              const v = this.value(recording, panel, axis, i);
              if (v < low) low = v;
              if (v > high) high = v;
            }
        }
        if (!(low <= high)) [low, high] = [-1, 1];
        const pad = 0.06 * (high - low) || 1;
        this.ranges[key] = [low - pad, high + pad];
      }
      return this.ranges[key];
    }

    limits(time) {
      if (!this.span || this.span >= this.end - this.start) return [this.start, this.end];
      const begin = clamp(time - this.span / 2, this.start, this.end - this.span);
      return [begin, begin + this.span];
    }

    x(time) {
      const [begin, end] = this.shown;
      return this.left + (time - begin) / (end - begin) * (this.width - this.left - 8);
    }

    time(x) {
      const [begin, end] = this.shown;
      const share = (x - this.left) / (this.width - this.left - 8);
      return clamp(begin + share * (end - begin), this.start, this.end);
    }

    draw(time, colors) {
      const [begin, end] = this.limits(time);
      if (!this.shown || this.shown[0] !== begin || this.shown[1] !== end) {
        this.shown = [begin, end];
        this.drawStill(colors);
      }
      const pen = this.pen;
      pen.clearRect(0, 0, this.width, this.height);
      pen.drawImage(this.still, 0, 0, this.width, this.height);
      const x = this.x(time);
      pen.strokeStyle = pen.fillStyle = colors.playhead;
      pen.lineWidth = 1.5;
      pen.beginPath(); pen.moveTo(x, 4); pen.lineTo(x, this.height - 36); pen.stroke();
      pen.beginPath(); pen.arc(x, this.height - 37, 5, 0, 7); pen.fill();
    }

    drawStill(colors) {
      const pen = this.still.getContext("2d");
      const foot = 34, head = 20, count = this.panels.length;
      const tall = (this.height - foot) / count;
      pen.clearRect(0, 0, this.width, this.height);
      pen.font = "12px system-ui, sans-serif";
      this.panels.forEach((panel, p) => {
        const top = p * tall + head, bottom = (p + 1) * tall - 8;
        const [low, high] = this.range(panel);
        const y = (v) => bottom - (v - low) / (high - low) * (bottom - top);
        // 1. Title, grid and numbers
        pen.fillStyle = colors.text; pen.textAlign = "left"; pen.textBaseline = "middle";
        const title = this.mode === "norm" ? `|${panel.title}|` : panel.title;
        pen.fillText(`${title} (${panel.unit})`, this.left + 10, top - 11);
        pen.strokeStyle = colors.grid; pen.lineWidth = 1; pen.textAlign = "right";
        for (const v of ticks(low, high, Math.max(2, (bottom - top) / 20))) {
          pen.beginPath(); pen.moveTo(this.left, y(v)); pen.lineTo(this.width - 8, y(v));
          pen.stroke();
          pen.fillText(String(+v.toPrecision(6)).replace("-", "−"), this.left - 6, y(v));
        }
        // 2. The lines
        pen.save();
        pen.beginPath(); pen.rect(this.left, top - 2, this.width - this.left - 8, bottom - top + 4);
        pen.clip();
        for (const recording of this.recordings)
          if (panel.columns[recording.index]) this.drawLines(pen, recording, panel, y, colors);
        pen.restore();
      });
      // 3. Times
      pen.fillStyle = colors.text; pen.textAlign = "center"; pen.textBaseline = "middle";
      const [begin, end] = this.shown;
      for (const t of ticks(begin - this.start, end - this.start, this.width / 70)) {
        pen.fillText(String(+t.toPrecision(6)), this.x(t + this.start), this.height - foot + 8);
      }
      pen.fillText("time (s)", this.left + (this.width - this.left) / 2, this.height - 8);
    }

    drawLines(pen, recording, panel, y, colors) {
      const [begin, end] = this.shown;
      const first = clamp(Math.floor((begin - recording.start) * recording.rate), 0,
        recording.samples);
      const stop = clamp(Math.ceil((end - recording.start) * recording.rate) + 1, 0,
        recording.samples);
      const dashes = [[], [5, 4], [1.5, 3]];
      pen.setLineDash(dashes[Math.min(recording.index, 2)]);
      pen.lineWidth = recording.index ? 1.8 : 1.3;
      for (const axis of this.lines()) {
        pen.strokeStyle = axis < 3 ? colors.axes[axis] : colors.norms[recording.index % 3];
        pen.beginPath();
        let isOpen = false;
        for (let i = first; i < stop; i++) {
          const v = this.value(recording, panel, axis, i);
          if (Number.isNaN(v)) { isOpen = false; continue; }
          const x = this.x(recording.start + i / recording.rate);
          if (isOpen) pen.lineTo(x, y(v)); else pen.moveTo(x, y(v));
          isOpen = true;
        }
        pen.stroke();
      }
      pen.setLineDash([]);
    }
  }

  // Round numbers between two limits, at most `most` of them.
  function ticks(low, high, most) {
    const rough = (high - low) / Math.max(most, 1), power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((k) => k * power >= rough);
    const found = [];
    for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + 1e-9 * step; v += step)
      found.push(Math.abs(v) < 1e-9 * step ? 0 : v);
    return found;
  }

  // ---- the player: clock, controls, keys and pointers

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
})();
