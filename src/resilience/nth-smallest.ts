/**
 * The value that would stand at `n`, from 0, if the values were sorted (quickselect): what a quantile takes, for a tenth
 * of the work. Moves values: those before `n` are not above it afterwards, those behind it not below.
 *
 * @param values - at least one, none of them NaN.
 */
export function nthSmallest(values: Float64Array, n: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = at(values, (low + high) >> 1);
    let left = low;
    let right = high;
    while (left <= right) {
      while (at(values, left) < pivot) left++;
      while (at(values, right) > pivot) right--;
      if (left > right) break;
      const moved = at(values, left);
      values[left++] = at(values, right);
      values[right--] = moved;
    }
    if (n <= right) high = right;
    else if (n >= left) low = left;
    else break;
  }
  return at(values, n);
}

const at = (values: Float64Array, index: number): number => values[index] ?? 0;
