import { describe, expect, it } from 'vitest'
import { readArgs } from './args.ts'
import { parseBytes } from './bytes.ts'
import { readServeArgs } from './serve-args.ts'

const read = (args: readonly string[], env: Record<string, string> = {}) =>
  readServeArgs(args, env, '/home/someone')

describe('cairn serve', () => {
  it('opens nothing to a network unless asked', () => {
    expect(read([])).toMatchObject({
      port: 4680,
      host: '127.0.0.1',
      admission: { mode: 'open' },
      spaces: true,
      allowLocal: false,
      app: true,
      logLevel: 'info',
      peers: [],
      limits: {},
    })
    expect(read([]).dataDir).toMatch(/\.cairn-data$/)
  })

  it('takes the environment, and options before it', () => {
    const env = { PORT: '5000', HOST: '0.0.0.0', CAIRN_DATA: 'kept', CAIRN_TOKEN: 'a secret of sixteen' }
    expect(read([], env)).toMatchObject({
      port: 5000,
      host: '0.0.0.0',
      dataDir: '/home/someone/kept',
      admission: { mode: 'token', tokens: ['a secret of sixteen'] },
    })
    expect(
      read(['--port', '0', '--host', '::1', '--data', '/srv/cairn', '--admission', 'open'], env),
    ).toMatchObject({
      port: 0,
      host: '::1',
      dataDir: '/srv/cairn',
      admission: { mode: 'open' },
    })
    expect(read([], { PORT: '', HOST: '' })).toMatchObject({ port: 4680, host: '127.0.0.1' })
  })

  it('takes all the rest', () => {
    const args =
      '--public-url https://example.org/cairn --tls-cert c.pem --tls-key k.pem --peer https://a.example.org --peer ' +
      '/dns/b.example.org/tcp/443/tls/ws --allow did:plc:abc --allow 12D3KooW --store-limit 64G --space-limit 2G --no-spaces --stun ' +
      'stun:stun.example.org:3478 --limit connections=10 --limit bytesPerHour=1T --trust-proxy 10.0.0.0/8 ' +
      '--allow-local --plc http://localhost:2582 --no-app --log debug'
    expect(readArgs(['serve', ...args.split(' ')], {}, '/home/someone')).toMatchObject({
      name: 'serve',
      publicUrl: new URL('https://example.org/cairn/'),
      tls: { cert: 'c.pem', key: 'k.pem' },
      peers: ['https://a.example.org/', '/dns/b.example.org/tcp/443/tls/ws'],
      admission: { mode: 'allow-list', dids: ['did:plc:abc'], peers: ['12D3KooW'] },
      storeLimits: { bytes: 64 * 1024 ** 3 },
      spaceLimits: { bytesPerSpace: 2 * 1024 ** 3 },
      spaces: false,
      stun: ['stun:stun.example.org:3478'],
      limits: { connections: 10, bytesPerHour: 1024 ** 4 },
      trustedProxies: ['10.0.0.0/8'],
      allowLocal: true,
      plc: 'http://localhost:2582',
      app: false,
      logLevel: 'debug',
    })
    expect(read(['--stun', 'none']).stun).toEqual([])
  })

  it.each([
    ['--port x', '--port'],
    ['--port 65536', '--port'],
    ['--port -1', "'--port'"],
    ['--public-url relay.example.org', '--public-url'],
    ['--public-url ftp://example.org', '--public-url'],
    ['--public-url https://me:secret@example.org', 'without a password'],
    ['--public-url https://example.org/?a=b', '? and #'],
    ['--tls-cert c.pem', 'go together'],
    ['--peer example.org', '--peer'],
    ['--admission token', 'Which token'],
    ['--admission token --token short', '16 characters'],
    ['--admission allow-list', 'Whom'],
    ['--admission friends', 'friends'],
    ['--admission open --token 0123456789abcdef', '--token goes'],
    ['--admission open --allow did:plc:abc', '--allow goes'],
    ['--store-limit much', '--store-limit'],
    ['--store-limit 0', '--store-limit'],
    ['--space-limit 0', '--space-limit'],
    ['--stun http://example.org', '--stun'],
    ['--limit nonsense=1', 'nonsense'],
    ['--limit __proto__=1', '__proto__'],
    ['--limit connections=0', 'above 0'],
    ['--trust-proxy proxy.local', '--trust-proxy'],
    ['--plc plc.directory', '--plc'],
    ['--log loud', '--log'],
    ['--nonsense', "'--nonsense'"],
    ['more', 'options only'],
  ])('refuses %s', (args, says) => {
    expect(() => read(args.split(' '))).toThrow(
      expect.objectContaining({ code: 'cli.usage', sentence: expect.stringContaining(says) }),
    )
  })
})

describe('cairn keep', () => {
  it('takes a file or a name, and a folder', () => {
    expect(
      readArgs(['keep', 'alice.car', '--did-doc', 'd.json', '--data', 'kept'], {}, '/home/someone'),
    ).toMatchObject({
      name: 'keep',
      what: 'alice.car',
      didDoc: 'd.json',
      dataDir: '/home/someone/kept',
    })
    expect(() => readArgs(['keep'], {}, '/')).toThrow(/cli.usage/)
    expect(() => readArgs(['keep', 'a', '--json'], {}, '/')).toThrow(/cli.usage/)
    expect(() => readArgs(['keep', 'a', '--store-limit', 'x'], {}, '/')).toThrow(/cli.usage/)
  })
})

it.each([
  ['500', 500],
  ['64k', 65_536],
  ['20 GiB', 20 * 1024 ** 3],
  ['1TB', 1024 ** 4],
  ['', undefined],
  ['-1', undefined],
  ['1.5G', undefined],
  ['9999999999999T', undefined],
])('%s bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes))
