//! Voice notes: the one that plays, and the one that is recorded.

use hedgerow_node::files::extent::MAX_VOICE_MS;
use slint::{ComponentHandle, SharedString};

use super::files::{clock, waveform};
use super::{Act, message, words};
use crate::model::{
    App, PlayStage, PlayingAction, RecordingAction, RecordingState, Tempo, ThreadPage, Voiced,
};
use crate::ui::{self, AppWindow, RecordingStage, VoiceView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<VoiceView>();
    let say = act.clone();
    view.on_toggle(move |id| say.act(PlayingAction::Toggle(voiced(id))));
    let say = act.clone();
    view.on_seek(move |id, part| say.act(PlayingAction::Seek(voiced(id), part)));
    let say = act.clone();
    view.on_next_tempo(move || say.act(PlayingAction::NextTempo));
    let say = act.clone();
    view.on_record(move |held| say.act(RecordingAction::Begin { held }));
    let on = |action: RecordingAction| {
        let say = act.clone();
        move || say.act(action.clone())
    };
    view.on_release(on(RecordingAction::Release));
    view.on_lock(on(RecordingAction::Lock));
    view.on_pause(on(RecordingAction::Pause));
    view.on_go_on(on(RecordingAction::GoOn));
    view.on_discard(on(RecordingAction::Discard));
}

pub fn draw(app: &App, ui: &AppWindow) {
    let view = ui.global::<VoiceView>();
    let playing = &app.pages.playing;
    view.set_tempo(words::digits(match playing.tempo {
        Tempo::Said => "1×",
        Tempo::Faster => "1.5×",
        Tempo::Fastest => "2×",
    }));
    match &playing.on {
        None => {
            view.set_stage(ui::PlayStage::None);
            view.set_on(SharedString::new());
        }
        Some(on) => {
            view.set_on(match &on.what {
                Voiced::Message(id) => id.0.as_str().into(),
                Voiced::Recording => SharedString::new(),
            });
            view.set_stage(match on.stage {
                PlayStage::Fetching => ui::PlayStage::Fetching,
                PlayStage::Playing => ui::PlayStage::Playing,
                PlayStage::Paused => ui::PlayStage::Paused,
            });
            let part = on.place_ms as f32 / on.voice.duration_ms.max(1) as f32;
            view.set_part(part);
            view.set_played(waveform(&on.voice.waveform, part));
            view.set_place(clock(u64::from(on.place_ms) / 1_000));
        }
    }
    draw_recording(&app.pages.thread, &view);
}

fn draw_recording(page: &ThreadPage, view: &VoiceView<'_>) {
    view.set_may_record(page.may_record());
    let open = page.open.as_ref();
    let Some(recording) = open.and_then(|thread| page.recording_of(&thread.id)) else {
        view.set_recording(RecordingStage::None);
        view.set_waveform(SharedString::new());
        view.set_microphone(SharedString::new());
        return;
    };
    view.set_recording(match recording.state {
        RecordingState::Opening => RecordingStage::Opening,
        RecordingState::Hearing => RecordingStage::Hearing,
        RecordingState::Paused => RecordingStage::Paused,
        RecordingState::Kept => RecordingStage::Kept,
        RecordingState::Ending => RecordingStage::None,
    });
    view.set_held(recording.held);
    view.set_full(recording.duration_ms >= MAX_VOICE_MS);
    // As of a message, as soon as it does not run any longer.
    let duration_ms = u64::from(recording.duration_ms);
    view.set_length(clock(match recording.can_be_heard() {
        true => duration_ms.div_ceil(1_000),
        false => duration_ms / 1_000,
    }));
    view.set_waveform(waveform(&recording.waveform(), 1.0));
    let microphone = recording.microphone.as_ref();
    view.set_microphone(microphone.map_or("", |name| &name.0).into());
}

/// A message without a name is the recording.
fn voiced(id: SharedString) -> Voiced {
    match id.is_empty() {
        true => Voiced::Recording,
        false => Voiced::Message(message(id)),
    }
}
