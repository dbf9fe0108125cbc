import { type Answer, type Fault, jsonAnswer, send } from './local-pds.ts'

/** Sends so many bytes of the answer, then breaks the connection. */
export const cutAfter =
  (bytes: number): Fault =>
  (response, serve) => {
    const { status, type, body } = serve()
    response.writeHead(status, { 'content-type': type, 'content-length': body.length })
    response.write(body.subarray(0, bytes), () => response.destroy())
  }

/** Sends so many bytes and ends as if that were all. */
export const endAfter =
  (bytes: number): Fault =>
  (response, serve) => {
    const answer = serve()
    send(response, { ...answer, body: answer.body.subarray(0, bytes) })
  }

/** Sends so many bytes and then nothing; `stalled` is told. */
export const stallAfter =
  (bytes: number, stalled: () => void): Fault =>
  (response, serve) => {
    const { status, type, body } = serve()
    response.writeHead(status, { 'content-type': type, 'content-length': body.length })
    response.write(body.subarray(0, bytes), () => stalled())
  }

/** Answers with an error. */
export const fail =
  (status: number, error = 'InternalServerError', headers: Record<string, string> = {}): Fault =>
  (response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    send(response, jsonAnswer({ error }, status))
  }

/** Answers with these bytes, or with the real ones changed. */
export const answer =
  (change: Uint8Array | ((body: Uint8Array) => Uint8Array)): Fault =>
  (response, serve) => {
    const real: Answer = serve()
    send(response, { ...real, body: typeof change === 'function' ? change(real.body) : change })
  }

/** Answers with JSON. */
export const json =
  (value: unknown): Fault =>
  (response) =>
    send(response, jsonAnswer(value))

/** Holds the answer back until `gate` opens. */
export const after =
  (gate: Promise<void>): Fault =>
  (response, serve) => {
    void gate.then(() => send(response, serve()))
  }
