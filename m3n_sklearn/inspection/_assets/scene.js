// Bodies with their sensors, posed and drawn on a canvas: no graphics card is needed.

const AXIS_METERS = 0.16, BOX_METERS = [0.02, 0.02, 0.008];
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
