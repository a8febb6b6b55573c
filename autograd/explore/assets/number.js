// --- number.js: numbers as the pictures write them ------------------------------------------

/** A number with four significant digits, or with `decimals` places; a real minus sign. */
function show(x, decimals = null) {
  if (x === 0) return "0";
  if (Number.isNaN(x)) return "NaN";
  const size = Math.abs(x);
  let sign = x < 0 ? "−" : "";
  if (size === Infinity) return sign + "∞";
  if (decimals !== null) {
    const text = size < 1e5 ? fixed(size, decimals) : scientific(size);
    return (/[1-9]/.test(text) ? sign : "") + text;
  }
  if (size < 1e-3 || size >= 1e5) return sign + scientific(size);
  const places = Math.max(0, 3 - Math.floor(Math.log10(size)));
  const text = fixed(size, places);
  return sign + (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
}

function fixed(size, places) {
  return halfToEven(size.toFixed(places), size.toFixed(Math.min(100, places + 60)), places + 1);
}

function scientific(size) {
  const [digits, exponent] = size.toExponential(2).split("e");
  const [exact, same] = size.toExponential(60).split("e");
  const power = Number(exponent);
  const rounded = exponent === same ? halfToEven(digits, exact, 3) : digits;
  return `${rounded}e${power < 0 ? "−" : ""}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** Python rounds 0.125 to 0.12, JavaScript to 0.13: at an exact half, take the even digit. */
function halfToEven(rounded, exact, after) {
  const point = exact.indexOf(".");
  const end = point + after;
  const isHalf = point > 0 && /^50*$/.test(exact.slice(end));
  const below = exact.slice(0, end).replace(/\.$/, "");
  return isHalf && Number(below.at(-1)) % 2 === 0 ? below : rounded;
}
