/** Collects text as UTF-8: what comes is put together in strings of some size, which are encoded one by one. */
export interface TextSink {
  text(text: string): void
  /** What was collected; a view that is good until more is. */
  bytes(): Uint8Array<ArrayBuffer>
}

const encoder = new TextEncoder()
const FIRST_SIZE = 1024
/** UTF-16 units that are encoded at once. A string of all would be copied whole first. */
const AT_ONCE = 64 * 1024

export function createTextSink(): TextSink {
  let out = new Uint8Array(FIRST_SIZE)
  let at = 0
  let waiting = ''

  const encode = (): void => {
    for (let rest = waiting; rest !== '';) {
      const { read, written } = encoder.encodeInto(rest, out.subarray(at))
      at += written
      rest = rest.slice(read)
      if (rest !== '') {
        const larger = new Uint8Array(out.length * 2)
        larger.set(out)
        out = larger
      }
    }
    waiting = ''
  }

  return {
    text(more) {
      waiting += more
      if (waiting.length > AT_ONCE) encode()
    },
    bytes() {
      encode()
      return out.subarray(0, at)
    },
  }
}
