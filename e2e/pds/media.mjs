import { crc32, deflateSync } from 'node:zlib'

/** Real, decodable images of a few hundred bytes, each with a CID of its own by its `seed`. */

const JPEG = Buffer.from(
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62r' +
    'Z4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk' +
    'pKT/wAARCAAEAAQDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFAEBAAAAAAAA' +
    'AAAAAAAAAAAAA//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AKAAM//Z',
  'base64',
)
const WEBP_FRAME = Buffer.from('VlA4ICIAAABwAQCdASoEAAQABABoJYgCdAFAAAD+tlb3pa4a5V6vK4AA', 'base64')

/** @param {number} seed @param {number} side pixels */
function png(seed, side = 48) {
  const row = Buffer.alloc(1 + side * 3)
  const rows = []
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      row[1 + x * 3] = (seed * 47 + x * 2) & 255
      row[2 + x * 3] = (seed * 91 + y * 2) & 255
      row[3 + x * 3] = (seed * 13 + 90 + x + y) & 255
    }
    rows.push(Buffer.from(row))
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  // eight bits a channel, RGB
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('tEXt', Buffer.from(`Comment\0${seed}`)),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const out = Buffer.alloc(8 + body.length)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body), 4 + body.length)
  return out
}

/** The seed goes into a comment segment right after the start marker. */
function jpeg(seed) {
  const text = Buffer.from(`stone ${seed}`)
  const comment = Buffer.alloc(4)
  comment.writeUInt16BE(0xfffe, 0)
  comment.writeUInt16BE(2 + text.length, 2)
  return Buffer.concat([JPEG.subarray(0, 2), comment, text, JPEG.subarray(2)])
}

/** The seed goes into a chunk that readers must skip. */
function webp(seed) {
  const note = Buffer.alloc(12)
  note.write('note', 0, 'latin1')
  note.writeUInt32LE(4, 4)
  note.writeUInt32LE(seed, 8)
  const riff = Buffer.alloc(12)
  riff.write('RIFF', 0, 'latin1')
  riff.writeUInt32LE(4 + WEBP_FRAME.length + note.length, 4)
  riff.write('WEBP', 8, 'latin1')
  return Buffer.concat([riff, WEBP_FRAME, note])
}

/** One pixel, whose colour is the seed. */
function gif(seed) {
  const colour = [(seed >> 16) & 255, (seed >> 8) & 255, seed & 255]
  return Buffer.concat([
    Buffer.from('GIF89a', 'latin1'),
    Buffer.from([1, 0, 1, 0, 0x80, 0, 0, ...colour, 255, 255, 255]),
    Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b]),
  ])
}

/** Would run a script and reach the network if a page ever showed it as a document. */
const html = (seed) =>
  Buffer.from(
    `<!doctype html><title>${seed}</title><script>parent.document.title = 'owned by a blob'</script>`,
  )

const svg = (seed) =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><script>parent.document.title = 'owned ${seed}'</script></svg>`,
  )

export const MEDIA = {
  png: { type: 'image/png', make: png },
  jpeg: { type: 'image/jpeg', make: jpeg },
  webp: { type: 'image/webp', make: webp },
  gif: { type: 'image/gif', make: gif },
  html: { type: 'text/html', make: html },
  svg: { type: 'image/svg+xml', make: svg },
}
