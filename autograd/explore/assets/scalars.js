// --- scalars.js: run a circuit of numbers again, forward and backward ------------------------

/** The operands of a gate as numbers. */
function operandsOf(op, values) {
  return op.operands.map((o) => ("quantity" in o ? values[o.quantity] : Number(o.constant)));
}

/** Forward and backward through the program, with these values of the leaves. */
function run(program, leaves, root) {
  const values = [...leaves];
  for (const op of program) values[op.out] = GATES[op.gate].forward(operandsOf(op, values));
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
    const operands = operandsOf(op, values);
    const out = values[op.out];
    for (const position of op.tracked) {
      const { quantity } = op.operands[position];
      const gate = GATES[op.gate];
      const slope = Number(gate.local[position](operands, out));
      const alive = used.has(op.out);
      const taken = gate.used.length ? Boolean(gate.used[position](operands, out)) : true;
      if (alive && taken) used.add(quantity);
      local[k][position] = slope;
      downstream[k][position] = alive ? upstream * slope : 0;
      gradients.set(quantity, (gradients.get(quantity) ?? 0) + downstream[k][position]);
    }
  }
  return { gradients, local, downstream };
}
