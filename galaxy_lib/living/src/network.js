// The network of the chapters, in plain typed arrays: same names, same shapes, same steps as
// galaxy_lib/network.py. Nothing here knows of pages: it runs in a Worker.
//
// How matrices lie in memory: a weight matrix row by row, what has a column per galaxy column by
// column. So every inner loop goes along contiguous numbers. A product is summed in float64 and
// kept in float32.

export const N_out = 10;

// --- Products. W (n, k) row by row, x (k, S) column by column, both Float32Array. ---

// out = W @ x, (n, S) column by column. Four rows meet two columns at a time, so that a number that
// is fetched is used often; where fewer are left, the last ones are taken again.
export function product(W, x, n, k, S, out) {
  for (let s = 0; s < S; s += 2) {
    const s1 = Math.min(s + 1, S - 1);
    const x0 = s * k;
    const x1 = s1 * k;
    for (let h = 0; h < n; h += 4) {
      const [h1, h2, h3] = [Math.min(h + 1, n - 1), Math.min(h + 2, n - 1), Math.min(h + 3, n - 1)];
      const [w0, w1, w2, w3] = [h * k, h1 * k, h2 * k, h3 * k];
      let [a0, a1, a2, a3, b0, b1, b2, b3] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let i = 0; i < k; i++) {
        const u = x[x0 + i];
        const v = x[x1 + i];
        const p = W[w0 + i];
        const q = W[w1 + i];
        const r = W[w2 + i];
        const t = W[w3 + i];
        a0 += p * u;
        a1 += q * u;
        a2 += r * u;
        a3 += t * u;
        b0 += p * v;
        b1 += q * v;
        b2 += r * v;
        b3 += t * v;
      }
      out[s * n + h] = a0;
      out[s * n + h1] = a1;
      out[s * n + h2] = a2;
      out[s * n + h3] = a3;
      out[s1 * n + h] = b0;
      out[s1 * n + h1] = b1;
      out[s1 * n + h2] = b2;
      out[s1 * n + h3] = b3;
    }
  }
  return out;
}

// out = W.T @ d, (k, S) column by column, for d (n, S).
export function productTransposed(W, d, n, k, S, out) {
  out.fill(0, 0, k * S);
  for (let s = 0; s < S; s++) {
    for (let o = 0; o < n; o++) {
      const share = d[s * n + o];
      for (let h = 0; h < k; h++) out[s * k + h] += share * W[o * k + h];
    }
  }
  return out;
}

// v = beta·v + d @ x.T, (n, k) row by row, for d (n, S) and x (k, S). Two rows meet four columns at a
// time; beyond the last column there is a slope of 0.
export function addOuter(v, beta, d, x, n, k, S) {
  for (let i = 0; i < n * k; i++) v[i] *= beta;
  const slope = (h, s) => (s < S && h < n ? d[s * n + h] : 0);
  for (let s = 0; s < S; s += 4) {
    const [x0, x1, x2, x3] = [s, s + 1, s + 2, s + 3].map((each) => Math.min(each, S - 1) * k);
    for (let h = 0; h < n; h += 2) {
      const [c0, c1, c2, c3] = [slope(h, s), slope(h, s + 1), slope(h, s + 2), slope(h, s + 3)];
      const row = h * k;
      if (h + 1 === n) {
        for (let i = 0; i < k; i++) {
          v[row + i] += c0 * x[x0 + i] + c1 * x[x1 + i] + c2 * x[x2 + i] + c3 * x[x3 + i];
        }
        break;
      }
      const e0 = d[s * n + h + 1];
      const [e1, e2, e3] = [slope(h + 1, s + 1), slope(h + 1, s + 2), slope(h + 1, s + 3)];
      const next = row + k;
      for (let i = 0; i < k; i++) {
        const u0 = x[x0 + i];
        const u1 = x[x1 + i];
        const u2 = x[x2 + i];
        const u3 = x[x3 + i];
        v[row + i] += c0 * u0 + c1 * u1 + c2 * u2 + c3 * u3;
        v[next + i] += e0 * u0 + e1 * u1 + e2 * u2 + e3 * u3;
      }
    }
  }
}

