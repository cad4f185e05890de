//! The camera: a thread that looks for an invitation in its frames until it finds one or the user switches it off.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use image::GrayImage;
use image::imageops::{flip_horizontal, thumbnail};

use super::code::{Code, code_in};
use crate::model::CameraProblem;

/// The shortest time from one frame that we look at to the next: fifteen a second.
const PERIOD: Duration = Duration::from_millis(67);

/// How long we wait for a frame before we check whether the camera is still wanted.
const STEP: Duration = Duration::from_millis(100);

/// How long a camera may give nothing before we give it up.
const PATIENCE: Duration = Duration::from_secs(5);

/// The largest width of the picture for the window, in pixels.
const SHOWN_WIDTH: u32 = 480;

/// A source of frames. Dropping it releases the camera.
pub trait Frames {
    /// The next frame; `None` if none has come within this time, or it is damaged.
    ///
    /// # Errors
    /// Why no more frames will come.
    fn next(&mut self, within: Duration) -> Result<Option<GrayImage>, CameraProblem>;
}

/// What the camera reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// What the camera sees, as in a mirror. The camera makes the next one when this one is dropped, so that a slow
    /// window does not draw old ones.
    Picture(Arc<GrayImage>),
    /// An invitation. The camera is released.
    Invitation(String),
    /// A code that is no invitation; reported once.
    OtherCode,
    /// The camera has stopped.
    Problem(CameraProblem),
}

/// The camera of this machine. It has one user at a time.
#[derive(Default)]
pub struct Camera {
    turn: Arc<Mutex<()>>,
    wanted: RefCell<Option<Arc<()>>>,
}

impl Camera {
    /// Looks for an invitation in a thread of its own, and reports from there, until it finds one or the camera is
    /// released. The previous user of the camera releases it first.
    ///
    /// # Errors
    /// The system has no thread.
    pub fn look<F: Frames>(
        &self,
        open: impl FnOnce() -> Result<F, CameraProblem> + Send + 'static,
        tell: impl Fn(Seen) + Send + 'static,
    ) -> io::Result<()> {
        let (turn, token) = (self.turn.clone(), Arc::new(()));
        let wanted = Arc::downgrade(&token);
        self.wanted.replace(Some(token));
        let looking = move || {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            if wanted.strong_count() > 0
                && let Err(problem) =
                    open().and_then(|frames| look_at(frames, PATIENCE, &wanted, &tell))
            {
                tell(Seen::Problem(problem));
            }
        };
        thread::Builder::new()
            .name("camera".into())
            .spawn(looking)
            .map(drop)
    }

    /// Releases the camera, within a moment.
    pub fn let_go(&self) {
        self.wanted.take();
    }
}

fn look_at(
    mut frames: impl Frames,
    patience: Duration,
    wanted: &Weak<()>,
    tell: &impl Fn(Seen),
) -> Result<(), CameraProblem> {
    let mut shown = Weak::new();
    let mut last = Instant::now();
    let mut other_code = false;
    while wanted.strong_count() > 0 {
        let began = Instant::now();
        let Some(frame) = frames.next(STEP)? else {
            if last.elapsed() > patience {
                return Err(CameraProblem::Silent);
            }
            continue;
        };
        last = Instant::now();
        if shown.strong_count() == 0 {
            let picture = Arc::new(mirrored(&frame));
            shown = Arc::downgrade(&picture);
            tell(Seen::Picture(picture));
        }
        // At half the size, noise that hides a code is gone.
        let (width, height) = frame.dimensions();
        let code = code_in(&frame).or_else(|| code_in(&thumbnail(&frame, width / 2, height / 2)));
        match code {
            Some(Code::Invitation(link)) => {
                tell(Seen::Invitation(link));
                return Ok(());
            }
            Some(Code::Other) if !other_code => {
                other_code = true;
                tell(Seen::OtherCode);
            }
            Some(Code::Other) | None => {}
        }
        thread::sleep(PERIOD.saturating_sub(began.elapsed()));
    }
    Ok(())
}

