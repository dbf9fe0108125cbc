import { createMemoryNetwork } from '../testing/memory-net.ts'
import { describeNet } from '../testing/net-compliance.ts'
import { startNode, startRelay, strangerId, until } from '../testing/nodes.ts'

const MB = 1024 * 1024

describeNet('the memory network', async () => {
  const network = createMemoryNetwork()
  return {
    a: network.node('a'),
    b: network.node('b'),
    toB: {},
    stranger: 'nobody',
    path: 'direct',
    unreadLimit: MB,
    close: async () => undefined,
  }
})

describeNet('libp2p over WebSocket', async () => {
  const [a, b] = await Promise.all([startNode([]), startNode()])
  return {
    a,
    b,
    toB: { addresses: b.addresses() },
    stranger: await strangerId(),
    path: 'direct',
    unreadLimit: 3 * MB,
    close: async () => void (await Promise.all([a.stop(), b.stop()])),
  }
})

describeNet('libp2p over a circuit', async () => {
  const [relay, a, b] = await Promise.all([startRelay(), startNode([]), startNode([])])
  b.setRelays([relay])
  await until(b, () => b.addresses().length > 0)
  return {
    a,
    b,
    toB: { addresses: b.addresses() },
    stranger: await strangerId(),
    path: 'relayed',
    unreadLimit: 3 * MB,
    close: async () => void (await Promise.all([a.stop(), b.stop(), relay.stop()])),
  }
})
