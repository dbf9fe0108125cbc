import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Answer } from './answer.ts'
import { sendAnswer } from './send.ts'

const CHUNK = 256 * 1024

/** An answer without end, and what became of its reading. */
function endless() {
  const ended = Promise.withResolvers<void>()
  const state = { chunks: 0, ended: ended.promise }
  const answer: Answer = {
    type: 'bytes',
    contentType: 'application/octet-stream',
    async *body() {
      try {
        for (;;) {
          state.chunks++
          yield new Uint8Array(CHUNK)
        }
      } finally {
        ended.resolve()
      }
    },
  }
  return { answer, state }
}

/** Serves one answer to one client, over real sockets. */
async function withAnswer(
  answer: Answer,
  idleMs: number,
  use: (client: ReturnType<typeof connect>, response: ServerResponse, sent: Promise<void>) => Promise<void>,
): Promise<void> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // a server listening on TCP has such an address
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  try {
    const asked = once(server, 'request')
    client.write('GET / HTTP/1.1\r\nhost: relay.test\r\n\r\n')
    const [request, response] = (await asked) as [IncomingMessage, ServerResponse]
    await use(client, response, sendAnswer(request, response, answer, idleMs))
  } finally {
    client.destroy()
    server.closeAllConnections()
    server.close()
  }
}

/** Resolves when the response has waited for its client for many turns of the event loop. */
async function standstill(response: ServerResponse): Promise<void> {
  for (let waited = 0; waited < 300; waited++) {
    await setImmediate()
    if (!response.writableNeedDrain) waited = 0
  }
}

describe('an answer that streams', () => {
  it('is read no faster than its client takes it, and no further once the client has gone', async () => {
    const { answer, state } = endless()
    await withAnswer(answer, 60_000, async (client, response, sent) => {
      await once(client, 'data')
      client.pause()
      await standstill(response)
      const { chunks } = state
      expect(chunks * CHUNK).toBeLessThan(64 << 20)
      client.resume()
      await once(client, 'data')
      while (state.chunks <= chunks) await once(client, 'data')
      client.destroy()
      await sent
      await state.ended
    })
  })

  it('is broken off when its client takes nothing for too long', async () => {
    const { answer, state } = endless()
    await withAnswer(answer, 50, async (client, response, sent) => {
      await once(client, 'data')
      client.pause()
      await sent
      await state.ended
      expect(response.destroyed).toBe(true)
    })
  })
})
