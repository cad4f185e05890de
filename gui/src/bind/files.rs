//! The files of messages.

use slint::{ComponentHandle, Image, Rgba8Pixel, SharedPixelBuffer, SharedString};

use super::{Act, message, words};
use crate::model::{FileAction, FileCard, Picture, Preview, ThreadAction};
use crate::ui::{self, AppWindow, FilesView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<FilesView>();
    let on = |action: fn(_) -> FileAction| {
        let say = act.clone();
        move |id: SharedString| say.act(ThreadAction::File(action(message(id))))
    };
    view.on_load(on(FileAction::Load));
    view.on_decline(on(FileAction::Decline));
    view.on_cancel(on(FileAction::Cancel));
    view.on_save(on(FileAction::Save));
    view.on_free(on(FileAction::Free));
    view.on_view(on(FileAction::View));
}

/// The file of a message.
pub fn card(card: &FileCard) -> ui::FileCard {
    let (file, offers) = (&card.file, card.offers);
    let progress = card.under_way.map(|bytes| bytes as f32 / file.size as f32);
    let (pace, voice) = (card.pace, file.voice.as_ref());
    ui::FileCard {
        name: card.name.as_str().into(),
        short_name: card.short_name.as_str().into(),
        there: true,
        size: words::bytes(file.size),
        state: words::file_state(file),
        declined_by: card.declined_by.as_str().into(),
        progress: progress.unwrap_or(-1.0),
        rate: pace.map_or_else(SharedString::new, |pace| words::bytes(pace.rate)),
        left: pace.map_or_else(SharedString::new, |pace| clock(pace.left_s)),
        over: words::carrier(pace.and_then(|pace| pace.over)),
        load: offers.load,
        stop: offers.stop,
        decline: offers.decline,
        cancel: offers.cancel,
        save: offers.save,
        saving: card.saving,
        picture: card.preview != Preview::Nothing,
        preview: preview(&card.preview),
        plays: voice.map_or_else(SharedString::new, |voice| {
            clock(u64::from(voice.duration_ms).div_ceil(1_000))
        }),
        waveform: voice.map_or_else(SharedString::new, |voice| waveform(&voice.waveform, 1.0)),
    }
}

/// A stroke for each part of a voice note up to there, 0 to 1, as long as it is loud: the commands of a path of 256 by 32.
pub fn waveform(parts: &[u8], upto: f32) -> SharedString {
    let step = 256.0 / parts.len().max(1) as f32;
    let count = (parts.len() as f32 * upto).round() as usize;
    let mut path = String::new();
    for (number, loudness) in parts.iter().take(count).enumerate() {
        let x = (number as f32 + 0.5) * step;
        let half = 1.0 + f32::from(*loudness) / 255.0 * 14.0;
        path += &format!("M{x:.1} {:.1}V{:.1}", 16.0 - half, 16.0 + half);
    }
    path.into()
}

/// A small picture; empty while it is not here.
pub fn preview(preview: &Preview) -> Image {
    match preview {
        Preview::Here(picture) => image(picture),
        Preview::Nothing | Preview::Awaited => Image::default(),
    }
}

/// A picture as the interface shows it.
pub fn image(picture: &Picture) -> Image {
    let pixels = picture.pixels();
    let pixels = SharedPixelBuffer::<Rgba8Pixel>::clone_from_slice(
        &pixels.rgba,
        pixels.width,
        pixels.height,
    );
    Image::from_rgba8(pixels)
}

/// A span of time as a stop watch shows it.
pub fn clock(seconds: u64) -> SharedString {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let clock = match hours {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{minutes:02}:{seconds:02}"),
    };
    words::digits(&clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_voice_note_is_a_stroke() {
        assert_eq!(waveform(&[], 1.0), "");
        let path = waveform(&[0, 255], 1.0);
        assert_eq!(path, "M64.0 15.0V17.0M192.0 1.0V31.0");
        assert_eq!(waveform(&[0, 255], 0.5), "M64.0 15.0V17.0");
    }

    #[test]
    fn the_time_that_is_left_is_shown_as_on_a_stop_watch() {
        for (seconds, shown) in [(0, "0:00"), (9, "0:09"), (75, "1:15"), (3_671, "1:01:11")] {
            assert_eq!(clock(seconds), shown);
        }
    }
}
