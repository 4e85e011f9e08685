// Formulas as tables of integers, multiplied, added and compared as BigInts; and how they are written.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const element = (id) => document.getElementById(id);

/** What gives a formula's value by its number, at these sizes. */
function evaluator(sizes) {
  const atoms = [];
  for (const [over, add, divisor] of data.atoms) {
    const value = Array.isArray(over) ? pairs(over, atoms) : sizes[over];
    atoms.push((value + BigInt(add)) / BigInt(divisor));
  }
  const monomials = data.monomials.map((all) => all.reduce((p, atom) => p * atoms[atom], 1n));
  return (one) => pairs(data.sums[one], monomials);
}

/** The sum of values times coefficients, which stand in turn. */
function pairs(terms, values) {
  let sum = 0n;
  for (let i = 0; i < terms.length; i += 2) sum += values[terms[i]] * BigInt(terms[i + 1]);
  return sum;
}

const largest = (values) => values.reduce((one, other) => (other > one ? other : one));

/** What is asked of the network: the controls, as numbers where they are numbers. */
function asked() {
  const value = Object.fromEntries(controls.map((one) => [one.id, one.value]));
  const sizes = data.names.map((name) =>
    name === data.element ? BigInt(data.types[value.dtype]) : size(value[`size-${name}`]));
  const way = data.trained?.ways.findIndex((one) =>
    one.amp === Boolean(value.amp) && one.checkpoint === value.checkpoint) ?? -1;
  const update = data.trained?.updates.find((one) => one.optimizer === value.train);
  return { value, sizes, way: Math.max(way, 0), update };
}

/** A positive number below 2^31 as a BigInt, null for anything else. */
function size(text) {
  return /^[1-9][0-9]{0,9}$/.test(text) && Number(text) < 2 ** 31 ? BigInt(text) : null;
}

/** Why the network cannot have these sizes, or nothing. */
function refusal({ sizes, update }, at) {
  if (sizes.includes(null)) return "every size is a whole number from 1 to 2,147,483,647";
  const signs = { "==": (n) => n === 0n, "!=": (n) => n !== 0n, "<": (n) => n < 0n,
    "<=": (n) => n <= 0n, ">": (n) => n > 0n, ">=": (n) => n >= 0n };
  for (const [difference, sign, text] of data.needs)
    if (!signs[sign](at(difference))) return text;
  if (data.least.some((one) => at(one) < 1n)) return "a map is smaller than its window";
  if (isRefused(update, at))
    return "in training, PyTorch refuses to normalise one value a channel";
  return "";
}

/** Whether PyTorch refuses to train at this size. */
const isRefused = (update, at) => update && data.trained.ones.some((one) => at(one) === 1n);

/** The bytes held at once, in a pass or in a step of training; null where that is not known. */
function memory({ way, update }, at) {
  const of = (all) => largest(all.map(at));
  if (!update) {
    if (!data.held.length) return { peak: null, needs: null };
    const peak = of(data.held);
    return { peak, needs: at(data.weights) + peak };
  }
  const { passes, always, after } = { ...data.trained.ways[way], ...update };
  if (data.trained.apart.some((one) => at(one) === 0n)) return { peak: null, needs: null };
  const peak = at(always) + of([...passes, after]);
  return { peak, needs: peak };
}

/** The largest batch that fits so many bytes, by bisection: what is needed grows with it. */
function batch(request, bytes) {
  const place = data.names.indexOf(data.batch);
  if (place < 0) return null;
  const fits = (n) => {
    const at = evaluator(request.sizes.with(place, BigInt(n)));
    const { needs } = memory(request, at);
    return needs !== null && needs <= bytes;
  };
  let low = 0, high = 2 ** 31;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle; else high = middle;
  }
  const at = evaluator(request.sizes.with(place, BigInt(low)));
  return isRefused(request.update, at) ? 0 : low;
}

const grouped = (value) => value.toString().replace(/\B(?=(\d{3})+$)/g, ",");

/** A number in a unit with so many decimals, half to even, as Python writes it. */
function scaled(value, unit, decimals) {
  const ten = 10n ** BigInt(decimals), twice = 2n * ((value * ten) % unit);
  let digits = (value * ten) / unit;
  if (twice > unit || (twice === unit && digits % 2n)) digits += 1n;
  const part = (digits % ten).toString().padStart(decimals, "0");
  return { text: `${grouped(digits / ten)}.${part}`, digits };
}

function human(value, step, units, decimals) {
  for (let power = units.length; power > 0; power--) {
    const below = scaled(value, step ** BigInt(power - 1), decimals).digits;
    if (below >= step * 10n ** BigInt(decimals))
      return `${scaled(value, step ** BigInt(power), decimals).text} ${units[power - 1]}`;
  }
  return grouped(value);
}

const counts = (value) => human(value, 1000n, ["k", "M", "G", "T"], 3);

function bytes(value) {
  const text = human(value, 1024n, ["KiB", "MiB", "GiB", "TiB"], 1);
  return value < 1024n ? `${text} B` : text;
}

const shape = (all, sums) => all.map((one) => sums[one]).join("x");
