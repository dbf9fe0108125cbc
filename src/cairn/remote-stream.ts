import { dataOf, fromWire, RemoteError, toWire, type StreamAsk, type StreamReply } from './remote-wire.ts'

/** Serves a byte stream chunk by chunk over a port of its own; returns the end to send away. */
export function serveStream(stream: ReadableStream<Uint8Array>): MessagePort {
  const { port1, port2 } = new MessageChannel()
  const reader = stream.getReader()
  const reply = (message: StreamReply, transfer: Transferable[] = []) => port1.postMessage(message, transfer)
  const pull = async () => {
    try {
      const { done, value } = await reader.read()
      if (done) {
        reply({ type: 'end' })
        port1.close()
        return
      }
      // copied, because a reader may hand out views of a buffer that it goes on using
      const chunk = value.slice()
      reply({ type: 'chunk', chunk }, [chunk.buffer])
    } catch (error) {
      reply({ type: 'failed', error: toWire(error) })
      port1.close()
    }
  }
  port1.addEventListener('message', (event) => {
    const ask: StreamAsk = event.data
    if (ask === 'pull') return void pull()
    port1.close()
    // the source may refuse to be cancelled; nobody is left to be told
    reader.cancel().catch(() => {})
  })
  port1.start()
  return port2
}

/**
 * Reads a stream served by {@link serveStream}. `onLost` registers what to do when the whole
 * connection dies, and returns how to unregister it: a stream must end in an error then, never hang.
 */
export function readStream(
  port: MessagePort,
  onLost: (lost: () => void) => () => void,
): ReadableStream<Uint8Array> {
  let settle: ((reply: StreamReply) => void) | undefined
  let lost = false
  const forget = onLost(() => {
    lost = true
    settle?.({ type: 'failed', error: { code: 'remote.lost', fields: {} } })
  })
  port.addEventListener('message', (event) => {
    // only `serveStream` holds the other end
    const reply = dataOf(event) as StreamReply
    settle?.(reply)
  })
  port.start()
  const finish = () => {
    forget()
    port.close()
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (lost) throw new RemoteError('remote.lost')
        const reply = await new Promise<StreamReply>((resolve) => {
          settle = resolve
          port.postMessage('pull' satisfies StreamAsk)
        })
        settle = undefined
        if (reply.type === 'chunk') return controller.enqueue(reply.chunk)
        finish()
        if (reply.type === 'end') controller.close()
        else throw fromWire(reply.error)
      },
      cancel() {
        port.postMessage('cancel' satisfies StreamAsk)
        finish()
      },
    },
    // nothing is read ahead: the first chunk is asked for when the disk is ready for it
    { highWaterMark: 0 },
  )
}
