// Random numbers that a seed repeats (sfc32); not those of NumPy.
export function randomNumbers(seed) {
  let [a, b, c, d] = [seed | 0, 0x9e3779b9, 0x243f6a88, 1];
  const next = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i++) next();
  const uniform = () => (next() + 0.5) / 2 ** 32;
  return {
    uniform,
    integer: (n) => Math.floor(uniform() * n),
    // From a Gaussian of width 1 (Box & Muller 1958).
    normal: () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
    // A random order of an integer array, in place (Fisher and Yates).
    shuffle(rows) {
      for (let i = rows.length - 1; i > 0; i--) {
        const j = Math.floor(uniform() * (i + 1));
        [rows[i], rows[j]] = [rows[j], rows[i]];
      }
      return rows;
    },
  };
}
