/** The part of `ws` that is used here. */
declare module 'ws' {
  import type { EventEmitter } from 'node:events'
  import type { IncomingMessage } from 'node:http'
  import type { LookupFunction } from 'node:net'
  import type { Duplex } from 'node:stream'

  interface ClientOptions {
    readonly lookup?: LookupFunction
    readonly followRedirects?: boolean
    readonly perMessageDeflate?: boolean
    /** bytes */
    readonly maxPayload?: number
  }

  export class WebSocket extends EventEmitter {
    constructor(address: string | URL, options?: ClientOptions)
    binaryType: 'nodebuffer' | 'arraybuffer' | 'fragments'
    readonly readyState: 0 | 1 | 2 | 3
    readonly bufferedAmount: number
    send(data: Uint8Array | string): void
    close(code?: number, reason?: string): void
    terminate(): void
  }

  export class WebSocketServer extends EventEmitter {
    constructor(options: { readonly noServer: true; readonly maxPayload?: number })
    readonly clients: Set<WebSocket>
    handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      done: (socket: WebSocket, request: IncomingMessage) => void,
    ): void
    close(done?: (error?: Error) => void): void
  }
}
