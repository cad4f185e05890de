//! The objects on the bus.

use std::collections::BTreeMap;
use std::sync::Arc;

use zbus::message::Header;
use zbus::zvariant::{OwnedFd, OwnedObjectPath, OwnedValue, Value};
use zbus::{DBusError, interface};

use super::{Air, Dictionary, Index, MTU, Question, SERVICE, address};

/// Errors with the names that BlueZ uses.
#[derive(Debug, DBusError)]
#[zbus(prefix = "org.bluez.Error")]
pub enum Error {
    #[zbus(error)]
    Bus(zbus::Error),
    Failed(String),
    NotPermitted(String),
    NotReady(String),
}

type Options = BTreeMap<String, OwnedValue>;

fn sender(header: &Header<'_>) -> String {
    header.sender().map(ToString::to_string).unwrap_or_default()
}

pub struct Adapter {
    pub air: Arc<Air>,
    pub index: Index,
}

#[interface(name = "org.bluez.Adapter1")]
impl Adapter {
    fn set_discovery_filter(&self, _filter: Options) {}

    async fn start_discovery(&self, #[zbus(header)] header: Header<'_>) -> Result<(), Error> {
        {
            let mut world = self.air.world();
            if !world.adapters[self.index].powered {
                return Err(Error::NotReady(String::new()));
            }
            // A new discovery hears every advertisement anew.
            world
                .heard
                .retain(|(listener, _), _| *listener != self.index);
            let listening = &mut world.adapters[self.index].listening;
            listening.insert(sender(&header));
        }
        let air = self.air.clone();
        tokio::spawn(async move { air.handle().await });
        Ok(())
    }

    fn stop_discovery(&self, #[zbus(header)] header: Header<'_>) {
        let mut world = self.air.world();
        world.adapters[self.index]
            .listening
            .remove(&sender(&header));
    }

    #[zbus(property)]
    fn powered(&self) -> bool {
        self.air.world().adapters[self.index].powered
    }

    #[zbus(property)]
    fn address(&self) -> String {
        address(self.index)
    }

    #[zbus(property)]
    fn alias(&self) -> String {
        self.air.world().adapters[self.index].alias.clone()
    }

    #[zbus(property)]
    fn address_type(&self) -> &str {
        "public"
    }
}

pub struct Advertising {
    pub air: Arc<Air>,
    pub index: Index,
}

#[interface(name = "org.bluez.LEAdvertisingManager1")]
impl Advertising {
    async fn register_advertisement(
        &self,
        advertisement: OwnedObjectPath,
        _options: Options,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Error> {
        let owner = sender(&header);
        let data = self.air.read_advertisement(&owner, &advertisement).await;
        let data = data.ok_or_else(|| Error::Failed("no service data".into()))?;
        // The space in 31 bytes after the flags.
        if data.len() > 10 {
            return Err(Error::Failed("too long".into()));
        }
        let key = format!("{owner} {advertisement:?}");
        {
            let mut world = self.air.world();
            if world.refuses.contains(&self.index) {
                return Err(Error::NotPermitted(String::new()));
            }
            let state = &mut world.adapters[self.index];
            state.announced.push((key, data));
        }
        self.air.handle().await;
        Ok(())
    }

    fn unregister_advertisement(
        &self,
        advertisement: OwnedObjectPath,
        #[zbus(header)] header: Header<'_>,
    ) {
        let key = format!("{} {advertisement:?}", sender(&header));
        let mut world = self.air.world();
        let announced = &mut world.adapters[self.index].announced;
        announced.retain(|(of, _)| *of != key);
    }

    #[zbus(property)]
    fn active_instances(&self) -> u8 {
        self.air.world().adapters[self.index].announced.len() as u8
    }
}

pub struct Gatt {
    pub air: Arc<Air>,
    pub index: Index,
}

#[interface(name = "org.bluez.GattManager1")]
impl Gatt {
    async fn register_application(
        &self,
        application: OwnedObjectPath,
        _options: Options,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Error> {
        if self.air.world().refuses.contains(&self.index) {
            return Err(Error::NotPermitted(String::new()));
        }
        let read = self
            .air
            .read_application(sender(&header), application)
            .await;
        let read = read.ok_or_else(|| Error::Failed("no service".into()))?;
        self.air.world().adapters[self.index].application = Some(read);
        Ok(())
    }

    fn unregister_application(
        &self,
        _application: OwnedObjectPath,
        #[zbus(header)] header: Header<'_>,
    ) {
        let mut world = self.air.world();
        let application = &mut world.adapters[self.index].application;
        application.take_if(|application| application.owner == sender(&header));
    }
}

pub struct Device {
    pub air: Arc<Air>,
    pub owner: Index,
    pub peer: Index,
}

#[interface(name = "org.bluez.Device1")]
impl Device {
    async fn connect(&self) -> Result<(), Error> {
        let (owner, peer) = (self.owner, self.peer);
        let is_answered = self.air.answered(owner, peer, Question::Connect).await;
        match is_answered && self.air.connect(owner, peer).await {
            true => Ok(()),
            false => Err(Error::Failed("le-connection-abort-by-local".into())),
        }
    }

