// --- scalars.js: run a circuit of numbers again, forward and backward ------------------------

const { abs, exp, expm1, log, log1p, max, min, pow, sign, sqrt, tanh } = Math;

/** 1 where a is taken, 0 where b is; at a tie what `tie` says: a half if both are tracked. */
const wins = (a, b, tie) => (a > b ? 1 : a === b ? tie : 0);
const times = (a, b) => (a === 0 ? 0 : a * b); // 0 x⁻¹ is 0, also at x = 0
const ln = (x) => (x === 0 ? 0 : log(x));

/** The operands of a gate as numbers. */
function operandsOf(op, values) {
  return op.operands.map((o) => ("quantity" in o ? values[o.quantity] : Number(o.constant)));
}

/** Forward and backward through the program, with these values of the leaves. */
function run(program, leaves, root) {
  const values = [...leaves];
  for (const op of program) values[op.out] = GATES[op.gate].forward(...operandsOf(op, values));
  return { values, ...goBack(program, values, new Map([[root, 1]])) };
}

/** The chain rule at every gate, the last first. An operand that a gate did not use gets 0. */
function goBack(program, values, seeds) {
  const gradients = new Map(seeds);
  const used = new Set(seeds.keys());
  const local = program.map(() => []);
  const downstream = program.map(() => []);
  for (let k = program.length - 1; k >= 0; k--) {
    const op = program[k];
    const upstream = gradients.get(op.out);
    if (upstream === undefined) continue;
    const [x, y] = operandsOf(op, values);
    const tie = op.tracked.length > 1 ? 0.5 : 0;
    for (const position of op.tracked) {
      const { quantity } = op.operands[position];
      const rule = GATES[op.gate];
      const slope = Number(rule.local[position](x, y, values[op.out], tie));
      const alive = used.has(op.out);
      const taken = rule.used.length ? Boolean(rule.used[position](x, y)) : true;
      if (alive && taken) used.add(quantity);
      local[k][position] = slope;
      downstream[k][position] = alive ? upstream * slope : 0;
      gradients.set(quantity, (gradients.get(quantity) ?? 0) + downstream[k][position]);
    }
  }
  return { gradients, local, downstream };
}
