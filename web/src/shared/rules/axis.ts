/** The top of a chart's axis: the least of 2, 4, 10, 20, 40, 100 … that is not below the largest value, so that half of it is a whole number. */
export function axisTop(values: readonly number[]): number {
  const most = Math.max(2, ...values)
  for (let unit = 1; ; unit *= 10) {
    for (const step of [2, 4, 10]) if (step * unit >= most) return step * unit
  }
}
