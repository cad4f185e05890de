//! Device lists that name devices of others.

use ed25519_dalek::Signer;
use hedgerow_transport::device::ListedDevice;
use hedgerow_transport::keys::PublicKey;
use minicbor::Encoder;

use super::*;
use crate::api::{Call, NewMessage};

/// A device as a list names it: signing key, device key, and what claims to be a signature by the first.
type Claim = ([u8; 32], PublicKey, [u8; 64]);

/// A list with any devices, signed by the identity of a store.
fn forged(store: &MemoryStore, version: u32, devices: &[Claim]) -> Vec<u8> {
    let identity = identity_key(store);
    let mut signed = Encoder::new(Vec::new());
    let list = signed.array(3).unwrap().u32(version).unwrap();
    list.bytes(&identity.verifying_key().to_bytes()).unwrap();
    list.array(devices.len() as u64).unwrap();
    for (signing, key, proof) in devices {
        let device = list.array(3).unwrap().bytes(signing).unwrap();
        device.bytes(&key.0).unwrap().bytes(proof).unwrap();
    }
    let signed = signed.into_writer();
    let message = [b"hedgerow 1 device list", &signed[..]].concat();
    let signature = identity.sign(&message).to_bytes();
    [&[0x84], &signed[1..], &[0x58, 64], &signature].concat()
}

/// The entry that a device can sign for itself in a list of another identity.
fn own(device: &MemoryStore, identity: &MemoryStore) -> Claim {
    let (device, identity) = (secrets(device), identity_key(identity));
    let identity = identity.verifying_key().to_bytes();
    let (signing, key) = (device.signing_key.key(), device.device_key.public());
    let proof = [b"hedgerow 1 listed device", &identity[..], &key.0].concat();
    let claim = (
        signing.verifying_key().to_bytes(),
        key,
        signing.sign(&proof).to_bytes(),
    );
    assert_eq!(
        claim.0,
        ListedDevice::sign(&signing, &identity, key).keys().signing
    );
    claim
}

/// The entry that somebody else can copy: what the device has signed for its own identity.
fn others(device: &MemoryStore) -> Claim {
    own(device, device)
}

fn store(world: &World, node: usize) -> MemoryStore {
    world.nodes[node].storage.store.clone()
}

/// Gives Ada one more session with somebody, so that her store holds what a session leaves behind.
fn settle(world: &mut World, with: usize) {
    world.restart(with);
    world.connected(0, with);
    world.run(60_000);
}

/// Ada and Mallory, who are contacts and have talked.
fn pair(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Mallory"]);
    world.meet(0, 1);
    world.send(0, 1, "from Ada");
    world.delivered(0, 1);
    settle(&mut world, 1);
    world
}

#[test]
fn a_contact_cannot_list_our_device() {
    let mut world = pair(1);
    let before = rows_but_of(&world, 0, device(&world, 1));
    let mut mallory = store(&world, 1);
    let devices = [own(&mallory, &mallory), others(&store(&world, 0))];
    let list = forged(&mallory, 2, &devices);
    put_list(&mut mallory, 2, list);
    write_as(&mut mallory, device(&world, 0), "never said");
    world.roll_back(1, mallory);
    world.run(600_000);
    assert_eq!(world.texts(0, 1), ["from Ada"]);
    assert_eq!(rows_but_of(&world, 0, device(&world, 1)), before);
}

#[test]
fn a_contact_cannot_list_another_contact_s_device() {
    let mut world = pair(2);
    let grace = world.add("Grace");
    world.meet(0, grace);
    world.send(grace, 0, "from Grace");
    world.delivered(0, grace);
    settle(&mut world, grace);
    let before = rows_but_of(&world, 0, device(&world, 1));
    // The entry that Mallory can copy, and the one that Grace would have to sign for her.
    let graces = store(&world, grace);
    for claim in [others(&graces), own(&graces, &store(&world, 1))] {
        let mut mallory = store(&world, 1);
        let list = forged(&mallory, 2, &[own(&mallory, &mallory), claim]);
        put_list(&mut mallory, 2, list);
        write_as(&mut mallory, device(&world, grace), "never said");
        world.roll_back(1, mallory);
        world.run(600_000);
        assert_eq!(world.texts(0, 1), ["from Ada"]);
        assert_eq!(rows_but_of(&world, 0, device(&world, 1)), before);
        assert!(world.sees(0, grace) && world.sees(grace, 0));
    }
}

