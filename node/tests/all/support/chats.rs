//! Writing to contacts and reading what they wrote, in their direct chats.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hedgerow_node::api::*;

/// What an API can be asked of a conversation, asked of the direct chat with a contact.
pub trait Chats {
    async fn chat_with(&self, contact: ContactId) -> Result<Conversation, Refusal>;
    async fn send_to(&self, contact: ContactId, text: Private) -> Result<MessageId, Refusal>;
    async fn draft_to(&self, contact: ContactId, text: Private) -> Result<(), Refusal>;
    async fn mark_read_of(&self, contact: ContactId, upto: MessageId) -> Result<(), Refusal>;
    async fn page_with(
        &self,
        contact: ContactId,
        from: PageFrom,
        limit: u32,
    ) -> Result<Page, Refusal>;
    async fn message_with(&self, contact: ContactId, id: MessageId) -> Result<Message, Refusal>;
    /// The only parcel for a contact.
    async fn parcel_for(&self, contact: ContactId) -> Result<Vec<u8>, Refusal>;
    async fn take_parcel(&self, parcel: Vec<u8>) -> Result<Imported, Refusal>;
}

impl<A: Api + ?Sized> Chats for A {
    async fn chat_with(&self, contact: ContactId) -> Result<Conversation, Refusal> {
        let chat = self.contact(contact).await?.conversation;
        self.conversation(chat).await
    }

    async fn send_to(&self, contact: ContactId, text: Private) -> Result<MessageId, Refusal> {
        let chat = self.contact(contact).await?.conversation;
        self.send(chat, NewMessage::text(text.0)).await
    }

    async fn draft_to(&self, contact: ContactId, text: Private) -> Result<(), Refusal> {
        let chat = self.contact(contact).await?.conversation;
        self.set_draft(chat, Draft::text(text.0)).await
    }

    async fn mark_read_of(&self, contact: ContactId, upto: MessageId) -> Result<(), Refusal> {
        let chat = self.contact(contact).await?.conversation;
        self.mark_read(chat, upto).await
    }

    async fn page_with(
        &self,
        contact: ContactId,
        from: PageFrom,
        limit: u32,
    ) -> Result<Page, Refusal> {
        let chat = self.contact(contact).await?.conversation;
        self.page(chat, from, limit).await
    }

    async fn message_with(&self, contact: ContactId, id: MessageId) -> Result<Message, Refusal> {
        let chat = self.contact(contact).await?.conversation;
        self.message(chat, id).await
    }

    async fn parcel_for(&self, contact: ContactId) -> Result<Vec<u8>, Refusal> {
        let parcels = self.carry_out(contact, None).await?;
        assert_eq!(parcels.parts, 1);
        let mut parcel = self.carry_part(parcels.series, 1).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = parcel.next().await {
            bytes.extend_from_slice(&piece?);
        }
        Ok(bytes)
    }

    async fn take_parcel(&self, parcel: Vec<u8>) -> Result<Imported, Refusal> {
        let pieces: Vec<_> = parcel
            .chunks(10_000)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        self.carry_in(Box::pin(stream::iter(pieces))).await
    }
}
