//! What a node is to its callers.

use std::pin::Pin;

use async_trait::async_trait;
use futures_util::Stream;

use super::calls::calls;
use super::*;

/// What happens from the moment of asking on; it ends when the node does.
pub type Events = Pin<Box<dyn Stream<Item = Event> + Send>>;

/// The most messages of one page.
pub const MAX_PAGE: u32 = 500;

macro_rules! methods {
    (
        engine { $(
            $(#[doc = $about:literal])*
            $call:ident $(( $($place:ident: $place_type:ty),* ; $($(#[$attribute:meta])* $field:ident: $field_type:ty),* ))?
                -> $answer:ty = $method:ident, $verb:ident $path:literal $(, $note:ident)?;
        )* }
        host { $(
            $(#[doc = $host_about:literal])*
            $host_call:ident $(( $($host_place:ident: $host_place_type:ty),* ; $($host_field:ident: $host_field_type:ty),* ))?
                -> $host_answer:ty = $host_method:ident, $host_verb:ident $host_path:literal $(, $host_note:ident)?;
        )* }
    ) => {
        /// A node, in this process or in another one. The methods with a body of their own are the calls of the table
        /// by name, with their own types.
        ///
        /// While a node is locked it answers the calls that say so, and [`Api::events`]; all else is refused with
        /// [`Refusal::Locked`].
        #[async_trait]
        pub trait Api: Send + Sync {
            /// Makes a call of the engine.
            async fn call(&self, call: Call) -> Answer;

            /// Makes a call of its host.
            async fn host(&self, call: HostCall) -> Answer;

            /// Seals a file, which a new message then names. If the stream ends with a refusal nothing stays of it.
            async fn upload(&self, new: NewUpload, bytes: ByteStream) -> Result<Uploaded, Refusal>;

            /// The file of a message, in the clear.
            async fn download(
                &self,
                conversation: ConversationId,
                message: MessageId,
            ) -> Result<Download, Refusal>;

            /// One of the parcels that [`Api::carry_out`] began, from 1 on.
            async fn carry_part(&self, series: SeriesName, part: u32) -> Result<ByteStream, Refusal>;

            /// Takes in a parcel that a contact made.
            async fn carry_in(&self, parcel: ByteStream) -> Result<Imported, Refusal>;

            /// What happens from now on.
            async fn events(&self) -> Result<Events, Refusal>;

            $(
                $(#[doc = $about])*
                async fn $method(
                    &self $($(, $place: $place_type)* $(, $field: $field_type)*)?
                ) -> Result<$answer, Refusal> {
                    self.call(Call::$call $(( $($place,)* $($field),* ))?).await?.try_into()
                }
            )*

            $(
                $(#[doc = $host_about])*
                async fn $host_method(
                    &self $($(, $host_place: $host_place_type)* $(, $host_field: $host_field_type)*)?
                ) -> Result<$host_answer, Refusal> {
                    self.host(HostCall::$host_call $(( $($host_place,)* $($host_field),* ))?).await?.try_into()
                }
            )*
        }
    };
}
calls!(methods);