// --- The network. ---

const sigmoid = (u) => 1 / (1 + Math.exp(-u));

// LOSSES: how the output z (N_out, S) follows from A @ z_tilde, in place; what a galaxy adds to
// the loss; and d, the slope of that with respect to A @ z_tilde. y is the known output.
export const LOSSES = {
  // Chapter 3: L = Σ_outputs (z − y)², y 0.99 or 0.01, no biases.
  squared: {
    biases: false,
    y: [0.01, 0.99],
    activate(z) {
      for (let i = 0; i < z.length; i++) z[i] = sigmoid(z[i]);
    },
    loss: (z, y) => (z - y) ** 2,
    slope: (z, y) => 2 * (z - y) * z * (1 - z),
  },
  // Chapter 7: softmax, L = −Σ_outputs y ln z, y 1 or 0, with biases.
  "cross-entropy": {
    biases: true,
    y: [0, 1],
    activate(z) {
      for (let s = 0; s < z.length; s += N_out) {
        let largest = -Infinity;
        let sum = 0;
        for (let o = s; o < s + N_out; o++) largest = Math.max(largest, z[o]);
        for (let o = s; o < s + N_out; o++) sum += z[o] = Math.exp(z[o] - largest);
        for (let o = s; o < s + N_out; o++) z[o] /= sum;
      }
    },
    loss: (z, y) => (y ? -y * Math.log(Math.max(z, 1e-30)) : 0),
    slope: (z, y) => z - y,
  },
};

// Weights: A (N_out, N_hidden) and B (N_hidden, N_in), first values Gaussian of width
// 1/√(the layer's inputs); biases a (N_out) and b (N_hidden) begin at 0 and stay there where the
// loss has none.
export class Network {
  constructor({ N_in, N_hidden, loss = "squared", random }) {
    Object.assign(this, { N_in, N_hidden, loss });
    this.A = new Float32Array(N_out * N_hidden);
    this.B = new Float32Array(N_hidden * N_in);
    this.a = new Float32Array(N_out);
    this.b = new Float32Array(N_hidden);
    if (random) {
      for (let i = 0; i < this.A.length; i++) this.A[i] = random.normal() / Math.sqrt(N_hidden);
      for (let i = 0; i < this.B.length; i++) this.B[i] = random.normal() / Math.sqrt(N_in);
    }
    this.rest();
  }

  // Momentum starts at 0 (chapter 4).
  rest() {
    for (const name of ["A", "B", "a", "b"]) {
      this[`v_${name}`] = new Float32Array(this[name].length);
    }
  }

  // z_tilde = g(B x + b), z = the output for A z_tilde + a; x (N_in, S).
  forward(x, S) {
    const { A, B, a, b, N_in, N_hidden } = this;
    const z_tilde = product(B, x, N_hidden, N_in, S, new Float32Array(N_hidden * S));
    for (let i = 0; i < z_tilde.length; i++) z_tilde[i] = sigmoid(z_tilde[i] + b[i % N_hidden]);
    const z = product(A, z_tilde, N_out, N_hidden, S, new Float32Array(N_out * S));
    for (let i = 0; i < z.length; i++) z[i] += a[i % N_out];
    LOSSES[this.loss].activate(z);
    return { z_tilde, z };
  }

  // The loss and how many are right, summed over the S galaxies with these answers.
  score(z, answers) {
    const { loss, y } = LOSSES[this.loss];
    let sum = 0;
    let right = 0;
    for (let s = 0; s < answers.length; s++) {
      let said = 0;
      for (let o = 0; o < N_out; o++) {
        sum += loss(z[s * N_out + o], y[o === answers[s] ? 1 : 0]);
        if (z[s * N_out + o] > z[s * N_out + said]) said = o;
      }
      if (said === answers[s]) right += 1;
    }
    return { loss: sum, right };
  }

