import * as v from 'valibot'
import { NetError } from '../errors.ts'
import { CALL_CODES, CallError, isWireCallCode } from './errors.ts'
import type { Envelope, EventHost } from './model.ts'

/** What one side lets the other call. */
export interface Operation {
  /** the input's shape; `call.invalid` for anything else */
  readonly input?: v.GenericSchema
  /** who may call it; `call.denied` for others. Everybody when left out */
  readonly allow?: (peer: string) => boolean
  /** Its result must be JSON. What it throws goes to the caller as a code, without a message. */
  readonly run: (input: unknown, context: CallContext) => unknown
}

export type Operations = Readonly<Record<string, Operation>>

export interface CallContext {
  /** peer id of the caller, proven by the stream */
  readonly peer: string
  /** aborted when the caller gives up or is gone */
  readonly signal: AbortSignal
  /** when the caller stops waiting, ms since epoch by its own clock */
  readonly deadline: number | undefined
}

export interface CallOptions {
  /** ms to wait for the answer, 30,000 when left out */
  readonly ms?: number
  readonly signal?: AbortSignal
}

/** An operation whose input has the type of its shape. */
export const operation = <S extends v.GenericSchema>(
  input: S,
  run: (input: v.InferOutput<S>, context: CallContext) => unknown,
  allow?: (peer: string) => boolean,
): Operation => ({
  input,
  // A loose type: the input was checked against the shape before it comes here.
  run: (value, context) => run(value, context),
  ...(allow === undefined ? {} : { allow }),
})

/** The calls of one link, both ways round. */
export interface Calls {
  /** @throws CallError; EventError `events.payload`, `events.too-large` for the input */
  call(operation: string, input: unknown, options?: CallOptions): Promise<unknown>
  /** Takes an envelope whose type begins with `call.`. @throws NetError `net.malformed` */
  take(envelope: Envelope): void
  /** Every call ends with `call.aborted`. */
  end(): void
}

const PATIENCE = 30_000

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(256))
const requestId = v.pipe(v.string(), v.minLength(1), v.maxLength(64))
const requested = v.object({
  requestId,
  operationId: name,
  input: v.optional(v.unknown()),
  deadline: v.optional(v.pipe(v.number(), v.safeInteger())),
})
const responded = v.object({ requestId, output: v.object({ data: v.optional(v.unknown()) }) })
const failed = v.object({ requestId, code: name, details: v.optional(v.unknown()) })
const aborted = v.object({ requestId })

export function createCalls({
  peer,
  host,
  operations,
  limit,
  send,
}: {
  readonly peer: string
  readonly host: EventHost
  readonly operations: Operations
  /** calls that are answered at a time */
  readonly limit: number
  readonly send: (envelope: Envelope) => boolean
}): Calls {
  interface Waiting {
    readonly operation: string
    settle(result: { readonly data: unknown } | { readonly error: CallError }): void
  }
  const waiting = new Map<string, Waiting>()
  const running = new Map<string, AbortController>()
  let next = 0
  let isOver = false

  const tell = (type: string, id: string, payload: Record<string, unknown>): boolean =>
    send({ type, id, payload: { requestId: id, ...payload } })

  const answer = async (
    id: string,
    operationId: string,
    input: unknown,
    deadline?: number,
  ): Promise<void> => {
    const control = new AbortController()
    running.set(id, control)
    try {
      const data = await run(operationId, input, { peer, signal: control.signal, deadline })
      if (!control.signal.aborted) tell('call.responded', id, { output: { data, meta: {} } })
    } catch (error) {
      if (!control.signal.aborted) refuse(id, error)
    } finally {
      running.delete(id)
    }
  }

  const refuse = (id: string, error: unknown): void => {
    const code = error instanceof CallError ? error.wire : 'INTERNAL'
    const message = CALL_CODES[code]
    try {
      tell('call.error', id, {
        code,
        message,
        details: error instanceof CallError ? error.fields['details'] : undefined,
      })
    } catch {
      // Details that no frame can carry: the code alone always fits.
      tell('call.error', id, { code, message })
    }
  }

  const run = async (operationId: string, input: unknown, context: CallContext): Promise<unknown> => {
    const found = Object.hasOwn(operations, operationId) ? operations[operationId] : undefined
    if (found === undefined) throw new CallError('OPERATION_NOT_FOUND')
    if (found.allow?.(peer) === false) throw new CallError('ACCESS_DENIED')
    if (found.input === undefined) return found.run(input, context)
    const checked = v.safeParse(found.input, input)
    if (!checked.success) throw new CallError('VALIDATION_ERROR')
    return found.run(checked.output, context)
  }

  const parse = <S extends v.GenericSchema>(shape: S, { payload }: Envelope): v.InferOutput<S> => {
    const result = v.safeParse(shape, payload)
    if (!result.success) throw new NetError('net.malformed', { peer, reason: 'call' })
    return result.output
  }

  return {
    async call(operation, input, { ms = PATIENCE, signal } = {}) {
      const fields = { operation, peer }
      if (isOver || signal?.aborted === true) throw new CallError('ABORTED', fields)
      const id = `${(host.random() >>> 0).toString(16).padStart(8, '0')}-${(next++).toString(36)}`
      const over = Promise.withResolvers<unknown>()
      const giveUp = (error: CallError): void => {
        tell('call.aborted', id, {})
        over.reject(error)
      }
      const abort = (): void => giveUp(new CallError('ABORTED', fields, { cause: signal?.reason }))
      const cancel = host.timers.after(ms, () => giveUp(new CallError('TIMEOUT', { ...fields, ms })))
      signal?.addEventListener('abort', abort, { once: true })
      waiting.set(id, {
        operation,
        settle: (result) => ('error' in result ? over.reject(result.error) : over.resolve(result.data)),
      })
      try {
        const deadline = Math.round(host.clock.now() + ms)
        const sent = tell('call.requested', id, { operationId: operation, input, deadline })
        if (!sent) over.reject(new CallError('ABORTED', fields))
        return await over.promise
      } finally {
        cancel()
        signal?.removeEventListener('abort', abort)
        waiting.delete(id)
      }
    },

    take(envelope) {
      switch (envelope.type) {
        case 'call.requested': {
          const it = parse(requested, envelope)
          if (running.has(it.requestId)) throw new NetError('net.malformed', { peer, reason: 'call' })
          if (running.size >= limit) {
            const details = { limit }
            tell('call.error', it.requestId, { code: 'INTERNAL', message: 'call.limit', details })
            return
          }
          // It answers whatever happens, and so never rejects.
          void answer(it.requestId, it.operationId, it.input, it.deadline)
          return
        }
        case 'call.responded': {
          const it = parse(responded, envelope)
          waiting.get(it.requestId)?.settle({ data: it.output.data })
          return
        }
        case 'call.error': {
          const it = parse(failed, envelope)
          const there = waiting.get(it.requestId)
          const fields = { operation: there?.operation, peer, wire: it.code, details: it.details }
          const code = isWireCallCode(it.code) ? it.code : 'INTERNAL'
          there?.settle({ error: new CallError(code, fields) })
          return
        }
        case 'call.aborted': {
          const it = parse(aborted, envelope)
          running.get(it.requestId)?.abort()
          const there = waiting.get(it.requestId)
          there?.settle({ error: new CallError('ABORTED', { operation: there.operation, peer }) })
        }
      }
      // Other types of this family are for calls with many answers; nothing here makes one.
    },

    end() {
      isOver = true
      for (const control of running.values()) control.abort()
      for (const { operation, settle } of waiting.values())
        settle({ error: new CallError('ABORTED', { operation, peer }) })
    },
  }
}
