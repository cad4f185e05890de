//! A stranger with a Bluetooth stack other than BlueZ (`stranger.py`): it learns nothing and breaks nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use hedgerow_transport::ble::Ble;
use hedgerow_transport::carrier::{
    CarrierCommand, CarrierEvent, CarrierState, Ending, LinkId, LinkIds,
};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::events::{self, Events, HANG};
use super::pair::{self, Carrier, Pair, tell};
use super::{in_the_lab, powered, second_advertisement, settle, support};

/// How long one case of the stranger may take.
const CASE: Duration = Duration::from_secs(120);

/// How long the owner lets strangers wait.
const DEADLINE: Duration = Duration::from_secs(5);

/// How long BlueZ may take to answer a question about itself.
const ANSWER: Duration = Duration::from_secs(10);

/// How often to ask it.
const POLL: Duration = Duration::from_millis(500);

/// An end before this many seconds was not the owner's deadline.
const SOON_S: f64 = 4.0;

/// Most bytes of a stranger that are handed up.
const MAX_STRANGER_BYTES: usize = 1_024;

const BEACON: [u8; 8] = [7; 8];

/// Connections of one stranger that may fail before it sends anything: if one comes soon after another, BlueZ takes it
/// for a part of that and does not answer.
const MAX_AGAIN: usize = 3;

/// The stranger, in a process of its own.
struct Stranger {
    _process: Child,
    say: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
    /// Why connections failed.
    again: Vec<String>,
}

/// The stranger's result for a case.
#[derive(Debug, Deserialize)]
struct Told<T> {
    again: Vec<String>,
    #[serde(flatten)]
    seen: T,
}

/// What it saw of the peripheral.
#[derive(Debug, Deserialize)]
struct Look {
    /// Types and values.
    advertisement: Vec<(u8, String)>,
    /// Services, characteristics, and the values read from them.
    table: Vec<(String, String, Option<String>)>,
}

/// The result of a channel.
#[derive(Debug, Deserialize)]
struct Came {
    /// Received packets, with `~` for the tag.
    answers: Vec<String>,
    /// When the peripheral ended it, in seconds, if it did.
    ended: Option<f64>,
}

impl Came {
    /// What a stranger must not see: bytes, or a sign that its data mattered.
    fn revealed(&self) -> Option<&'static str> {
        let is_allowed = |answer: &String| match answer.get(..3) {
            Some("02~") => answer.len() == 3,
            Some("04~") => answer.get(3..7) == Some("0000"),
            Some("05~") => answer.len() == 7,
            _ => false,
        };
        if !self.answers.iter().all(is_allowed) {
            return Some("it is answered");
        }
        match self.ended {
            Some(after_s) if after_s < SOON_S => Some("it is ended at once"),
            _ => None,
        }
    }
}

impl Stranger {
    fn start() -> Self {
        let variable = |name| std::env::var_os(name).expect("set by guest-run");
        let mut process = Command::new(variable("BLE_LAB_PYTHON"))
            .arg(variable("BLE_LAB_STRANGER"))
            .arg("unix:/tmp/bt-server-le")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Python");
        Self {
            say: process.stdin.take().expect("it is piped"),
            told: BufReader::new(process.stdout.take().expect("it is piped")).lines(),
            _process: process,
            again: Vec::new(),
        }
    }

    async fn case<T: for<'t> Deserialize<'t>>(&mut self, case: &str) -> T {
        println!("{case}");
        let said = format!("{case}\n");
        self.say.write_all(said.as_bytes()).await.expect("it runs");
        let told = timeout(CASE, self.told.next_line()).await;
        let told = told.expect("it hangs").expect("it runs").expect("it runs");
        println!("    {told}");
        let told: Told<T> = serde_json::from_str(&told).expect("what it says");
        self.again.extend(told.again);
        assert!(self.again.len() <= MAX_AGAIN, "{:?}", self.again);
        told.seen
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        println!("connected again {} times", self.again.len());
    }
}

/// How the owner of the carrier treats diallers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// As the engine does: it answers a proven contact, and lets all others wait for the deadline.
    Proper,
    /// Recognises everybody.
    Open,
    /// Broken: answers strangers.
    Talkative,
    /// Broken: ends a stranger's link as soon as it knows that it is a stranger's.
    Hasty,
}

