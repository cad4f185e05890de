//! Cameras of Linux, over V4L2.

use std::io::{self, Cursor};
use std::path::PathBuf;
use std::time::Duration;

use image::{GrayImage, ImageFormat, ImageReader};
use linuxvideo::format::{FrameSizes, PixFormat, PixelFormat};
use linuxvideo::stream::ReadStream;
use linuxvideo::{BufType, CapabilityFlags, Device};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::camera::Frames;
use crate::model::CameraProblem;

/// The size that we ask for: a code in the hand has enough pixels, and a USB cable carries it uncompressed.
const WANTED: (u32, u32) = (1_280, 720);

/// The largest frame that we look at, in pixels each way.
const MAX_SIDE: u32 = 4_096;

/// Where a frame has the brightness of each pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// One byte a pixel, line by line. Colours, if any, follow after all of them.
    Plane,
    /// Every second byte, with colours between them.
    Pairs,
    /// A JPEG picture.
    Jpeg,
}

/// The formats that we read, the best first: an uncompressed frame is not damaged by compression.
const FORMATS: [([u8; 4], Layout); 8] = [
    (*b"YUYV", Layout::Pairs),
    (*b"YVYU", Layout::Pairs),
    (*b"NV12", Layout::Plane),
    (*b"NV21", Layout::Plane),
    (*b"YU12", Layout::Plane),
    (*b"GREY", Layout::Plane),
    (*b"MJPG", Layout::Jpeg),
    (*b"JPEG", Layout::Jpeg),
];

/// Whether there is a camera, or a device that may be one but does not let us ask.
pub fn is_there() -> bool {
    nodes().into_iter().any(|path| match Device::open(path) {
        Ok(device) => captures(&device),
        Err(fault) => matches!(
            problem_of(&fault),
            CameraProblem::Busy | CameraProblem::Forbidden
        ),
    })
}

/// The first camera that works.
///
/// # Errors
/// Why the first one does not.
pub fn open() -> Result<Video, CameraProblem> {
    let mut first = None;
    for path in nodes() {
        let opened = match Device::open(path) {
            Ok(device) if !captures(&device) => continue,
            Ok(device) => Video::of(device),
            Err(fault) => Err(problem_of(&fault)),
        };
        match opened {
            Ok(video) => return Ok(video),
            Err(problem) => _ = first.get_or_insert(problem),
        }
    }
    Err(first.unwrap_or(CameraProblem::Gone))
}

/// The devices that may be cameras, in the order of their numbers.
fn nodes() -> Vec<PathBuf> {
    let number = |name: &str| name.strip_prefix("video")?.parse::<u32>().ok();
    let mut nodes: Vec<_> = std::fs::read_dir("/dev")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((number(entry.file_name().to_str()?)?, entry.path())))
        .collect();
    nodes.sort();
    nodes.into_iter().map(|(_, path)| path).collect()
}

/// Whether a device is a camera. Encoders and parts of cameras have such nodes too.
fn captures(device: &Device) -> bool {
    let is = |capabilities: CapabilityFlags| {
        capabilities.contains(CapabilityFlags::VIDEO_CAPTURE | CapabilityFlags::STREAMING)
            && !capabilities.contains(CapabilityFlags::VIDEO_M2M)
    };
    let asked = device.capabilities();
    asked.is_ok_and(|answer| is(answer.device_capabilities()))
}

fn problem_of(fault: &io::Error) -> CameraProblem {
    match fault.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::BUSY) => CameraProblem::Busy,
        Some(Errno::ACCESS | Errno::PERM) => CameraProblem::Forbidden,
        Some(Errno::NODEV | Errno::NXIO | Errno::NOENT) => CameraProblem::Gone,
        Some(Errno::INVAL) => CameraProblem::Unsuitable,
        _ => CameraProblem::Silent,
    }
}

/// A camera that is on.
pub struct Video {
    stream: ReadStream,
    layout: Layout,
    width: u32,
    height: u32,
    /// Bytes from one line to the next.
    stride: usize,
}

impl Video {
    fn of(device: Device) -> Result<Self, CameraProblem> {
        let (format, (width, height)) = best(offers(&device)).ok_or(CameraProblem::Unsuitable)?;
        let wanted = PixFormat::new(width, height, PixelFormat::from_fourcc(format));
        let device = device.video_capture(wanted);
        let device = device.map_err(|fault| problem_of(&fault))?;
        let given = device.format();
        let layout = layout(given.pixel_format().as_fourcc()).ok_or(CameraProblem::Unsuitable)?;
        let (width, height) = (given.width(), given.height());
        let stride = given.bytes_per_line() as usize;
        if width == 0 || height == 0 || width.max(height) > MAX_SIDE {
            return Err(CameraProblem::Unsuitable);
        }
        let stream = device.into_stream();
        Ok(Self {
            stream: stream.map_err(|fault| problem_of(&fault))?,
            layout,
            width,
            height,
            stride,
        })
    }
}

impl Frames for Video {
    fn next(&mut self, within: Duration) -> Result<Option<GrayImage>, CameraProblem> {
        let within = Timespec {
            tv_sec: within.as_secs() as i64,
            tv_nsec: within.subsec_nanos().into(),
        };
        let mut wait = [PollFd::new(&self.stream, PollFlags::IN)];
        match poll(&mut wait, Some(&within)) {
            Ok(0) | Err(Errno::INTR) => return Ok(None),
            Ok(_) if wait[0].revents().contains(PollFlags::HUP) => return Err(CameraProblem::Gone),
            Ok(_) => {}
            Err(fault) => return Err(problem_of(&fault.into())),
        }
        let (layout, width, height, stride) = (self.layout, self.width, self.height, self.stride);
        let frame = self.stream.dequeue(|frame| {
            let whole = !frame.is_error();
            Ok(whole
                .then(|| grey(layout, width, height, stride, &frame))
                .flatten())
        });
        frame.map_err(|fault| problem_of(&fault))
    }
}

