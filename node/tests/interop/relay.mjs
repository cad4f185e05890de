// A relay of js-libp2p at the address given: says where it is, and relays until it is killed.
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { peer } from './peer.mjs'

const relay = await peer({
  addresses: { listen: [process.argv[2]] },
  services: { relay: circuitRelayServer({ reservations: { applyDefaultLimit: false } }) }
})
console.log(relay.getMultiaddrs()[0].toString())
