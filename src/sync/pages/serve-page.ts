import { compress } from '../../core/compress.ts'
import type { Storage } from '../../storage/port.ts'
import type { Held } from './held.ts'
import { buildPage } from './page-plan.ts'
import { PAGE_BYTES, type RequestOf } from './protocol.ts'
import type { RecentPages, SentPage } from './recent-pages.ts'
import { orRefused } from './refused.ts'
import { partialPage } from './serve-partial.ts'

type PageRequest = RequestOf<'page'>

export interface PageServer {
  /** @throws Refused; StorageError `storage.segment-gone` for what was swept while it was read */
  answer(
    request: PageRequest,
  ): Promise<{ readonly head: Record<string, unknown>; readonly bytes: Uint8Array }>
  /** Ends when nothing is read any more. */
  settled(): Promise<void>
}

/**
 * Answers requests for pages on one stream. While a full page of a whole repo is on its way the next one is made, so
 * that who goes through the repo waits for no page but the first.
 *
 * @param hold finds what is kept whole, anew for each request; undefined when the repo is not
 */
export function createPageServer(input: {
  readonly storage: Storage
  readonly hold: (request: PageRequest) => Promise<Held | undefined>
  readonly recent: RecentPages
  readonly deflate?: ((bytes: Uint8Array) => Promise<Uint8Array>) | undefined
}): PageServer {
  const { storage, hold, recent, deflate = (plain) => compress(plain, 'deflate-raw') } = input
  let ahead: Promise<unknown> = Promise.resolve()

  const formed = async (request: PageRequest, page: SentPage): Promise<SentPage> =>
    request.deflate === true ? { ...page, bytes: await deflate(page.bytes) } : page

  const make = async ({ reader, snapshot }: Held, request: PageRequest): Promise<SentPage> =>
    formed(request, {
      root: snapshot.commitCid,
      ...(await buildPage(reader, snapshot, request, buildOf(request))),
    })

  /** A full page, and then the one after it. */
  const full = async (whole: Held, request: PageRequest): Promise<SentPage> => {
    const take = (one: PageRequest): Promise<SentPage> =>
      recent.of(nameOf(whole, one), () => make(whole, one))
    const page = await take(request)
    if (!page.end) {
      // Whoever asks for it hears of its failure.
      const next = take({ ...request, after: page.last, known: true }).catch(() => {})
      ahead = ahead.then(() => next)
    }
    return page
  }

  const find = async (request: PageRequest): Promise<SentPage> => {
    const whole = await hold(request)
    if (whole === undefined)
      return formed(request, orRefused(await partialPage(storage, request, buildOf(request))))
    return request.maxBytes < PAGE_BYTES ? make(whole, request) : full(whole, request)
  }

  return {
    async answer(request) {
      const { root, bytes, last, end, records } = await find(request)
      const head = {
        root,
        ...(last === undefined ? {} : { last }),
        ...{ end, records },
        ...(request.bare === true ? { bare: true } : {}),
        ...(request.deflate === true ? { deflate: true } : {}),
      }
      return { head, bytes }
    },
    async settled() {
      await ahead
    },
  }
}

/** Without `after` nobody has any node. */
const isKnown = ({ known, after }: PageRequest): boolean => known === true && after !== undefined

const buildOf = (request: PageRequest) => ({
  known: isKnown(request),
  maxBytes: Math.min(request.maxBytes, PAGE_BYTES),
  bare: request.bare === true,
})

/** All that a full page depends on. */
const nameOf = ({ snapshot }: Held, request: PageRequest): string => {
  const { did, after, from, to, bare, deflate } = request
  const range = [after, from, to].map((path) => path ?? null)
  return JSON.stringify([
    did,
    snapshot.commitCid,
    ...range,
    isKnown(request),
    bare === true,
    deflate === true,
  ])
}