fn layout(format: [u8; 4]) -> Option<Layout> {
    let known = FORMATS.iter().find(|(known, _)| *known == format);
    known.map(|(_, layout)| *layout)
}

/// The formats and sizes that a camera offers.
fn offers(device: &Device) -> Vec<([u8; 4], (u32, u32))> {
    let formats = device.formats(BufType::VIDEO_CAPTURE).flatten();
    let known = formats.filter(|format| layout(format.pixel_format().as_fourcc()).is_some());
    let mut offers = Vec::new();
    for format in known {
        let format = format.pixel_format();
        let sizes = match device.frame_sizes(format) {
            Ok(FrameSizes::Discrete(sizes)) => sizes
                .iter()
                .map(|size| (size.width(), size.height()))
                .collect(),
            Ok(FrameSizes::Stepwise(range) | FrameSizes::Continuous(range)) => vec![(
                WANTED.0.min(range.max_width()).max(range.min_width()),
                WANTED.1.min(range.max_height()).max(range.min_height()),
            )],
            // A camera that does not list its sizes takes the nearest one.
            Err(_) => vec![WANTED],
        };
        let format = format.as_fourcc();
        offers.extend(sizes.into_iter().map(|size| (format, size)));
    }
    offers
}

/// The largest size that is not larger than wanted, or else the smallest; of that size, the best format.
fn best(offers: Vec<([u8; 4], (u32, u32))>) -> Option<([u8; 4], (u32, u32))> {
    let pixels = |(width, height): (u32, u32)| i64::from(width) * i64::from(height);
    offers.into_iter().max_by_key(|(format, size)| {
        let fits = size.0 <= WANTED.0 && size.1 <= WANTED.1;
        let place = FORMATS.iter().position(|(known, _)| known == format);
        let worth = if fits { pixels(*size) } else { -pixels(*size) };
        (worth, std::cmp::Reverse(place))
    })
}

/// The brightness of a frame; `None` if it is damaged.
fn grey(layout: Layout, width: u32, height: u32, stride: usize, data: &[u8]) -> Option<GrayImage> {
    let (step, columns) = match layout {
        Layout::Jpeg => return unpacked(data),
        Layout::Plane => (1, width as usize),
        Layout::Pairs => (2, width as usize),
    };
    let stride = stride.max(columns * step);
    let mut pixels = Vec::with_capacity(columns * height as usize);
    for line in 0..height as usize {
        let from = line * stride;
        let line = data.get(from..from + columns * step)?;
        pixels.extend(line.iter().step_by(step));
    }
    GrayImage::from_raw(width, height, pixels)
}

fn unpacked(data: &[u8]) -> Option<GrayImage> {
    let mut reader = ImageReader::with_format(Cursor::new(data), ImageFormat::Jpeg);
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    reader.limits(limits);
    Some(reader.decode().ok()?.into_luma8())
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::super::code::{Code, code_in, drawn};
    use super::*;

    #[test]
    fn brightness_is_read_out_of_each_layout_and_damaged_frames_are_none() {
        let link = "HEDGEROW:ABCDEFGHIJKLMNOP";
        let picture = drawn(link, 5);
        let (width, height) = picture.dimensions();
        let lines: Vec<_> = picture.chunks_exact(width as usize).collect();
        // Lines often have padding.
        let padding = [77; 6];
        let planes: Vec<u8> = lines
            .iter()
            .flat_map(|line| line.iter().chain(&padding).copied())
            .chain(vec![128; picture.len() / 2])
            .collect();
        let pairs: Vec<u8> = lines
            .iter()
            .flat_map(|line| line.iter().flat_map(|grey| [*grey, 128]).chain(padding))
            .collect();
        let mut packed = Cursor::new(Vec::new());
        let written = picture.write_to(&mut packed, ImageFormat::Jpeg);
        written.expect("it is written");
        let packed = packed.into_inner();
        let (plane, pair) = (width as usize + 6, 2 * width as usize + 6);
        for (layout, stride, data) in [
            (Layout::Plane, plane, &planes),
            (Layout::Pairs, pair, &pairs),
            (Layout::Jpeg, 0, &packed),
        ] {
            let frame = grey(layout, width, height, stride, data).expect("a frame");
            assert_eq!(frame.dimensions(), (width, height));
            assert_eq!(code_in(&frame), Some(Code::Invitation(link.into())));
            let start = &data[..40];
            assert_eq!(grey(layout, width, height, stride, start), None);
        }
        let exact = GrayImage::from_fn(4, 2, |x, y| Luma([(10 * y + x) as u8]));
        assert_eq!(grey(Layout::Plane, 4, 2, 0, exact.as_raw()), Some(exact));
    }

    #[test]
    fn the_largest_picture_that_is_not_too_large_is_chosen_and_unpacked_ones_are_better() {
        let (yuyv, mjpg, grey) = (*b"YUYV", *b"MJPG", *b"GREY");
        let full = (1_920, 1_080);
        let webcam = vec![
            (mjpg, full),
            (mjpg, WANTED),
            (yuyv, (640, 480)),
            (mjpg, (640, 480)),
        ];
        assert_eq!(best(webcam.clone()), Some((mjpg, WANTED)));
        let both = [webcam, vec![(yuyv, WANTED)]].concat();
        assert_eq!(best(both), Some((yuyv, WANTED)));
        assert_eq!(best(vec![(grey, full)]), Some((grey, full)));
        assert_eq!(best(Vec::new()), None);
    }
}
