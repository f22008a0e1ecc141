/** Where in this interface a line of the connection health is mended; nothing = there is no page for it. */
export function healthPath(item: { link: string, program_id: string | null }): string | null {
  switch (item.link) {
    case 'platform': return '/settings/platform'
    case 'programs': return item.program_id ? `/programs?open=${encodeURIComponent(item.program_id)}` : '/programs'
    case 'notifications': return '/notices/log'
    case 'gaps': return '/settings/gaps'
    default: return null
  }
}