/// A peripheral, and the bytes that each of its links received before it went down.
struct Peripheral {
    ended: mpsc::Receiver<Vec<u8>>,
    carrier: Arc<Carrier>,
    owner: JoinHandle<()>,
}

impl Peripheral {
    async fn start(manner: Manner) -> Self {
        let (carrier, heard) = pair::carrier(0, pair::config(0, true, LinkIds::default())).await;
        let (beacons, look) = (vec![BEACON], false);
        tell(&carrier, CarrierCommand::Announce { beacons, look });
        let carrier = Arc::new(carrier);
        let (tell_ended, ended) = mpsc::channel(64);
        let owner = tokio::spawn(own(carrier.clone(), heard, manner, tell_ended));
        Self {
            ended,
            carrier,
            owner,
        }
    }

    /// Frees the adapter.
    async fn stop(self) {
        tell(&*self.carrier, CarrierCommand::Switch { on: false });
        let over = timeout(HANG, self.owner).await;
        over.expect("it hangs").expect("it does not panic");
        settle().await;
    }

    /// The bytes received on the next link that ends.
    async fn heard(&mut self) -> Vec<u8> {
        let heard = timeout(HANG, self.ended.recv()).await;
        heard.expect("it ends").expect("the owner lives")
    }
}

async fn own(
    carrier: Arc<Carrier>,
    mut events: Events,
    manner: Manner,
    ended: mpsc::Sender<Vec<u8>>,
) {
    let mut links: BTreeMap<LinkId, Vec<u8>> = BTreeMap::new();
    let mut answered = BTreeSet::new();
    while let Some(event) = events.recv().await {
        match event {
            CarrierEvent::Up { link, .. } => {
                links.insert(link, Vec::new());
                if manner == Manner::Open {
                    tell(&*carrier, CarrierCommand::Recognised { link });
                    continue;
                }
                let carrier = carrier.clone();
                tokio::spawn(async move {
                    sleep(DEADLINE).await;
                    let ending = Ending::Now;
                    tell(&*carrier, CarrierCommand::End { link, ending });
                });
            }
            CarrierEvent::Bytes { link, bytes } => {
                let heard = links.get_mut(&link).expect("it is up");
                heard.extend_from_slice(&bytes);
                let answer = |bytes| tell(&*carrier, CarrierCommand::Send { link, bytes });
                match manner {
                    Manner::Proper if !answered.contains(heard) => {
                        if let Some(flight) = proven(heard) {
                            answered.insert(heard.clone());
                            tell(&*carrier, CarrierCommand::Recognised { link });
                            answer(flight);
                        }
                    }
                    Manner::Talkative => answer(Bytes::from_static(b"who are you?")),
                    Manner::Hasty => {
                        let ending = Ending::Now;
                        tell(&*carrier, CarrierCommand::End { link, ending });
                    }
                    Manner::Proper | Manner::Open => {}
                }
            }
            CarrierEvent::Down { link } => {
                let heard = links.remove(&link).expect("it was up");
                let _ = ended.send(heard).await;
            }
            CarrierEvent::State(CarrierState::Off) => return,
            _ => {}
        }
    }
}

/// The answer to a first flight of the contact.
fn proven(flight: &[u8]) -> Option<Bytes> {
    let (contact, own, keys) = (support::device(1), support::device(2), support::pair_keys());
    let rng = &mut support::rng(6);
    let opened = support::open(flight, &contact, &own, &keys.tag, &[&keys.psk], rng).ok()?;
    Some(opened.answer(rng).ok()?.0.into())
}

/// A first flight of the contact.
fn flight() -> Vec<u8> {
    let (contact, own, keys) = (support::device(1), support::device(2), support::pair_keys());
    support::dial(&contact, &own, &keys, &mut support::rng(5)).1
}

/// These bytes as data frames.
fn data(bytes: &[u8]) -> String {
    let pieces = bytes.chunks(200).enumerate();
    let frames = pieces.map(|(n, piece)| format!(",03~{n:04x}0040{}", HEXLOWER.encode(piece)));
    frames.collect()
}

