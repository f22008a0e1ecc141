/** Money is integer fen everywhere; only here it becomes text. null = not known, shown as a dash. */
export function formatFen(fen: number | null | undefined): string {
  if (fen == null || !Number.isFinite(fen)) return '–'
  const negative = fen < 0
  const abs = Math.abs(Math.trunc(fen))
  const yuan = Math.floor(abs / 100).toString().replace(/\B(?=(\d{3})+$)/g, ',')
  const cents = (abs % 100).toString().padStart(2, '0')
  return `${negative ? '−' : ''}¥${yuan}.${cents}`
}

/** Whole numbers with thousands separators: 1,284. */
export function formatCount(n: number | null | undefined): string {
  if (n == null || !Number.isFinite(n)) return '–'
  return Math.trunc(n).toString().replace(/\B(?=(\d{3})+$)/g, ',')
}
