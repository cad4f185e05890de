//! What the process that decodes can no longer do.
#![cfg(target_os = "linux")]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use hedgerow_node::pictures::{
    ARGUMENT, DECODERS, Decoder, Fault, Layers, Limits, Order, Sandbox, Task, Trial,
};

use super::files::{jpeg, quarters};
use super::{PICTURE, decoder};

const LIMITS: Layers = Layers {
    limits: true,
    ..Layers::NONE
};
const FILES: Layers = Layers {
    files: true,
    ..Layers::NONE
};
const SYSTEM_CALLS: Layers = Layers {
    system_calls: true,
    ..Layers::NONE
};

/// `None`: the process was killed.
fn attempt(trial: Trial, layers: Layers) -> Option<bool> {
    match decoder().attempt(trial, PICTURE, layers) {
        Ok(succeeded) => Some(succeeded),
        Err(Fault::Crashed) => None,
        Err(fault) => panic!("{fault:?}"),
    }
}

#[test]
fn a_decoder_opens_no_file_and_each_layer_alone_sees_to_that() {
    assert_eq!(attempt(Trial::File, Layers::NONE), Some(true));
    assert_eq!(attempt(Trial::File, LIMITS), Some(false));
    assert_eq!(attempt(Trial::File, FILES), Some(false));
    assert_eq!(attempt(Trial::File, SYSTEM_CALLS), None);
    assert_eq!(attempt(Trial::File, Layers::ALL), None);
}

#[test]
fn a_decoder_makes_no_connection() {
    for trial in [Trial::Tcp, Trial::Udp, Trial::Unix] {
        assert_eq!(attempt(trial, Layers::NONE), Some(true), "{trial:?}");
        assert_eq!(attempt(trial, LIMITS), Some(false), "{trial:?}");
        assert_eq!(attempt(trial, SYSTEM_CALLS), None, "{trial:?}");
        assert_eq!(attempt(trial, Layers::ALL), None, "{trial:?}");
    }
    assert_eq!(attempt(Trial::Tcp, FILES), Some(false));
}

#[test]
fn a_decoder_starts_no_process_and_no_thread() {
    for trial in [Trial::Process, Trial::Thread] {
        assert_eq!(attempt(trial, Layers::NONE), Some(true), "{trial:?}");
        assert_eq!(attempt(trial, SYSTEM_CALLS), None, "{trial:?}");
        assert_eq!(attempt(trial, Layers::ALL), None, "{trial:?}");
    }
}

#[test]
fn a_decoder_executes_no_code_but_its_own() {
    assert_eq!(attempt(Trial::Code, Layers::NONE), Some(true));
    assert_eq!(attempt(Trial::Code, SYSTEM_CALLS), None);
    assert_eq!(attempt(Trial::Code, Layers::ALL), None);
}

#[test]
fn a_decoder_takes_no_more_memory_than_its_limit() {
    assert_eq!(attempt(Trial::Memory, Layers::NONE), Some(true));
    assert_eq!(attempt(Trial::Memory, LIMITS), Some(false));
    assert_eq!(attempt(Trial::Memory, Layers::ALL), Some(false));
}

#[test]
fn a_decoder_that_crashes_or_babbles_takes_nobody_with_it() {
    for trial in [Trial::Crash, Trial::Babble] {
        assert_eq!(attempt(trial, Layers::NONE), None, "{trial:?}");
        assert_eq!(attempt(trial, Layers::ALL), None, "{trial:?}");
    }
    let file = jpeg(&quarters(16, 16));
    assert!(decoder().prepare(&file[..], PICTURE).is_ok());
}

#[test]
fn a_decoder_that_hangs_is_killed_at_its_deadline() {
    let limits = Limits {
        time: Duration::from_millis(200),
        ..PICTURE
    };
    for trial in [Trial::Hang, Trial::Spin] {
        let hung = decoder().attempt(trial, limits, Layers::ALL);
        assert!(matches!(hung, Err(Fault::TooSlow)), "{trial:?}: {hung:?}");
    }
}

#[test]
fn a_decoder_whose_parent_is_gone_computes_no_longer_than_its_limit() {
    let order = Order {
        task: Task::Try(Trial::Spin, Layers::ALL),
        limits: Limits {
            time: Duration::from_millis(300),
            ..PICTURE
        },
    };
    let status = Command::new(env!("CARGO_BIN_EXE_hedgerow"))
        .arg(ARGUMENT)
        .args(order.arguments())
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(status.signal().is_some(), "{status:?}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "processes of a real machine")]
fn few_pictures_are_decoded_at_one_time() {
    let limits = Limits {
        time: Duration::from_millis(300),
        ..PICTURE
    };
    let decoder = decoder();
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..=DECODERS {
            let decoder = decoder.clone();
            scope.spawn(move || {
                let hung = decoder.attempt(Trial::Hang, limits, Layers::ALL);
                assert!(matches!(hung, Err(Fault::TooSlow)));
            });
        }
    });
    assert!(start.elapsed() >= 2 * limits.time);
}

#[test]
fn it_says_what_holds_here_and_that_nothing_does_where_no_process_starts() {
    let all = Sandbox {
        process: true,
        limits: true,
        files: true,
        network: true,
    };
    assert_eq!(decoder().sandbox(), all);
    let nowhere = Decoder::at("/nonexistent/hedgerow");
    assert_eq!(nowhere.sandbox(), Sandbox::default());
    let none = nowhere.prepare(&b"\xff\xd8\xff"[..], PICTURE);
    assert!(matches!(none, Err(Fault::Unavailable(_))));
    // A program that does not decode.
    let none = Decoder::at("/bin/true").prepare(&b"\xff\xd8\xff"[..], PICTURE);
    assert!(matches!(none, Err(Fault::Crashed)));
}

#[test]
fn what_is_no_order_is_not_executed() {
    let order = Order {
        task: Task::Look,
        limits: PICTURE,
    };
    let arguments = order.arguments();
    let parse = |arguments: &[String]| Order::parse(arguments.iter().map(String::as_str));
    assert_eq!(parse(&arguments), Some(order));
    assert_eq!(parse(&arguments[1..]), None);
    assert_eq!(
        parse(&[&arguments[..], &["more".to_owned()]].concat()),
        None
    );
    let status = Command::new(env!("CARGO_BIN_EXE_hedgerow"))
        .arg(ARGUMENT)
        .status();
    assert_eq!(status.unwrap().code(), Some(2));
}