  // One update from one batch: the gradients (chapter 3), momentum v ← βv + (1−β) gradient, and
  // the step A ← A − ηv (chapter 4). Returns the batch's score before the step.
  step(x, answers, eta, beta) {
    const S = answers.length;
    const { A, B, N_in, N_hidden } = this;
    const { slope, y, biases } = LOSSES[this.loss];
    const { z_tilde, z } = this.forward(x, S);
    const score = this.score(z, answers);

    // d (N_out, S) is the loss's slope with respect to A @ z_tilde; e_tilde = A.T @ d.
    const share = (1 - beta) / S;
    const d = z;
    for (let s = 0; s < S; s++) {
      for (let o = 0; o < N_out; o++) {
        d[s * N_out + o] = slope(z[s * N_out + o], y[o === answers[s] ? 1 : 0]);
      }
    }
    const e_tilde = productTransposed(A, d, N_out, N_hidden, S, new Float32Array(N_hidden * S));
    const d_tilde = e_tilde;
    for (let i = 0; i < d_tilde.length; i++) {
      d_tilde[i] = share * e_tilde[i] * z_tilde[i] * (1 - z_tilde[i]);
    }
    for (let i = 0; i < d.length; i++) d[i] *= share;

    // grad_A = d @ z_tilde.T and grad_B = d_tilde @ x.T, straight into the running means.
    addOuter(this.v_A, beta, d, z_tilde, N_out, N_hidden, S);
    addOuter(this.v_B, beta, d_tilde, x, N_hidden, N_in, S);
    descend(A, this.v_A, eta);
    descend(B, this.v_B, eta);
    if (biases) {
      addColumns(this.v_a, beta, d, N_out, S);
      addColumns(this.v_b, beta, d_tilde, N_hidden, S);
      descend(this.a, this.v_a, eta);
      descend(this.b, this.v_b, eta);
    }
    return score;
  }
}

function descend(W, v, eta) {
  for (let i = 0; i < W.length; i++) W[i] -= eta * v[i];
}

// v = beta·v + the sum of d's columns.
function addColumns(v, beta, d, n, S) {
  for (let i = 0; i < n; i++) v[i] *= beta;
  for (let i = 0; i < n * S; i++) v[i % n] += d[i];
}

// --- Galaxies. ---

// The eight orientations of a square picture (chapter 5), as places: a turned picture has at i what
// the picture has at places[turn][i]. Turns are numbered as in galaxy_lib.data.turned.
export function orientations(side) {
  return Array.from({ length: 8 }, (_, turn) => {
    const places = new Int32Array(side * side * 3);
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        // numpy.rot90 takes what is at (i, j) from (j, side − 1 − i), once for each quarter.
        let [row, column] = [i, j];
        for (let quarter = 0; quarter < turn % 4; quarter++) {
          [row, column] = [column, side - 1 - row];
        }
        if (turn >= 4) column = side - 1 - column;
        for (let band = 0; band < 3; band++) {
          places[3 * (i * side + j) + band] = 3 * (row * side + column) + band;
        }
      }
    }
    return places;
  });
}

// The columns of x (N_in, N) for some rows, as x (N_in, S): as they are, or each turned.
export function columns(x, rows, N_in, places = null, random = null) {
  const batch = new Float32Array(N_in * rows.length);
  for (let s = 0; s < rows.length; s++) {
    const from = rows[s] * N_in;
    if (!places) {
      batch.set(x.subarray(from, from + N_in), s * N_in);
      continue;
    }
    const turn = places[random.integer(8)];
    for (let i = 0; i < N_in; i++) batch[s * N_in + i] = x[from + turn[i]];
  }
  return batch;
}