/// Mallory joins Ada's invitation with a list that names Grace's signing key, with Mallory's own device key
/// (in its place) or with Grace's (beside Mallory's). Ada has a session with Grace all the while.
#[test]
fn a_new_contact_cannot_take_another_contact_s_device() {
    for (takes_its_place, together) in [(true, false), (true, true), (false, false), (false, true)]
    {
        let mut world = World::with(3, &["Ada", "Grace"]);
        world.meet(0, 1);
        let link = world.invite(0);
        let number = world.add("Mallory");
        world.run(60_000);
        let before = rows(&store(&world, 0));
        let (graces, mut mallory) = (store(&world, 1), store(&world, number));
        let of_mallory = own(&mallory, &mallory);
        let mut claim = match together {
            true => own(&graces, &mallory),
            false => others(&graces),
        };
        let devices = if takes_its_place {
            let id = device(&world, 1);
            mallory
                .write(|txn| Account::save_device_id(txn, id))
                .unwrap();
            claim.1 = of_mallory.1;
            if together {
                let identity = identity_key(&mallory).verifying_key();
                let signed = [
                    b"hedgerow 1 listed device",
                    &identity.to_bytes()[..],
                    &claim.1.0,
                ];
                let signing = secrets(&graces).signing_key.key();
                claim.2 = signing.sign(&signed.concat()).to_bytes();
            }
            vec![claim]
        } else {
            vec![of_mallory, claim]
        };
        let list = forged(&mallory, 1, &devices);
        put_list(&mut mallory, 1, list);
        world.roll_back(number, mallory);
        world
            .ask(number, Call::Join(link.into()))
            .expect("a good link");
        world.run(60_000);
        let case = format!("in its place: {takes_its_place}, together: {together}");
        assert_eq!(world.contacts(0).len(), 1, "{case}");
        // The store counts the tries; everything else is unchanged.
        let but_tries = |mut rows: Rows| {
            let tries = [Table::Invitations, Table::InvitationNonces].map(|table| table as u8);
            rows.retain(|key, _| !tries.contains(&key[0]));
            rows
        };
        assert_eq!(
            but_tries(rows(&store(&world, 0))),
            but_tries(before),
            "{case}"
        );
        assert!(world.sees(0, 1) && world.sees(1, 0), "the session stays");
        world.send(0, 1, "to Grace");
        world.send(1, 0, "to Ada");
        world.delivered(0, 1);
        world.restart(0);
        world.connected(0, 1);
    }
}

/// Two lists of one version, both signed by the identity's key: somebody runs a copy of it, or it lies.
#[test]
fn two_lists_of_one_version_are_noticed() {
    let mut world = pair(4);
    let mallory = world.id(1);
    world
        .ask(0, Call::Verify(mallory.clone(), true))
        .expect("a contact");
    let before = table(&world, 0, Table::Contacts);
    let another = World::with(5, &["Another device"]);
    let mut mallory_s = store(&world, 1);
    let devices = [
        own(&mallory_s, &mallory_s),
        own(&store(&another, 0), &mallory_s),
    ];
    let list = forged(&mallory_s, 1, &devices);
    put_list(&mut mallory_s, 1, list);
    world.roll_back(1, mallory_s);
    world.run(120_000);
    let shown = known(&mut world, 0, &mallory);
    assert!(shown.notice.is_some() && !shown.verified, "{shown:?}");
    let list = |rows: Rows| -> Vec<_> {
        let contacts = rows.into_values();
        let contacts = contacts.map(|row| minicbor::decode::<Contact>(&row).unwrap());
        contacts.map(|contact| contact.device_list).collect()
    };
    assert_eq!(list(table(&world, 0, Table::Contacts)), list(before));
    let text = NewMessage::text("they can talk on");
    let chat = shown.conversation;
    world.ask(0, Call::Send(chat, text)).expect("a contact");
}