/// A mirrored frame, as large as the window shows it.
fn mirrored(frame: &GrayImage) -> GrayImage {
    let (width, height) = frame.dimensions();
    let shown = width.min(SHOWN_WIDTH);
    let high = (u64::from(height) * u64::from(shown)).div_ceil(u64::from(width.max(1)));
    flip_horizontal(&thumbnail(frame, shown, high as u32))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::mpsc::{self, Receiver, Sender};

    use image::imageops::{blur, overlay};
    use image::{GrayImage, Luma};

    use super::super::code::drawn;
    use super::*;

    const LINK: &str = "HEDGEROW:ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const SOON: Duration = Duration::from_secs(30);

    /// A camera that plays frames, and then sees a grey wall.
    struct Played {
        frames: VecDeque<Result<Option<GrayImage>, CameraProblem>>,
        events: Sender<&'static str>,
    }

    impl Frames for Played {
        fn next(&mut self, _: Duration) -> Result<Option<GrayImage>, CameraProblem> {
            let wall = || Ok(Some(GrayImage::from_pixel(640, 480, Luma([90]))));
            self.frames.pop_front().unwrap_or_else(wall)
        }
    }

    impl Drop for Played {
        fn drop(&mut self) {
            let _ = self.events.send("let go");
        }
    }

    type Frame = Result<Option<GrayImage>, CameraProblem>;

    /// Looks at these frames.
    fn look(camera: &Camera, frames: Vec<Frame>) -> (Receiver<Seen>, Receiver<&'static str>) {
        let ((tell, told), (events, happened)) = (mpsc::channel(), mpsc::channel());
        let open = move || {
            events.send("open").expect("the test lives");
            let frames = frames.into();
            Ok(Played { frames, events })
        };
        let tell = move |seen| drop(tell.send(seen));
        camera.look(open, tell).expect("a thread");
        (told, happened)
    }

    /// The reports other than pictures, until the camera is released.
    fn told(told: &Receiver<Seen>) -> Vec<Seen> {
        let is_picture = |seen: &Seen| matches!(seen, Seen::Picture(_));
        let all = std::iter::from_fn(|| match told.recv_timeout(SOON) {
            Ok(seen) => Some(seen),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("the camera is still had"),
        });
        all.filter(|seen| !is_picture(seen)).collect()
    }

    /// A room with a code in it, which is turned by these degrees, out of focus, dim and noisy.
    fn room(text: &str, degrees: f32, sigma: f32) -> GrayImage {
        let code = drawn(text, 6);
        let (width, height) = (640, 480);
        let mut flat = GrayImage::from_pixel(width, height, Luma([120]));
        let (x, y) = ((width - code.width()) / 2, (height - code.height()) / 2);
        overlay(&mut flat, &code, x.into(), y.into());
        let (sine, cosine) = degrees.to_radians().sin_cos();
        let (middle_x, middle_y) = (width as f32 / 2.0, height as f32 / 2.0);
        let turned = GrayImage::from_fn(width, height, |x, y| {
            let (dx, dy) = (x as f32 - middle_x, y as f32 - middle_y);
            let from_x = (cosine * dx + sine * dy + middle_x) as u32;
            let from_y = (cosine * dy - sine * dx + middle_y) as u32;
            let pixel = flat.get_pixel_checked(from_x, from_y);
            let noise = ((x * 7 + y * 13) % 11) as u8;
            Luma([pixel.map_or(120, |pixel| pixel.0[0]) / 2 + 40 + noise])
        });
        blur(&turned, sigma)
    }

    #[test]
    fn an_invitation_is_found_however_it_is_held() {
        for (degrees, sigma) in [(0.0, 0.5), (17.0, 1.0), (90.0, 1.5), (200.0, 1.0)] {
            let camera = Camera::default();
            let (seen, _happened) = look(&camera, vec![Ok(Some(room(LINK, degrees, sigma)))]);
            let found = Seen::Invitation(LINK.into());
            assert_eq!(told(&seen), [found], "{degrees} degrees, blurred {sigma}");
        }
    }

    #[test]
    fn a_code_that_is_no_invitation_is_told_once_and_looking_goes_on() {
        let camera = Camera::default();
        let other = || Ok(Some(room("https://example.org/menu", 5.0, 0.5)));
        let frames = vec![Ok(None), other(), other(), Ok(Some(room(LINK, 0.0, 0.5)))];
        let (seen, _happened) = look(&camera, frames);
        let expected = [Seen::OtherCode, Seen::Invitation(LINK.into())];
        assert_eq!(told(&seen), expected);
    }

    #[test]
    fn what_is_shown_is_a_mirror_and_whoever_is_slow_gets_no_old_pictures() {
        let camera = Camera::default();
        let mut left_white = GrayImage::new(960, 540);
        for (x, _, pixel) in left_white.enumerate_pixels_mut() {
            *pixel = Luma([if x < 480 { 250 } else { 10 }]);
        }
        let other = || Ok(Some(GrayImage::new(640, 480)));
        let invitation = Ok(Some(room(LINK, 0.0, 0.5)));
        let frames = vec![Ok(Some(left_white)), other(), other(), invitation];
        let (seen, _happened) = look(&camera, frames);
        let Ok(Seen::Picture(first)) = seen.recv_timeout(SOON) else {
            panic!("the first picture");
        };
        assert_eq!(first.dimensions(), (480, 270));
        let (left, right) = (first.get_pixel(5, 5).0, first.get_pixel(475, 5).0);
        assert_eq!((left, right), ([10], [250]));
        let rest: Vec<_> = std::iter::from_fn(|| seen.recv_timeout(SOON).ok()).collect();
        assert_eq!(rest, [Seen::Invitation(LINK.into())], "the first is held");
    }

    #[test]
    fn the_camera_is_let_go_of_before_the_next_one_has_it() {
        let camera = Camera::default();
        let (seen, happened) = look(&camera, Vec::new());
        assert!(matches!(seen.recv_timeout(SOON), Ok(Seen::Picture(_))));
        assert_eq!(happened.recv_timeout(SOON), Ok("open"));
        assert!(happened.try_recv().is_err(), "it is had");
        camera.let_go();
        assert_eq!(happened.recv_timeout(SOON), Ok("let go"));
        assert_eq!(told(&seen), []);

        let (first, first_happened) = look(&camera, Vec::new());
        assert!(matches!(first.recv_timeout(SOON), Ok(Seen::Picture(_))));
        let held = camera.turn.try_lock().is_err();
        assert!(held, "one at a time");
        let (second, _happened) = look(&camera, Vec::new());
        assert!(matches!(second.recv_timeout(SOON), Ok(Seen::Picture(_))));
        let events: Vec<_> = first_happened.try_iter().collect();
        assert_eq!(events, ["open", "let go"]);
    }

    #[test]
    fn a_camera_that_is_unplugged_or_cannot_be_had_says_why() {
        let camera = Camera::default();
        let frames = vec![Ok(None), Err(CameraProblem::Gone)];
        let (seen, _happened) = look(&camera, frames);
        assert_eq!(told(&seen), [Seen::Problem(CameraProblem::Gone)]);

        let (tell, seen) = mpsc::channel();
        let busy = || Err::<Played, _>(CameraProblem::Busy);
        let tell = move |seen| drop(tell.send(seen));
        camera.look(busy, tell).expect("a thread");
        assert_eq!(told(&seen), [Seen::Problem(CameraProblem::Busy)]);
    }

    #[test]
    fn a_camera_that_gives_nothing_is_given_up() {
        let (events, _happened) = mpsc::channel();
        let frames = vec![Ok(None); 1_000].into();
        let (patience, wanted) = (Duration::ZERO, Arc::new(()));
        let played = Played { frames, events };
        let ended = look_at(played, patience, &Arc::downgrade(&wanted), &|_| {});
        assert_eq!(ended, Err(CameraProblem::Silent));
    }
}
