//! What the application uses of the desktop: one window for each data directory, notifications, the tray, the browser,
//! whether it asks for less motion, pictures with invitations and on the clipboard, the camera, microphone and loudspeaker.

mod camera;
mod clipboard;
mod code;
mod instance;
mod motion;
mod notices;
mod picture;
pub mod sound;
mod tray;
mod video;

pub use camera::{Camera, Frames, Seen};
pub use clipboard::{Clip, look_at_clipboard};
pub use code::Code;
pub use instance::{Instance, Visitor};
pub use motion::watch_motion;
pub use notices::{Notices, Said};
pub use picture::{Picture, invitation_in};
pub use tray::{FromTray, Tray, TraySaid};
pub use video::{Video, is_there as is_camera_there, open as open_camera};
