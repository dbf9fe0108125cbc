import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FromPage, FromWorker } from '../cairn/download-messages.ts'
import { contentDisposition, createDownloads } from './downloads.ts'

/** A page that sends `chunks` as it is asked, on a real channel. */
function page(chunks: readonly string[], last: 'end' | 'fail' | 'silence' = 'end') {
  const { port1, port2 } = new MessageChannel()
  const heard: FromWorker['type'][] = []
  const queue = [...chunks]
  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>()
  const say = (message: FromPage): void => port1.postMessage(message)
  port1.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
    heard.push(data.type)
    if (data.type === 'cancel') cancel()
    if (data.type !== 'pull') return
    const chunk = queue.shift()
    if (chunk !== undefined) say({ type: 'chunk', bytes: new TextEncoder().encode(chunk) })
    else if (last !== 'silence') say({ type: last })
  })
  port1.start()
  return { port: port2, heard, cancelled }
}

const request = {
  type: 'download',
  id: 'one',
  name: 'repo.car',
  contentType: 'application/vnd.ipld.car',
} as const

describe('a download', () => {
  it('streams what the page sends, in order, and ends', async () => {
    const downloads = createDownloads()
    const { port, heard } = page(['one stone, ', 'then ', 'another'])
    const ended = downloads.offer({ ...request, size: 23 }, port)
    const response = downloads.respond('/download/one')
    expect(response.headers.get('content-length')).toBe('23')
    expect(response.headers.get('content-type')).toBe('application/vnd.ipld.car')
    expect(await response.text()).toBe('one stone, then another')
    await ended
    expect(heard.slice(0, 2)).toEqual(['ready', 'claimed'])
    expect(heard.filter((type) => type === 'pull')).toHaveLength(4)
  })

  it('is answered once, and unknown ones never', async () => {
    const downloads = createDownloads()
    const ended = downloads.offer(request, page(['x']).port)
    const response = downloads.respond('/download/one')
    expect(downloads.respond('/download/one').status).toBe(404)
    expect(downloads.respond('/download/two').status).toBe(404)
    await response.text()
    await ended
    expect(downloads.respond('/download/one').status).toBe(404)
  })

  it('asks for nothing before the disk wants it', async () => {
    const downloads = createDownloads()
    const { port, heard, cancelled } = page(['a', 'b', 'c'])
    void downloads.offer(request, port)
    const reader = downloads.respond('/download/one').body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await cancelled
    expect(heard).toEqual(['ready', 'claimed', 'pull', 'cancel'])
  })

  it('fails the file when the page cannot read on', async () => {
    const downloads = createDownloads()
    const ended = downloads.offer(request, page(['half'], 'fail').port)
    await expect(downloads.respond('/download/one').text()).rejects.toThrow('stopped sending')
    await ended
  })

  it('serves hostile types as bytes and lets nothing run', () => {
    const downloads = createDownloads()
    void downloads.offer({ ...request, contentType: 'text/html\r\nx: y' }, page([]).port)
    const { headers } = downloads.respond('/download/one')
    expect(headers.get('content-type')).toBe('application/octet-stream')
    expect(headers.get('content-security-policy')).toContain('sandbox')
  })

  it('is said to have ended by a worker that was ended in the midst of it', async () => {
    const { port1, port2 } = new MessageChannel()
    const told = new Promise<FromWorker>((resolve) => {
      port1.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => resolve(data))
    })
    port1.start()
    await createDownloads().alive({ type: 'download-alive', id: 'one' }, port2)
    expect(await told).toEqual({ type: 'cancel' })
  })

  it('refuses a second one under the same id, and too many', async () => {
    const downloads = createDownloads()
    void downloads.offer(request, page([]).port)
    const second = page([])
    await downloads.offer(request, second.port)
    await second.cancelled
    for (let i = 1; i < 32; i++) void downloads.offer({ ...request, id: `n${i}` }, page([]).port)
    const tooMany = page([])
    await downloads.offer({ ...request, id: 'last' }, tooMany.port)
    await tooMany.cancelled
    expect(downloads.respond('/download/last').status).toBe(404)
  })
})

describe('time', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  it('drops what nobody asks for', async () => {
    const downloads = createDownloads()
    const { port, cancelled } = page(['x'])
    const ended = downloads.offer(request, port)
    vi.advanceTimersByTime(29_999)
    await downloads.alive({ type: 'download-alive', id: 'unknown' })
    vi.advanceTimersByTime(1)
    await ended
    await cancelled
    expect(downloads.respond('/download/one').status).toBe(404)
  })

  it('fails a file whose page has gone silent, but not while it says that it lives', async () => {
    const downloads = createDownloads()
    const ended = downloads.offer(request, page([], 'silence').port)
    const text = downloads.respond('/download/one').text()
    const settled = Promise.allSettled([text])
    vi.advanceTimersByTime(59_000)
    const alive = downloads.alive({ type: 'download-alive', id: 'one' })
    vi.advanceTimersByTime(59_000)
    let over = false
    void ended.then(() => (over = true))
    await Promise.resolve()
    expect(over).toBe(false)
    vi.advanceTimersByTime(1_000)
    await Promise.all([ended, alive])
    expect(await settled).toMatchObject([
      { status: 'rejected', reason: { message: 'the page stopped sending' } },
    ])
  })
})

describe('contentDisposition', () => {
  it.each([
    ['repo.car', `attachment; filename="repo.car"; filename*=UTF-8''repo.car`],
    ['Zoë (1).car', `attachment; filename="Zo_ (1).car"; filename*=UTF-8''Zo%C3%AB%20%281%29.car`],
    ['a"b\r\n/..\\c', `attachment; filename="a_b___.._c"; filename*=UTF-8''a%22b___.._c`],
    ['', `attachment; filename="download"; filename*=UTF-8''download`],
  ])('%j', (name, header) => {
    expect(contentDisposition(name)).toBe(header)
  })
})
