/** Rights as /me lists them. The server decides; here they only keep what cannot work out of sight. */
export type Right = 'cases_read' | 'cases_act' | 'reveal' | 'programs' | 'platform' | 'secrets' | 'notify' | 'users' | 'audit' | 'templates'
  | 'deliveries' | 'merchants' | 'refund' | 'refund_limited' | 'reports' | 'rules'

export interface Person { permissions?: readonly string[] | null }

export function may(person: Person | null | undefined, right: Right): boolean {
  return person?.permissions?.includes(right) ?? false
}
