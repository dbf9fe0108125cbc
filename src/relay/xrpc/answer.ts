/** What a method answers. Bodies that stream are read no faster than the client takes them. */
export type Answer =
  | { readonly type: 'json'; readonly value: unknown }
  | {
      readonly type: 'bytes'
      readonly contentType: string
      /** known beforehand, bytes */
      readonly length?: number
      readonly headers?: Readonly<Record<string, string>>
      /** Begun when the client is there to read, and not for a HEAD. */
      readonly body: () => AsyncIterable<Uint8Array>
    }

export const json = (value: unknown): Answer => ({ type: 'json', value })

export const CAR = 'application/vnd.ipld.car'
