//! How the engine has Bluetooth use its radio: as was chosen, also after a restart.

use bytes::Bytes;
use hedgerow_node::api::{Airtime, Answer, Call, Event, Power, Radio, Reply, Status};
use hedgerow_node::engine::{BundleEvent, CallId, Effects, Engine, Input, Inputs, Now, pump};
use hedgerow_node::files::work::FileCommand;
use hedgerow_node::store::schema;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_transport::carrier::{
    CarrierCommand, CarrierEvent, CarrierKind, CarrierState, Ending, LinkId,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const NOW: Now = Now {
    mono_ms: 0,
    wall_ms: 1_790_000_000_000,
};

/// What an engine has asked for.
#[derive(Default)]
struct EffectQueue {
    tuned: Vec<(Power, bool)>,
    answers: Vec<Answer>,
}

impl Effects for EffectQueue {
    fn send(&mut self, _: LinkId, _: Bytes) {}
    fn ghost(&mut self, _: LinkId, _: u64) {}
    fn recognised(&mut self, _: LinkId) {}
    fn end(&mut self, _: LinkId, _: Ending) {}
    fn command(&mut self, carrier: CarrierKind, command: CarrierCommand) {
        if let CarrierCommand::SetRadio {
            power,
            show_address,
        } = command
        {
            assert_eq!(carrier, CarrierKind::Ble);
            self.tuned.push((power, show_address));
        }
    }
    fn answer(&mut self, _: CallId, answer: Answer) {
        self.answers.push(answer);
    }
    fn event(&mut self, _: Event) {}
    fn file(&mut self, _: FileCommand) {}
    fn bundle(&mut self, _: BundleEvent) {}
}

/// A device, whose store outlives its engine.
struct Device {
    store: MemoryStore,
    rng: ChaCha20Rng,
}

impl Device {
    /// Opens an engine, gives it these inputs, and shows what it asked for.
    fn run(&mut self, given: impl IntoIterator<Item = Input>) -> EffectQueue {
        let mut engine = Engine::open(&self.store, NOW, &mut self.rng).unwrap();
        let mut inputs = Inputs::default();
        for input in given {
            inputs.push(input);
        }
        let mut asked = EffectQueue::default();
        let (store, rng) = (&mut self.store, &mut self.rng);
        pump(&mut engine, store, &mut inputs, NOW, rng, &mut asked).unwrap();
        asked
    }
}

fn device() -> Device {
    let (mut store, mut rng) = (MemoryStore::default(), ChaCha20Rng::from_seed([3; 32]));
    schema::migrate(&mut store, schema::MIGRATIONS).unwrap();
    Engine::found(&mut store, "Ada", &mut rng).unwrap();
    Device { store, rng }
}

fn state(state: CarrierState) -> Input {
    Input::Carrier(CarrierKind::Ble, CarrierEvent::State(state))
}

fn status(asked: &EffectQueue) -> &Status {
    match asked.answers.last() {
        Some(Ok(Reply::Status(status))) => status,
        other => panic!("no status: {other:?}"),
    }
}

#[test]
fn the_radio_is_used_as_was_chosen_when_it_is_found_again() {
    let mut device = device();
    let chosen = Radio {
        power: Power::Saver,
        show_address: true,
    };
    let asked = device.run([
        state(CarrierState::NotPrivate),
        Input::Call(CallId(1), Call::SetRadio(chosen)),
    ]);
    let balanced = (Power::Balanced, false);
    let saver = (Power::Saver, true);
    assert_eq!(asked.tuned, [balanced, saver]);
    let asked = device.run([state(CarrierState::NotPrivate), state(CarrierState::On)]);
    assert_eq!(asked.tuned, [saver], "once, when the carrier is there");
}

#[test]
fn status_says_how_much_of_an_hour_the_radio_is_in_use_while_it_is() {
    let mut device = device();
    let used = || {
        let used = CarrierEvent::Airtime {
            over_ms: 120_000,
            listened_ms: 24_000,
            announced_ms: 120_000,
        };
        Input::Carrier(CarrierKind::Ble, used)
    };
    let ask = || Input::Call(CallId(1), Call::Status);
    let asked = device.run([state(CarrierState::On), used(), ask()]);
    let airtime = Airtime {
        listened_s_an_hour: 720,
        announced_s_an_hour: 3_600,
    };
    assert_eq!(status(&asked).carriers[0].airtime, Some(airtime));
    let off = state(CarrierState::Off);
    let asked = device.run([state(CarrierState::On), used(), off, ask()]);
    assert_eq!(status(&asked).carriers[0].airtime, None);
}
