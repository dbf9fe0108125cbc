import * as v from 'valibot'
import { fromUtf8Strict, utf8 } from '../../core/bytes.ts'
import { PackWireError } from './wire-errors.ts'

/** The longest refusal that is read, bytes. */
const MAX_BYTES = 16 * 1024
const MAX_TEXT = 512

const text = v.pipe(v.string(), v.maxLength(MAX_TEXT))
const shape = v.object({
  error: text,
  category: v.optional(text, 'internal'),
  retryable: v.optional(v.boolean(), false),
  recommendedAction: v.optional(text, ''),
  message: v.optional(text, ''),
})

/**
 * What a request is refused with in place of a pack: one JSON object, the body of an HTTP answer, or the message
 * on a stream. `error`, `category` and `recommendedAction` are words of the format's error taxonomy.
 */
export type Refusal = v.InferOutput<typeof shape>

const refusal = (
  error: string,
  category: string,
  retryable: boolean,
  recommendedAction: string,
  message: string,
): Refusal => ({ error, category, retryable, recommendedAction, message })

export const NOT_FOUND = 'sync.not_found'

/** Each with its HTTP status. */
const REFUSALS = {
  invalid: {
    status: 400,
    refusal: refusal(
      'sync.invalid_request',
      'invalid-request',
      false,
      'fixRequest',
      'The request is not well-formed.',
    ),
  },
  operations: {
    status: 413,
    refusal: refusal(
      'sync.too_many_operations',
      'invalid-request',
      false,
      'splitBatch',
      'The commit has too many operations.',
    ),
  },
  limit: {
    status: 413,
    refusal: refusal(
      'runtime.limit_exceeded',
      'limit-exceeded',
      false,
      'reduceInput',
      'A limit of this side was passed.',
    ),
  },
  busy: {
    status: 429,
    refusal: refusal('runtime.busy', 'rate-limited', true, 'retryLater', 'Too much is answered already.'),
  },
  missing: {
    status: 404,
    refusal: refusal(
      NOT_FOUND,
      'not-found',
      false,
      'forceResync',
      'There is nothing of that name for these scopes.',
    ),
  },
  internal: {
    status: 500,
    refusal: refusal(
      'runtime.internal',
      'internal',
      true,
      'retryLater',
      'Something went wrong on this side.',
    ),
  },
} as const satisfies Record<string, { status: number; refusal: Refusal }>

/** What to say of an error, and the HTTP status for it. Nothing of an error that is not the asker's is told. */
export function refusalOf(error: unknown): { readonly status: number; readonly refusal: Refusal } {
  if (!(error instanceof PackWireError)) return REFUSALS.internal
  switch (error.code) {
    case 'sync.invalid-request': {
      const { status, refusal: said } = REFUSALS.invalid
      return { status, refusal: { ...said, message: `${said.message} (${String(error.fields['reason'])})` } }
    }
    case 'sync.too-many-operations':
      return REFUSALS.operations
    case 'sync.limit-exceeded':
      return REFUSALS.limit
    case 'sync.too-busy':
      return REFUSALS.busy
    case 'sync.no-such-chunk':
      return REFUSALS.missing
    default:
      return REFUSALS.internal
  }
}

export const writeRefusal = (said: Refusal): Uint8Array<ArrayBuffer> => utf8(JSON.stringify(said))

/** A pack begins with `S`, a chunk with gzip's mark or an `S`: only a refusal begins with a brace. */
const BRACE = 0x7b

/** The refusal that stands in place of an answer; undefined when it is none. */
export function readRefusal(bytes: Uint8Array): Refusal | undefined {
  if (bytes[0] !== BRACE || bytes.length > MAX_BYTES) return undefined
  try {
    const read = v.safeParse(shape, JSON.parse(fromUtf8Strict(bytes) ?? ''))
    return read.success ? read.output : undefined
  } catch {
    // Not JSON: whoever reads it as what was asked for says what is wrong with it.
    return undefined
  }
}
