//! The program with the window decodes pictures in processes of its own too.
#![cfg(target_os = "linux")]

use std::io::Cursor;
use std::pin::Pin;

use hedgerow_gui::node::viewing;
use hedgerow_node::api::*;
use hedgerow_node::pictures::{Decoder, Limits, Sandbox};
use image::{ImageFormat, RgbImage};

type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A node whose messages all have these bytes for a small picture.
struct Sends(Vec<u8>);

impl Api for Sends {
    fn call<'a, 'l>(&'a self, _: Call) -> Later<'l, Answer>
    where
        'a: 'l,
    {
        Box::pin(async { Err(Refusal::Bug) })
    }
    fn host<'a, 'l>(&'a self, call: HostCall) -> Later<'l, Answer>
    where
        'a: 'l,
    {
        assert!(matches!(call, HostCall::Preview(..)));
        Box::pin(async { Ok(Reply::Bytes(self.0.clone())) })
    }
    fn upload<'a, 'l>(&'a self, _: NewUpload, _: ByteStream) -> Later<'l, Result<Uploaded, Refusal>>
    where
        'a: 'l,
    {
        Box::pin(async { Err(Refusal::Bug) })
    }
    fn download<'a, 'l>(
        &'a self,
        _: ConversationId,
        _: MessageId,
    ) -> Later<'l, Result<Download, Refusal>>
    where
        'a: 'l,
    {
        Box::pin(async { Err(Refusal::Bug) })
    }
    fn carry_part<'a, 'l>(&'a self, _: SeriesName, _: u32) -> Later<'l, Result<ByteStream, Refusal>>
    where
        'a: 'l,
    {
        Box::pin(async { Err(Refusal::Bug) })
    }
    fn carry_in<'a, 'l>(&'a self, _: ByteStream) -> Later<'l, Result<Imported, Refusal>>
    where
        'a: 'l,
    {
        Box::pin(async { Err(Refusal::Bug) })
    }
    fn events<'a, 'l>(&'a self) -> Later<'l, Result<Events, Refusal>>
    where
        'a: 'l,
    {
        Box::pin(async { Err(Refusal::Bug) })
    }
}

fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let picture = RgbImage::new(width, height);
    picture.write_to(&mut file, format).expect("it is encoded");
    file.into_inner()
}

/// How large the small picture of a message is shown; `None`: not at all.
async fn shown(preview: Vec<u8>) -> Option<(u32, u32)> {
    let decoder = Decoder::at(env!("CARGO_BIN_EXE_hedgerow-gui"));
    let (of, which) = (ConversationId("ac".repeat(16)), MessageId("bb-01-1".into()));
    let picture = viewing::preview(&Sends(preview), &decoder, of, which).await?;
    let pixels = picture.pixels();
    Some((pixels.width, pixels.height))
}

/// A small picture that is none, that is cut, or that unfolds to more than its limits allow, is not shown, and nothing
/// here crashes.
#[tokio::test]
async fn a_hostile_small_picture_is_not_shown() {
    let whole = encoded(120, 80, ImageFormat::Jpeg);
    assert_eq!(shown(whole.clone()).await, Some((120, 80)));
    let bomb = encoded(1_400, 1_000, ImageFormat::Png);
    for hostile in [
        Vec::new(),
        b"no picture at all".to_vec(),
        whole[..whole.len() / 3].to_vec(),
        bomb,
        vec![0xff; 1 << 20],
    ] {
        assert_eq!(shown(hostile).await, None);
    }
}

#[test]
fn the_window_decodes_pictures_in_a_sandbox() {
    let decoder = Decoder::at(env!("CARGO_BIN_EXE_hedgerow-gui"));
    let all = Sandbox {
        process: true,
        limits: true,
        files: true,
        network: true,
    };
    assert_eq!(decoder.sandbox(), all);
    let mut file = Cursor::new(Vec::new());
    let picture = RgbImage::new(30, 20);
    picture.write_to(&mut file, ImageFormat::Jpeg).unwrap();
    let look = decoder.look(&file.get_ref()[..], Limits::PICTURE).unwrap();
    assert_eq!((look.width, look.height), (30, 20));
}