#[test]
#[ignore = "needs two controllers and Bumble: transport/tests/ble-lab.sh"]
fn it_is_shown_the_service_and_the_beacon_and_no_name_of_ours() {
    in_the_lab(async {
        let peripheral = Peripheral::start(Manner::Proper).await;
        let look: Look = Stranger::start().case("look").await;
        let service = "4ed6e2010f5c4b579c1a6d1b9a7e5c01";
        let little_endian: Vec<u8> = HEXLOWER.decode(service.as_bytes()).expect("digits");
        let little_endian: Vec<u8> = little_endian.into_iter().rev().collect();
        let shown = HEXLOWER.encode(&[&little_endian[..], &BEACON].concat());
        let expected = [(0x01, "06".to_owned()), (0x21, shown)];
        let mut shown = look.advertisement;
        shown.sort_unstable();
        assert_eq!(shown, expected);
        for (service, characteristic, value) in look.table {
            match (&service[..], &characteristic[..]) {
                // BlueZ serves these on every machine; the name is the same for all of them.
                ("UUID-16:1800 (Generic Access)", "UUID-16:2A00 (Device Name)") => {
                    assert_eq!(value, Some(HEXLOWER.encode(b"Bluetooth")));
                }
                ("UUID-16:1800 (Generic Access)" | "UUID-16:1801 (Generic Attribute)", _) => {}
                ("UUID-16:180A (Device Information)", "UUID-16:2A50 (PnP ID)") => {}
                ("4ED6E201-0F5C-4B57-9C1A-6D1B9A7E5C01", _) => {
                    let is_psm = characteristic.starts_with("4ED6E204");
                    assert_eq!(value.map(|value| value.len()), is_psm.then_some(4));
                }
                other => panic!("{other:?} is shown"),
            }
        }
        peripheral.stop().await;
    });
}

#[test]
#[ignore = "needs two controllers and Bumble: transport/tests/ble-lab.sh"]
fn a_contact_who_proves_nothing_is_as_good_as_anybody() {
    in_the_lab(async {
        let flight = flight();
        let garbage: Vec<u8> = flight.iter().map(|byte| byte ^ 0x55).collect();
        for kind in ["l2cap", "gatt"] {
            let mut peripheral = Peripheral::start(Manner::Proper).await;
            let mut stranger = Stranger::start();
            let said = format!("{kind} open{}", data(&flight));
            let came: Came = stranger.case(&said).await;
            assert_eq!(
                came.revealed(),
                Some("it is answered"),
                "the contact itself"
            );
            peripheral.heard().await;
            // A replayed flight of the contact, a new flight of nobody, and silence.
            let garbled = format!("{kind} open{}", data(&garbage));
            let mut all = Vec::new();
            for said in [said, garbled, format!("{kind} open")] {
                let came: Came = stranger.case(&said).await;
                assert_eq!(came.revealed(), None, "{said}");
                peripheral.heard().await;
                // How much is read at a time varies, and so do the credits.
                let kinds = came.answers.iter().map(|answer| answer[..2].to_owned());
                all.push(kinds.collect::<Vec<_>>());
            }
            assert_eq!(all[0], all[1]);
            peripheral.stop().await;
        }
    });
}

#[test]
#[ignore = "needs two controllers and Bumble: transport/tests/ble-lab.sh"]
fn an_owner_who_betrays_something_is_seen() {
    in_the_lab(async {
        for (manner, seen) in [
            (Manner::Talkative, "it is answered"),
            (Manner::Hasty, "it is ended at once"),
        ] {
            let mut peripheral = Peripheral::start(manner).await;
            let mut stranger = Stranger::start();
            let came: Came = stranger.case("l2cap open,03~00000040aa").await;
            assert_eq!(came.revealed(), Some(seen));
            peripheral.heard().await;
            peripheral.stop().await;
        }
    });
}

