/* Does the work that a form asks for, so that its reader has no question to answer. Without this
   file, or where it takes too long, the question beside it serves (docs/decisions/challenge.md). */
"use strict";

(() => {
  const SLICE = 12, PATIENCE = 8000;  // milliseconds: of work at a time, and until the question shows
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p)) primes.push(n);
  const fraction = (x) => ((x - Math.floor(x)) * 4294967296) >>> 0;
  const K = Uint32Array.from(primes, (p) => fraction(Math.cbrt(p)));
  const START = Uint32Array.from(primes.slice(0, 8), (p) => fraction(Math.sqrt(p)));
  const turn = (x, n) => (x >>> n) | (x << (32 - n));

  // The first word of SHA-256 of a short text: one block. Our own, as browsers offer theirs over
  // https only, and an inner network may have none.
  const w = new Uint32Array(64);
  const firstWord = (text) => {
    w.fill(0);
    for (let i = 0; i < text.length; i += 1) w[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
    w[text.length >> 2] |= 0x80 << (24 - 8 * (text.length & 3));
    w[15] = text.length * 8;
    for (let i = 16; i < 64; i += 1) {
      const a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3))
        + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = START;
    for (let i = 0; i < 64; i += 1) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
    }
    return (a + START[0]) >>> 0;
  };

  const solve = (nonce, bits, done) => {
    let n = 0;
    const step = () => {
      const until = performance.now() + SLICE;
      while (performance.now() < until) {
        for (const end = n + 200; n < end; n += 1) {
          if (Math.clz32(firstWord(`${nonce}:${n}`)) >= bits) return done(String(n));
        }
      }
      setTimeout(step);
    };
    step();
  };

  const begin = (box) => {
    const form = box.closest("form"), work = box.querySelector("[name=challenge_work]");
    const question = box.querySelector("[data-question]"), status = box.querySelector("[role=status]");
    let waiting = null;
    question.hidden = true;
    status.textContent = status.dataset.busy;
    const late = setTimeout(() => { question.hidden = false; }, PATIENCE);
    form.addEventListener("submit", (event) => {
      if (work.value || !question.hidden) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      waiting = event.submitter;
    }, true);
    solve(box.dataset.challenge, Number(box.dataset.bits), (found) => {
      clearTimeout(late);
      work.value = found;
      question.hidden = true;
      status.textContent = status.dataset.done;
      if (waiting) form.requestSubmit(waiting);
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-challenge]").forEach(begin);
  });
})();
