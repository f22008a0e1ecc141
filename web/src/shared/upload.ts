import { ApiProblem, problemFrom } from '@/shared/api/problem'
import type { Evidence } from '@/shared/api/types'
import { linkAuthorization } from '@/shared/link'

/** Uploads a picture; fetch cannot tell how far it is, so this is the older way. It rejects with an ApiProblem. */
export function upload(file: File, complaint: string, onProgress: (percent: number) => void): Promise<Evidence> {
  return new Promise((resolve, reject) => {
    const form = new FormData()
    if (complaint) form.append('complaint_id', complaint)
    form.append('file', file, file.name)
    const request = new XMLHttpRequest()
    request.open('POST', '/api/v1/evidence')
    const link = linkAuthorization('/api/v1/evidence')
    if (link) request.setRequestHeader('Authorization', link)
    request.responseType = 'json'
    request.timeout = 120_000
    request.upload.onprogress = (e) => { if (e.lengthComputable) onProgress(Math.min(99, Math.round((e.loaded / e.total) * 100))) }
    request.onload = () => (request.status === 201 ? resolve(request.response as Evidence) : reject(problemFrom(request.status, request.response)))
    request.onerror = request.ontimeout = () => reject(new ApiProblem(0, 'network', ''))
    request.send(form)
  })
}
