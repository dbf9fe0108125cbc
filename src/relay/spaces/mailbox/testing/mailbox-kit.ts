import { createHash } from 'node:crypto'

/** 64 digits, another for each name. */
export const placeOf = (name: string): string => createHash('sha256').update(name).digest('hex')
export const ownerOf = (name: string): string => placeOf(`owner ${name}`)

export interface JoinAnswer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
  /** of a refusal */
  readonly reason: string | undefined
  readonly json: unknown
}

/** Speaks to `/join/` of a relay as a page does. */
export function joinClient(base: string, address?: string) {
  const ask = async (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: Uint8Array<ArrayBuffer>,
  ): Promise<JoinAnswer> => {
    const response = await fetch(new URL(`join/${path}`, base), {
      method,
      headers: { ...(address === undefined ? {} : { 'x-forwarded-for': address }), ...headers },
      ...(body === undefined ? {} : { body }),
    })
    const bytes = new Uint8Array(await response.arrayBuffer())
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
    const json: unknown = isJson ? JSON.parse(Buffer.from(bytes).toString()) : undefined
    const reason =
      typeof json === 'object' && json !== null && 'reason' in json ? String(json.reason) : undefined
    return { status: response.status, headers: response.headers, bytes, json, reason }
  }
  return {
    ask,
    put: (
      place: string,
      owner: string,
      body: Uint8Array<ArrayBuffer>,
      headers: Record<string, string> = {},
    ) => ask('PUT', place, { 'x-cairn-owner': owner, ...headers }, body),
    get: (place: string) => ask('GET', place),
    revoke: (place: string, owner: string) => ask('DELETE', place, { 'x-cairn-owner': owner }),
    receipt: (place: string, owner: string) => ask('GET', `${place}?fetched=1`, { 'x-cairn-owner': owner }),
  }
}
