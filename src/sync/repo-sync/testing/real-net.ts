import type { CairnNode } from '../../../net/node/create.ts'
import { startNode } from '../../../net/testing/nodes.ts'

export type Link = 'tcp' | 'ws'

const LISTEN: Readonly<Record<Link, string>> = {
  tcp: '/ip4/127.0.0.1/tcp/0',
  ws: '/ip4/127.0.0.1/tcp/0/ws',
}

export interface RealNet {
  readonly net: CairnNode
  readonly address: string
}

/** A node of ours on a free port of this machine, reached in one way only. */
export async function startRealNet(link: Link): Promise<RealNet> {
  const net = await startNode([LISTEN[link]])
  return { net, address: net.addresses()[0] ?? '' }
}