#[test]
#[ignore = "needs two controllers and Bumble: transport/tests/ble-lab.sh"]
fn whatever_it_says_its_link_is_its_own() {
    in_the_lab(async {
        for kind in ["l2cap", "gatt"] {
            let mut peripheral = Peripheral::start(Manner::Proper).await;
            let mut stranger = Stranger::start();
            // What the stranger sends, and what is handed up: nothing after a fault.
            for (said, heard) in [
                ("open,03~00020040cc,03~00010040bb,03~00000040aa", "aabbcc"),
                ("open,03~00000040aa,03~00000040bb,03~00010040cc", "aacc"),
                (
                    "open,open,03~00000040aa,01,ff,00000000,03~00010040bb",
                    "aabb",
                ),
                ("open,0311223344000000ff40aa,03~00000040bb", "bb"),
                ("open,07~,03~00000040aa", ""),
                ("open,03~00000040,03~00000040aa", ""),
                ("open,04~000000,03~00000040aa", ""),
                ("open,05~7fff,03~00000040aa", ""),
                ("open,03~01000040aa,03~00000040bb", ""),
                ("open,03~00000040aa,04~00010040,03~00020040bb", "aa"),
                ("open,04~00010040,03~00000040aa,wait=1", "aa"),
                ("open,03~00000040aa,03~00020040cc,wait=1,cut", "aa"),
                ("open,cut", ""),
            ] {
                let came: Came = stranger.case(&format!("{kind} {said}")).await;
                if !said.ends_with("cut") {
                    assert_eq!(came.revealed(), None, "{kind} {said}");
                }
                assert_eq!(
                    HEXLOWER.encode(&peripheral.heard().await),
                    heard,
                    "{kind} {said}"
                );
            }
            let came: Came = stranger.case(&format!("{kind} open,flood=3000")).await;
            assert_eq!(came.revealed(), None, "a flood");
            assert!(peripheral.heard().await.len() <= MAX_STRANGER_BYTES);
            // No links: the stranger does not open them, or says nothing.
            for said in ["01~02,wait=1,03~00000040aa", "02~,06~", "wait=1,cut"] {
                let came: Came = stranger.case(&format!("{kind} {said}")).await;
                assert_eq!(came.answers, [""; 0], "{kind} {said}");
            }
            assert!(peripheral.ended.try_recv().is_err());
            drop(stranger);
            peripheral.stop().await;
            // The adapter works as before for contacts.
            let _second = second_advertisement().await;
            let mut pair = Pair::start(kind == "l2cap").await;
            pair.message(1, 10_000).await;
            drop(pair);
            settle().await;
        }
    });
}

#[test]
#[ignore = "needs two controllers and Bumble: transport/tests/ble-lab.sh"]
fn a_flood_that_nobody_takes_does_not_hold_up_bluez() {
    in_the_lab(async {
        let adapter = powered(0).await;
        let (sink, mut heard) = mpsc::channel(1);
        let carrier = Ble::start(pair::config(0, true, LinkIds::default()), sink);
        events::state(&mut heard, CarrierState::On).await;
        let (beacons, look) = (vec![BEACON], false);
        tell(&carrier, CarrierCommand::Announce { beacons, look });
        let mut stranger = Stranger::start();
        // The flood lasts until all of it has arrived.
        let flood = stranger.case::<Came>("gatt open,flood=1500,wait=50");
        let bluez_answers = async {
            loop {
                let answer = timeout(ANSWER, adapter.is_powered()).await;
                assert!(answer.expect("it is held up").expect("BlueZ"));
                sleep(POLL).await;
            }
        };
        let came = tokio::select! {
            came = flood => came,
            () = bluez_answers => unreachable!("it asks for ever"),
        };
        assert_eq!(came.answers.first(), Some(&"02~".to_owned()));
        drop(carrier);
        settle().await;
    });
}

#[test]
#[ignore = "needs two controllers and Bumble: transport/tests/ble-lab.sh"]
fn a_contact_who_is_gone_in_the_middle_is_noticed() {
    in_the_lab(async {
        for kind in ["l2cap", "gatt"] {
            let mut peripheral = Peripheral::start(Manner::Open).await;
            let mut stranger = Stranger::start();
            for _ in 0..2 {
                let case = format!("{kind} open,03~00000040aa,03~00020040cc,wait=1,cut");
                let _: Came = stranger.case(&case).await;
                assert_eq!(peripheral.heard().await, [0xaa]);
            }
            peripheral.stop().await;
        }
    });
}