    async fn disconnect(&self) {
        self.air.disconnect(self.owner, self.peer).await;
    }

    #[zbus(property)]
    fn address(&self) -> String {
        address(self.peer)
    }

    #[zbus(property)]
    fn address_type(&self) -> &str {
        "public"
    }

    #[zbus(property)]
    fn connected(&self) -> bool {
        self.air.are_connected(self.owner, self.peer)
    }

    #[zbus(property)]
    fn services_resolved(&self) -> bool {
        self.air.are_resolved(self.owner, self.peer)
    }

    #[zbus(property)]
    fn paired(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn service_data(&self) -> Dictionary<String, OwnedValue> {
        let world = self.air.world();
        let heard = world.heard.get(&(self.owner, self.peer)).cloned();
        let data = heard.map(|data| {
            let data = OwnedValue::try_from(Value::from(data)).expect("bytes");
            (SERVICE.to_owned(), data)
        });
        data.into_iter().collect()
    }
}

pub struct Service {
    pub uuid: String,
}

#[interface(name = "org.bluez.GattService1")]
impl Service {
    #[zbus(property, name = "UUID")]
    fn uuid(&self) -> String {
        self.uuid.clone()
    }
}

/// A characteristic of a peripheral, as a central sees it.
#[derive(Clone)]
pub struct Characteristic {
    pub air: Arc<Air>,
    pub central: Index,
    pub peripheral: Index,
    /// The D-Bus client that serves it, and its path there.
    pub owner: String,
    pub at: OwnedObjectPath,
    pub uuid: String,
}

impl Characteristic {
    /// The peripheral has executed the request even if its answer is lost.
    async fn answered(&self, question: Question) -> Result<(), Error> {
        let air = &self.air;
        match air.answered(self.central, self.peripheral, question).await {
            true => Ok(()),
            false => Err(Error::Failed("not connected".into())),
        }
    }
}

#[interface(name = "org.bluez.GattCharacteristic1")]
impl Characteristic {
    async fn read_value(&self, _options: Options) -> Result<Vec<u8>, Error> {
        let value = self.air.ask(self, "ReadValue").await;
        self.answered(Question::Read).await?;
        value.ok_or_else(|| Error::Failed("no value".into()))
    }

    async fn acquire_write(&self, _options: Options) -> Result<(OwnedFd, u16), Error> {
        Ok((self.air.writer(self.clone()).into(), MTU))
    }

    async fn acquire_notify(&self, _options: Options) -> Result<(OwnedFd, u16), Error> {
        let fd = self.air.subscribe(self).await;
        self.answered(Question::Subscribe).await?;
        let fd = fd.ok_or_else(|| Error::Failed("no notifications".into()))?;
        Ok((fd.into(), MTU))
    }

    #[zbus(property, name = "UUID")]
    fn uuid(&self) -> String {
        self.uuid.clone()
    }
}
