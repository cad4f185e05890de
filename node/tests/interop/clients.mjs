// Two clients of js-libp2p at a relay: one takes a place there, the other calls it and is answered.
import { multiaddr } from '@multiformats/multiaddr'
import { peer } from './peer.mjs'

const relay = process.argv[2]
const [one, other] = await Promise.all([
  peer({ addresses: { listen: [`${relay}/p2p-circuit`] } }),
  peer({})
])
while (one.getMultiaddrs().length === 0) {
  await new Promise(resolve => one.addEventListener('self:peer:update', resolve, { once: true }))
}
const circuit = multiaddr(`${relay}/p2p-circuit/p2p/${one.peerId}`)
await other.services.ping.ping(circuit)
console.log('answered')
process.exit(0)
