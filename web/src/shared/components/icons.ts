/** Our own hairline icons on a 24 grid, 1.6 wide. A string is one path; an object says what differs from a plain line. */
export interface IconPart { d: string, width?: number, dash?: string, fill?: boolean }
const circle = (cx: number, cy: number, r: number) =>
  `M${cx - r} ${cy}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`

export const icons = {
  home: ['M4 14a8 8 0 0116 0', 'M12 14l4-4', 'M3 18h18'],
  case: ['M4 5h16v11H12l-4.5 3.5V16H4z', 'M8 9h8M8 12h5'],
  program: [circle(12, 12, 9), 'M9.5 14.5a1.8 1.8 0 11-.6-2.6c1.2.6 1.6 0 1.6-1V10a2 2 0 114 1.6'],
  bell: ['M6 16V10.5a6 6 0 0112 0V16l1.5 2h-15z', 'M10 20.5h4'],
  bolt: ['M13 3L5 13.5h6L10 21l8-10.5h-6z'],
  gear: [circle(12, 12, 3), 'M12 3.5v3M12 17.5v3M3.5 12h3M17.5 12h3M6 6l2.1 2.1M15.9 15.9L18 18M18 6l-2.1 2.1M8.1 15.9L6 18'],
  search: [circle(11, 11, 6.5), 'M16 16l4.5 4.5'],
  copy: ['M9 9h11v11H9z', 'M15 9V4H4v11h5'],
  down: ['M6 9.5l6 6 6-6'],
  right: ['M9.5 6l6 6-6 6'],
  left: ['M14.5 6l-6 6 6 6'],
  plus: ['M12 5v14M5 12h14'],
  more: [{ d: 'M5.5 12h.1M12 12h.1M18.5 12h.1', width: 2.4 }],
  sync: ['M20 11a8 8 0 00-14.5-3.5L4 9M4 4.5V9h4.5M4 13a8 8 0 0014.5 3.5L20 15M20 19.5V15h-4.5'],
  note: ['M5 5h14v10l-4 4H5z', 'M9 10h6M9 13.5h3'],
  filter: ['M4 7h16M7 12h10M10 17h4'],
  wechat: [
    'M9.5 4.5c-3.6 0-6.5 2.4-6.5 5.3 0 1.7 1 3.2 2.5 4.1L5 16l2.3-1.2c.7.2 1.4.3 2.2.3',
    'M21 14.2c0-2.4-2.5-4.4-5.5-4.4s-5.5 2-5.5 4.4 2.5 4.4 5.5 4.4c.6 0 1.2-.1 1.8-.2L19.3 19.5l-.4-1.8c1.3-.8 2.1-2.1 2.1-3.5z',
  ],
  check: ['M5 12.5l4.5 4.5L19 7.5'],
  ok: [circle(12, 12, 9), 'M8 12.3l2.8 2.7L16 9.5'],
  wait: [{ d: circle(12, 12, 9), dash: '3.5 3' }],
  warn: [circle(12, 12, 9), 'M12 7.5v5.5M12 16.2v.1'],
  external: ['M13 5h6v6M19 5l-8 8', 'M17 14v5H5V7h5'],
  link: ['M10 14a4 4 0 006 .5l2.5-2.5a4 4 0 00-5.7-5.7L11.5 7.5', 'M14 10a4 4 0 00-6-.5L5.5 12a4 4 0 005.7 5.7l1.3-1.2'],
  close: ['M6 6l12 12M18 6L6 18'],
  user: [circle(12, 8.5, 4), 'M4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5'],
  users: [circle(9, 9, 3.5), 'M2.5 19.5c.8-3.5 3.3-5 6.5-5s5.7 1.5 6.5 5', 'M15.5 5.8a3.5 3.5 0 010 6.4M17.5 14.9c2 .6 3.4 2 4 4.6'],
  key: [circle(8, 15, 4), 'M11 12l8.5-8.5M16 7l2.5 2.5M13.5 9.5l1.8 1.8'],
  mail: ['M3.5 6h17v12.5h-17z', 'M3.5 7l8.5 6.5L20.5 7'],
  list: ['M8.5 7h11M8.5 12h11M8.5 17h11', { d: 'M4.5 7h.1M4.5 12h.1M4.5 17h.1', width: 2.4 }],
  plug: ['M9 3.5v5M15 3.5v5M6.5 8.5h11v3a5.5 5.5 0 01-11 0zM12 17v3.5'],
  eye: ['M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z', circle(12, 12, 2.8)],
  help: [circle(12, 12, 9), 'M9.5 9.5a2.5 2.5 0 114 2c-1 .7-1.5 1.2-1.5 2.2M12 16.7v.1'],
  image: ['M4 5h16v14H4z', 'M4 16l4.5-4.5 4 4 2.5-2.5 5 5', circle(9, 9.3, 1.4)],
  turn: ['M20 6v5h-5', 'M19.4 11A8 8 0 1012 20'],
  hide: ['M4 5h16v14H4z', 'M8 12h8M8 15h8M8 9h8'],
  text: ['M5 6h14M5 10.5h14M5 15h9'],
  camera: ['M4 8h3.5L9 5.5h6L16.5 8H20v11H4z', circle(12, 13.2, 3.4)],
  inbound: ['M12 3.5v10M8 10l4 4 4-4', 'M4 14.5V20h16v-5.5'],
  money: ['M4.2 4.6v4.6h4.6', 'M4.8 9.1A8 8 0 114 12.4', 'M9 8.8l3 3.6 3-3.6M12 12.4v4.4M9.4 12.9h5.2M9.4 15h5.2'],
  shield: ['M12 3l7.5 2.8v5.4c0 4.6-3 8-7.5 9.8-4.5-1.8-7.5-5.2-7.5-9.8V5.8z', 'M12 8v4.5M12 15.4v.1'],
  chart: ['M4 4v16h16', 'M8 15l3.5-4 3 2.5L19.5 7'],
  trash: ['M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5'],
} as const satisfies Record<string, readonly (string | IconPart)[]>

export type IconName = keyof typeof icons
