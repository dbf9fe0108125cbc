const mended = new WeakSet<object>()

/**
 * Mends how libp2p's WebRTC transport begins. Whoever dials opens a data channel named `init`, waits until it
 * is open, and closes it. Whoever is dialed closes it too, as soon as it comes: then the one that dialed may
 * never see it open, waits until its dial times out and hangs up on a connection that the other side has long
 * taken into use; streams over it get no answer until then. Here a channel that was closed counts as one that
 * was open, and what ended before anyone listened is told again.
 *
 * Idempotent. `peerConnection`: the prototype of `RTCPeerConnection`.
 */
export function mendInitChannel(peerConnection: Pick<RTCPeerConnection, 'createDataChannel'>): void {
  if (mended.has(peerConnection)) return
  mended.add(peerConnection)
  const { createDataChannel } = peerConnection
  peerConnection.createDataChannel = function (label, options) {
    const channel = createDataChannel.call(this, label, options)
    // libp2p uses `readyState`, `close()`, and the events `open` and `close` of it, and nothing else
    return label === 'init' ? (openedOnce(channel) as RTCDataChannel) : channel
  }
}

function openedOnce(channel: RTCDataChannel): EventTarget & Pick<RTCDataChannel, 'readyState' | 'close'> {
  let closing = false
  const connecting: RTCDataChannelState = 'connecting'
  const shown: EventTarget & { readyState: RTCDataChannelState; close(): void } = Object.assign(
    new EventTarget(),
    {
      readyState: connecting,
      close() {
        closing = true
        if (channel.readyState === 'closed') queueMicrotask(tellClosed)
        else channel.close()
      },
    },
  )
  const tellClosed = (): void => void shown.dispatchEvent(new Event('close'))
  const open = (): void => {
    if (shown.readyState === 'open') return
    shown.readyState = 'open'
    shown.dispatchEvent(new Event('open'))
  }
  channel.addEventListener('open', open)
  channel.addEventListener('close', () => {
    open()
    if (closing) tellClosed()
  })
  return shown
}
