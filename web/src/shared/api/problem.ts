/** A refusal of the API: RFC 9457 with our stable `code` and a sentence for merchants in `detail`. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    /** seconds the server asks us to wait, from Retry-After */
    readonly retryAfter: number | null = null,
    /** of a refused action: when it becomes possible */
    readonly when: string = '',
  ) {
    super(detail || code)
    this.name = 'ApiProblem'
  }

  get offline(): boolean {
    return this.code === 'network'
  }
}

interface ProblemBody { code?: unknown, detail?: unknown, when?: unknown }

/** Makes a problem of whatever came back; a body that is no problem document (a proxy's page) is not shown to anybody. */
export function problemOf(response: Response, body: unknown): ApiProblem {
  return problemFrom(response.status, body, response.headers.get('Retry-After'))
}

export function problemFrom(status: number, body: unknown, retryAfter: string | null = null): ApiProblem {
  const b: ProblemBody = body && typeof body === 'object' ? body : {}
  const code = typeof b.code === 'string' ? b.code : codeOfStatus(status)
  const detail = typeof b.detail === 'string' ? b.detail : ''
  const wait = Number(retryAfter)
  return new ApiProblem(status, code, detail, Number.isFinite(wait) && wait > 0 ? wait : null, typeof b.when === 'string' ? b.when : '')
}

function codeOfStatus(status: number): string {
  const known: Record<number, string> = {
    401: 'unauthenticated', 403: 'forbidden', 404: 'not_found', 409: 'conflict', 422: 'validation', 429: 'rate_limited', 502: 'upstream',
  }
  return known[status] ?? 'internal'
}

export function asProblem(error: unknown): ApiProblem {
  return error instanceof ApiProblem ? error : new ApiProblem(0, 'internal', '')
}
