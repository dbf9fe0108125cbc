import { expect, it } from 'vitest'
import { wholeData } from './whole-data.ts'

/** Two ends of a real data channel. */
async function channels(): Promise<{ near: RTCDataChannel; far: RTCDataChannel; close: () => void }> {
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()]
  a.addEventListener('icecandidate', ({ candidate }) => void b.addIceCandidate(candidate ?? undefined))
  b.addEventListener('icecandidate', ({ candidate }) => void a.addIceCandidate(candidate ?? undefined))
  const come = new Promise<RTCDataChannel>((resolve) =>
    b.addEventListener('datachannel', ({ channel }) => resolve(channel), { once: true }),
  )
  const near = a.createDataChannel('x')
  const opened = new Promise((resolve) => near.addEventListener('open', resolve, { once: true }))
  await a.setLocalDescription()
  if (a.localDescription !== null) await b.setRemoteDescription(a.localDescription)
  await b.setLocalDescription()
  if (b.localDescription !== null) await a.setRemoteDescription(b.localDescription)
  const far = await come
  await opened
  const close = (): void => {
    a.close()
    b.close()
  }
  return { near, far, close }
}

it('sends a frame as one message, though its buffer is used for the next at once', async () => {
  const { near, far, close } = await channels()
  try {
    const sizes = [1, 100, 127, 128, 16_000, 65_400, 3]
    far.binaryType = 'arraybuffer'
    const got: Uint8Array[] = []
    const all = new Promise<void>((resolve) => {
      far.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
        got.push(new Uint8Array(data))
        if (got.length === sizes.length) resolve()
      })
    })
    const aborted: Error[] = []
    // The parts of a stream of @libp2p/webrtc that are used.
    const stream = {
      channel: near,
      maxBufferedAmount: 1 << 21,
      sendData: (): unknown => undefined,
      abort: (error: Error) => void aborted.push(error),
    }
    expect(wholeData(stream as never)).toBe(stream)
    const send = stream.sendData as unknown as (
      parts: Iterable<Uint8Array> & { byteLength: number },
    ) => unknown
    for (const [i, size] of sizes.entries()) {
      const bytes = new Uint8Array(size).fill(i + 1)
      const parts = Object.assign([bytes.subarray(0, size >> 1), bytes.subarray(size >> 1)], {
        byteLength: size,
      })
      expect(send(parts)).toEqual({ sentBytes: size, canSendMore: true })
    }
    await all
    expect(got.map(payload)).toEqual(sizes.map((size, i) => [size, i + 1]))
    near.close()
    expect(send(Object.assign([], { byteLength: 0 }))).toEqual({ sentBytes: 0, canSendMore: false })
    expect(aborted).toEqual([])
  } finally {
    close()
  }
})

/** Length and content of a frame: varint of all, field 2, varint of the content. */
function payload(frame: Uint8Array): [number, number] {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = frame[at++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
  expect(varint()).toBe(frame.length - at)
  expect(frame[at++]).toBe(0x12)
  const size = varint()
  expect(size).toBe(frame.length - at)
  const content = frame.subarray(at)
  expect(content.every((byte) => byte === content[0])).toBe(true)
  return [size, content[0] ?? 0]
}
